/* Is anything ever lost? Runs of a dispatch, ended at random moments, some by a crash: at the end
 * each event that was stored was delivered or is a dead letter, and each interaction's events came
 * in their order.
 *
 * Each run is a process of its own, which writes one line for each thing that happened; a crash is
 * its sudden end in the midst of a delivery.
 */
#include "tests/unit/ingest_world_look.h"

#include "ingest/envelope.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { SEEDS = 12, RUNS = 5, EVENTS = 60, INTERACTIONS = 7, LANES = 3, EVENTS_MOST = 1000 };

/* What one run does. */
struct plan {
    uint64_t seed;
    int run;
    int crash_after; /* calls of the sink; 0: it ends in peace */
    int log;         /* file descriptor */
};
static struct plan plan;

static unsigned draw(unsigned below)
{
    plan.seed = plan.seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(plan.seed >> 33) % below;
}

static void note(char what, const char *subscription, int interaction, int n)
{
    char line[64];
    int length =
        snprintf(line, sizeof(line), "%c %c %d %d\n", what, subscription[4], interaction, n);

    if (write(plan.log, line, (size_t)length) != length)
        _exit(3);
}

static struct outcome random_outcome(struct world *at, const struct world_try *attempt)
{
    unsigned chance = draw(100);

    if (plan.crash_after && at->logged >= (size_t)plan.crash_after)
        _exit(0);
    if (chance < 25) {
        if (attempt->attempts == (int)world.sinks[0].retry_count)
            note('G', attempt->subscription, atoi(attempt->interaction + 2), attempt->n);
        return world_failed();
    }
    if (chance < 28)
        return (struct outcome){.result = OUTCOME_LATER, .wait_ms = 1};
    note('D', attempt->subscription, atoi(attempt->interaction + 2), attempt->n);
    return (struct outcome){.result = OUTCOME_DELIVERED};
}

static void store_some(void)
{
    char subscription[8];

    for (int i = 0; i < EVENTS; i++) {
        int n = plan.run * EVENTS + i + 1;
        int interaction = (int)draw(INTERACTIONS);

        snprintf(subscription, sizeof(subscription), "sub-%u", draw(LANES));
        world_store(subscription, interaction, n);
        note('S', subscription, interaction, n);
        if (draw(20) == 0)
            world_store(subscription, interaction, n); /* sent again */
    }
}

/* In a process of its own; does not come back. */
static void run_plan(bool last)
{
    static const struct config_subscription known = {.id = "sub-1", .name = ""};
    struct error error = ERROR_INIT;

    world.batch_most = draw(2) ? 8 : 1;
    world.decide = random_outcome;
    world_start();
    assert_true(dispatch_subscriptions(world.dispatch, &known, 1, &error));
    if (draw(3) == 0)
        assert_true(dispatch_pause(world.dispatch, "sub-1", draw(2) && !last, &error));
    if (!last)
        store_some();
    if (last) {
        assert_true(dispatch_pause(world.dispatch, "sub-1", false, &error));
        world_settle(0);
    } else if (plan.crash_after) {
        world_wait(&world.logged, (size_t)plan.crash_after);
    } else {
        world_wait(&world.logged, draw(EVENTS / 2));
    }
    world_close();
    _exit(0);
}

static void run_once(uint64_t seed, int run)
{
    bool last = run == RUNS;
    int status = -1;
    pid_t child;

    plan.seed = seed * 1000 + (uint64_t)run + 1;
    plan.run = run;
    plan.crash_after = !last && draw(2) ? 1 + (int)draw(EVENTS / 2) : 0;
    child = fork();
    if (child == 0)
        run_plan(last);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* -- the account --------------------------------------------------------------------------------
 */

struct account {
    bool stored[EVENTS_MOST], delivered[EVENTS_MOST], dead[EVENTS_MOST];
    /* A crash right after may bring it back, behind those that went on without it. */
    bool given_up[EVENTS_MOST];
    int last[LANES][INTERACTIONS];
};

static void account_read(struct account *account, const char *path)
{
    FILE *file = fopen(path, "r");
    char what, lane;
    int interaction, n;

    assert_non_null(file);
    while (fscanf(file, "%c %c %d %d\n", &what, &lane, &interaction, &n) == 4) {
        int *last = &account->last[lane - '0'][interaction];

        assert_true(n > 0 && n < EVENTS_MOST);
        if (what == 'S')
            account->stored[n] = true;
        if (what == 'G')
            account->given_up[n] = true;
        if (what == 'D' && !account->delivered[n]) {
            if (n <= *last && !account->given_up[n])
                fail_msg("lane %c, interaction %d: %d came after %d", lane, interaction, n, *last);
            *last = n > *last ? n : *last;
            account->delivered[n] = true;
        }
    }
    fclose(file);
}

static void each_letter(void *context, const struct dead_letter *letter)
{
    struct account *account = context;
    const char *n = strstr(letter->body, "\"n\":");

    assert_non_null(n);
    account->dead[atoi(n + 4)] = true;
}

static void account_letters(struct account *account)
{
    const struct dead_filter filter = {DEAD_FILTER_ANY};
    struct error error = ERROR_INIT;

    world_open();
    assert_int_equal(world_view().depth, 0);
    assert_true(
        ledger_dead_list(world.ledger, &filter, EVENTS_MOST, true, each_letter, account, &error));
    world_close();
}

static void test_nothing_is_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        static struct account account;
        char path[128];

        assert_int_equal(setup(NULL), 0);
        memset(&account, 0, sizeof(account));
        snprintf(path, sizeof(path), "%s/happened", world.folder);
        plan.log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        assert_true(plan.log >= 0);
        for (int run = 0; run <= RUNS; run++)
            run_once(seed, run);
        account_read(&account, path);
        account_letters(&account);
        for (int n = 0; n < EVENTS_MOST; n++)
            if (account.stored[n] && !account.delivered[n] && !account.dead[n])
                fail_msg("seed %d: %d was lost", (int)seed, n);
        close(plan.log);
        assert_int_equal(teardown(NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_lost)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
