/* The dispatch: order, retries, dead letters, duplicates, pausing, replays, restarts. */
#include "tests/unit/ingest_world_look.h"

#include "ingest/dispatch_state.h"

/* -- what a sink says ---------------------------------------------------------------------------
 */

/* Every event fails the first two times. */
static struct outcome twice(struct world *at, const struct world_try *attempt)
{
    (void)at;
    if (attempt->attempts < 2)
        return world_failed();
    return (struct outcome){.result = OUTCOME_DELIVERED};
}

/* The event with `number` never succeeds but as a replay. */
static struct outcome poisoned(struct world *at, const struct world_try *attempt)
{
    if (attempt->n == at->number && !attempt->dead_id)
        return world_failed();
    return (struct outcome){.result = OUTCOME_DELIVERED};
}

static struct outcome always(struct world *at, const struct world_try *attempt)
{
    (void)at;
    (void)attempt;
    return world_failed();
}

/* The first `number` calls fail. */
static struct outcome first(struct world *at, const struct world_try *attempt)
{
    (void)attempt;
    if (at->number-- > 0)
        return world_failed();
    return (struct outcome){.result = OUTCOME_DELIVERED};
}

/* The first `number` calls are told to wait. */
static struct outcome later(struct world *at, const struct world_try *attempt)
{
    (void)attempt;
    if (at->number-- > 0)
        return (struct outcome){.result = OUTCOME_LATER, .wait_ms = 5};
    return (struct outcome){.result = OUTCOME_DELIVERED};
}

static void assert_order(void)
{
    int last[64] = {0};

    for (size_t i = 0; i < world.logged; i++) {
        const struct world_try *attempt = &world.log[i];
        int chain = atoi(attempt->interaction + 2);

        if (attempt->result != OUTCOME_DELIVERED)
            continue;
        assert_true(attempt->n > last[chain]);
        last[chain] = attempt->n;
    }
}

/* -- order and failures -------------------------------------------------------------------------
 */

static void test_delivers_in_order(void **state)
{
    (void)state;
    world_start();
    world_decide(twice);
    for (int n = 1; n <= 300; n++)
        world_store("sub-1", n % 17, n);
    world_wait(&world.delivered, 300);
    world_settle(0);
    assert_order();
    assert_int_equal(world.logged, 900);
    assert_int_equal(world_lane("sub-1").retried, 600);
    assert_int_equal(world_lane("sub-1").delivered, 300);
    assert_int_equal(world_lane("sub-1").parked, 0);
    assert_int_equal(world_view().dedupe_keys, 300);
}

static void test_poisoned_interaction_stops_nobody(void **state)
{
    (void)state;
    world.sinks[0].retries_ms[0] = 600000;
    world_start();
    world.number = 1;
    world_decide(poisoned);
    world_store("sub-1", 1, 1);
    for (int n = 2; n <= 101; n++)
        world_store("sub-1", n % 10 + 2, n);
    world_store("sub-1", 1, 102);
    world_wait(&world.delivered, 100);
    world_park(2);
    world_settle(2);
    assert_int_equal(world_times(102), 0);
}

static void test_three_retries_then_dead_letter(void **state)
{
    (void)state;
    world_start();
    world.number = 1;
    world_decide(poisoned);
    world_store("sub-1", 1, 1);
    world_store("sub-1", 1, 2);
    world_wait(&world.delivered, 1);
    world_settle(0);
    assert_int_equal(world.logged, 5);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world.log[i].n, 1);
        assert_int_equal(world.log[i].attempts, i);
    }
    assert_int_equal(world.log[4].n, 2);
    assert_int_equal(world_dead(), 1);
    assert_int_equal(world_lane("sub-1").dead_lettered, 1);
    assert_int_equal(world_lane("sub-1").retried, 3);
}

static void test_batches_keep_order(void **state)
{
    (void)state;
    world.batch_most = 32;
    world_start();
    world_hold(true);
    world_decide(twice);
    for (int n = 1; n <= 400; n++)
        world_store("sub-1", n % 5, n);
    world_hold(false);
    world_wait(&world.delivered, 400);
    world_settle(0);
    assert_order();
    assert_int_equal(world.inside_most, 1);
}

static void test_concurrency(void **state)
{
    (void)state;
    world.sinks[0].concurrency = 3;
    world.config.workers.least = 8;
    world.config.workers.most = 8;
    world_start();
    world_hold(true);
    for (int n = 1; n <= 50; n++)
        world_store("sub-1", n, n);
    world_wait_inside(3);
    world_hold(false);
    world_settle(0);
    assert_int_equal(world.inside_most, 3);
}

static void test_workers_follow_depth(void **state)
{
    (void)state;
    world.config.workers.least = 1;
    world.config.workers.events_per_worker = 5;
    world_start();
    assert_int_equal(world_view().workers, 1);
    world_hold(true);
    for (int n = 1; n <= 50; n++)
        world_store("sub-1", n, n);
    world_wait_inside(4);
    assert_int_equal(world_view().workers, 4);
    assert_int_equal(world_view().workers_busy, 4);
    assert_int_equal(world_view().workers_wanted, 4);
    world_hold(false);
    world_settle(0);
}

/* By depth there is one worker; while its call hangs, others take what waits. */
static void test_few_wait_for_no_call_that_hangs(void **state)
{
    (void)state;
    world.config.workers.least = 1;
    world.config.workers.events_per_worker = 50;
    world_start();
    world_hold(true);
    for (int n = 1; n <= 2; n++)
        world_store("sub-1", n, n);
    world_wait_inside(2);
    assert_int_equal(world_view().workers_wanted, 1);
    world_hold(false);
    world_settle(0);
}

/* When the first of those that wait is due. */
static int64_t next_due_ms(void)
{
    int64_t due_ms;

    pthread_mutex_lock(&world.dispatch->lock);
    due_ms = flow_due_ms(world.dispatch);
    pthread_mutex_unlock(&world.dispatch->lock);
    return due_ms;
}

/* It waits, for longer than a sink's gaps say: there is no room before somebody makes some. */
static void test_full_dead_letters_keep_the_event(void **state)
{
    int64_t before_ms = clock_monotonic_ms();

    (void)state;
    world.dead_letter_bytes = 1;
    world.sinks[0].retries_ms[2] = 3;
    world_start();
    world_decide(always);
    world_store("sub-1", 1, 1);
    world_wait(&world.logged, 4);
    while (world_view().parked != 1 || world_lane("sub-1").retried != 4)
        poll(NULL, 0, 1);
    assert_true(next_due_ms() >= before_ms + 5000);
    assert_int_equal(world_dead(), 0);
    assert_int_equal(world_lane("sub-1").depth, 1);
    world_decide(NULL);
    world_settle(0);
    assert_int_equal(world_times(1), 1);
}

/* -- the window ---------------------------------------------------------------------------------
 */

static void test_duplicates(void **state)
{
    (void)state;
    world_start();
    for (int i = 0; i < 5; i++)
        world_store("sub-1", 1, 1);
    world_store("sub-2", 1, 1);
    world_settle(0);
    assert_int_equal(world.logged, 2); /* once for each subscription */
    assert_int_equal(world_lane("sub-1").duplicates, 4);
    world_close();
    world_start();
    world_store("sub-1", 1, 1);
    world_settle(0);
    assert_int_equal(world.logged, 2);
    assert_int_equal(world_lane("sub-1").duplicates, 1);
}

static void test_duplicates_of_one_batch(void **state)
{
    (void)state;
    world.batch_most = 32;
    world_start();
    world_hold(true);
    world_store("sub-1", 9, 99);
    world_wait_inside(1);
    for (int i = 0; i < 20; i++)
        world_store("sub-1", 1, 1 + i / 10);
    world_hold(false);
    world_settle(0);
    assert_int_equal(world_times(1), 1);
    assert_int_equal(world_times(2), 1);
}

static void test_key_counts_after_success(void **state)
{
    (void)state;
    world_start();
    world.number = 1;
    world_decide(poisoned);
    world_store("sub-1", 1, 1);
    world_wait(&world.logged, 4);
    world_settle(0);
    world_decide(NULL);
    world_store("sub-1", 1, 1);
    world_settle(0);
    assert_int_equal(world_times(1), 1);
    assert_int_equal(world_lane("sub-1").duplicates, 0);
}

/* -- pausing, and lanes that are behind ---------------------------------------------------------
 */

static void test_pause(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    world_start();
    assert_false(dispatch_pause(world.dispatch, "sub-1", true, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    world_store("sub-1", 1, 1000);
    world_settle(0);
    assert_true(dispatch_pause(world.dispatch, "sub-1", true, &error));
    for (int n = 1; n <= 20; n++) {
        world_store("sub-1", 1, n);
        world_store("sub-2", 1, 100 + n);
    }
    world_wait(&world.delivered, 20);
    world_settle(20);
    assert_true(world_lane("sub-1").paused);
    assert_int_equal(world_lane("sub-1").depth, 20);
    assert_true(world_lane("sub-1").oldest_us > 0);
    world_close();
    world_start();
    assert_int_equal(world_lane("sub-1").depth, 20);
    assert_int_equal(world_lane("sub-2").depth, 0);
    assert_true(dispatch_pause(world.dispatch, "sub-1", false, &error));
    world_settle(0);
    assert_int_equal(world.delivered, 41);
    for (int n = 1; n <= 20; n++)
        assert_int_equal(world_times(n), 1);
}

static void test_full_lane_catches_up(void **state)
{
    char *body = malloc(4096);
    int n = 0;

    (void)state;
    world.batch_most = 64;
    assert_non_null(body);
    world_start();
    world_hold(true);
    for (int batch = 0; batch < DISPATCH_LANE_MOST / 10 + 100; batch++) {
        size_t length = 1;

        body[0] = '[';
        for (int i = 0; i < 10; i++) {
            n++;
            world_event(body + length, 4096 - length, n % 40, n, "");
            length += strlen(body + length);
            body[length++] = i == 9 ? ']' : ',';
        }
        body[length] = '\0';
        world_store_body("sub-1", body, 10);
    }
    free(body);
    world_store("sub-2", 1, ++n); /* of the same sink, which is busy */
    world_wait_inside(1);
    assert_int_equal(world_view().depth, n);
    world_hold(false);
    world_settle(0);
    assert_int_equal(world.delivered, n);
}

static void test_behind_lane_holds_nobody_up(void **state)
{
    const struct config_subscription subscriptions[] = {
        {.id = "sub-2", .name = "Second", .sink = "staging"}, {.id = "sub-1"}};
    struct error error = ERROR_INIT;
    int most = DISPATCH_LANE_MOST + 200;

    (void)state;
    world_start();
    assert_true(dispatch_subscriptions(world.dispatch, subscriptions, 2, &error));
    assert_true(dispatch_pause(world.dispatch, "sub-1", true, &error));
    for (int n = 1; n <= most; n++)
        if (n % 50 == 0)
            world_store("sub-2", n % 10, n);
        else
            world_store("sub-1", n % 10, n);
    world_wait(&world.delivered, (size_t)most / 50);
    assert_string_equal(world_lane("sub-2").sink, "staging");
    assert_true(dispatch_pause(world.dispatch, "sub-1", false, &error));
    world_settle(0);
    assert_int_equal(world.delivered, most);
}

/* -- replays ------------------------------------------------------------------------------------
 */

static void replay_all(void)
{
    const struct dead_filter filter = {
        .state = DEAD_WAITING, .came_back = -1, DEAD_FILTER_ANY_TIME};
    struct error error = ERROR_INIT;
    int64_t count = 0;

    assert_true(ledger_dead_replay(world.ledger, &filter, 0, clock_unix_us(), &count, &error));
    assert_int_equal(count, 1);
    dispatch_wake(world.dispatch);
}

static void test_replay(void **state)
{
    (void)state;
    world_start();
    world.number = 1;
    world_decide(poisoned);
    world_store("sub-1", 1, 1);
    world_settle(0);
    assert_int_equal(world_dead(), 1);
    world_store("sub-1", 1, 2);
    world_settle(0);
    replay_all();
    world_wait(&world.delivered, 2);
    world_settle(0);
    assert_int_equal(world_times(1), 1);
    assert_int_equal(world_lane("sub-1").replayed, 1);
    assert_int_equal(world_dead(), 0);
}

static void test_replay_goes_first(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    world_start();
    world.number = 1;
    world_decide(poisoned);
    world_store("sub-1", 1, 1);
    world_settle(0);
    world_hold(true);
    for (int n = 2; n <= 6; n++)
        world_store("sub-1", 1, n);
    world_wait_inside(1); /* 2 is under way */
    replay_all();
    while (world_view().depth != 6)
        poll(NULL, 0, 1);
    world_hold(false);
    world_settle(0);
    assert_int_equal(world.log[4].n, 2);
    assert_int_equal(world.log[5].n, 1);
    assert_int_equal(world.log[6].n, 3);
    assert_true(ledger_flush(world.ledger, false, &error));
}

static void each_letter(void *context, const struct dead_letter *letter)
{
    *(struct dead_letter *)context = (struct dead_letter){.id = letter->id,
                                                          .replays = letter->replays,
                                                          .attempts = letter->attempts,
                                                          .state = letter->state,
                                                          .body_bytes = letter->body_bytes};
}

static void test_replay_comes_back(void **state)
{
    const struct dead_filter filter = {DEAD_FILTER_ANY};
    struct dead_letter letter = {.id = 0};
    struct error error = ERROR_INIT;

    (void)state;
    world_start();
    world_decide(always);
    world_store("sub-1", 1, 1);
    world_settle(0);
    replay_all();
    world_wait(&world.logged, 8);
    world_settle(0);
    assert_true(ledger_dead_list(world.ledger, &filter, 10, true, each_letter, &letter, &error));
    assert_int_equal(letter.replays, 1);
    assert_int_equal(letter.attempts, 4);
    assert_int_equal(letter.state, DEAD_WAITING);
    assert_true(letter.body_bytes > 0);
    assert_int_equal(world.log[7].replays, 0);
    assert_true(world.log[7].dead_id != 0);
    replay_all();
    world_wait(&world.logged, 12);
    assert_int_equal(world.log[11].replays, 1);
    world_settle(0);
}

static void test_replay_passes_by_the_window(void **state)
{
    (void)state;
    world_start();
    world.number = 1;
    world_decide(poisoned);
    world_store("sub-1", 1, 1);
    world_settle(0);
    world_decide(NULL);
    world_store("sub-1", 1, 1);
    world_settle(0);
    assert_int_equal(world_times(1), 1);
    replay_all();
    world_wait(&world.delivered, 2);
    world_settle(0);
    assert_int_equal(world_times(1), 2);
}

/* -- the breaker, and sinks that want to be left alone ------------------------------------------
 */

static void test_breaker(void **state)
{
    (void)state;
    world.sinks[0].breaker_failures = 4;
    world.sinks[0].concurrency = 1;
    world_start();
    world.number = 7; /* the last of these are probes */
    world_decide(first);
    for (int n = 1; n <= 40; n++)
        world_store("sub-1", n, n);
    world_settle(0);
    assert_int_equal(world.delivered, 40);
    assert_int_equal(world_dead(), 0);
}

static void sink_state(void *context, const struct sink_view *view)
{
    if (strcmp(view->name, "crm") == 0)
        snprintf(context, 64, "%s %s", view->breaker, view->target);
}

static void test_breaker_ignores_one_poisoned(void **state)
{
    char text[64] = "";

    (void)state;
    world.sinks[0].breaker_failures = 2;
    world.sinks[0].breaker_open_ms = 600000;
    world_start();
    world_decide(always);
    for (int n = 1; n <= 3; n++)
        world_store("sub-1", 1, n);
    world_wait(&world.logged, 12);
    world_settle(0);
    dispatch_sinks(world.dispatch, sink_state, text);
    assert_string_equal(text, "closed https://crm.example/in");
    assert_int_equal(world_dead(), 3);
    world_store("sub-1", 2, 4);
    world_wait(&world.logged, 13);
    while (strncmp(text, "open", 4) != 0) {
        dispatch_sinks(world.dispatch, sink_state, text);
        poll(NULL, 0, 1);
    }
    assert_int_equal(world_view().depth, 1);
}

static void test_later(void **state)
{
    (void)state;
    world_start();
    world.number = 3;
    world_decide(later);
    for (int n = 1; n <= 5; n++)
        world_store("sub-1", 1, n);
    world_settle(0);
    assert_order();
    assert_int_equal(world.delivered, 5);
    for (size_t i = 0; i < world.logged; i++)
        assert_int_equal(world.log[i].attempts, 0);
    assert_int_equal(world_lane("sub-1").retried, 0);
}

/* -- restarts -----------------------------------------------------------------------------------
 */

static void test_restart_with_parked(void **state)
{
    (void)state;
    world.sinks[0].retries_ms[0] = 600000;
    world_start();
    world_decide(always);
    for (int n = 1; n <= 3; n++)
        world_store("sub-1", 1, n);
    world_wait(&world.logged, 1);
    world_park(3);
    world_close();
    world_open();
    assert_int_equal(world_view().depth, 3);
    world_close();
    world.sinks[0].retries_ms[0] = 1;
    world_decide(NULL);
    world_start();
    world_store("sub-1", 1, 4); /* behind those, though they wait */
    world_park(4);
    assert_int_equal(world_view().depth, 4);
    assert_int_equal(world.logged, 1);
    assert_true(dispatch_settled_before(world.dispatch) <= 1);
}

static void test_parked_go_on_after_restart(void **state)
{
    (void)state;
    world.sinks[0].retries_ms[0] = 50;
    world_start();
    world_decide(always);
    for (int n = 1; n <= 5; n++)
        world_store("sub-1", 1, n);
    world_park(5);
    world_close();
    world_decide(NULL);
    world_start();
    world_store("sub-1", 1, 6);
    world_settle(0);
    assert_order();
    assert_int_equal(world.delivered, 6);
    assert_true(world.log[world.logged - 6].attempts >= 1);
    world_close();
    world_open();
    assert_int_equal(world_view().depth, 0);
    assert_int_equal(dispatch_settled_before(world.dispatch), 7);
}

static void test_stop_cuts_off(void **state)
{
    (void)state;
    world_start();
    world_hold(true);
    for (int n = 1; n <= 3; n++)
        world_store("sub-1", n, n);
    world_wait_inside(1);
    world_close();
    assert_int_equal(world.delivered, 0);
    world_hold(false);
    world_start();
    assert_int_equal(world_view().parked, 0);
    world_settle(0);
    assert_int_equal(world.delivered, 3);
    for (size_t i = 0; i < world.logged; i++)
        assert_int_equal(world.log[i].attempts, 0);
}

/* -- what events are ----------------------------------------------------------------------------
 */

static void test_filter(void **state)
{
    const struct criterion voice = {.field = "mediaType", .op = FILTER_EQ, .value = "\"VOICE\""};
    const struct config_subscription subscriptions[] = {
        {.id = "sub-1", .name = "Voice", .sink = "crm", .filter = &voice, .filter_count = 1}};
    struct error error = ERROR_INIT;
    char body[512] = "[", one[256];

    (void)state;
    world_start();
    assert_true(dispatch_subscriptions(world.dispatch, subscriptions, 1, &error));
    world_event(one, sizeof(one), 1, 1, ",\"mediaType\":\"CHAT\"");
    snprintf(body + strlen(body), sizeof(body) - strlen(body), "%s,", one);
    world_event(one, sizeof(one), 1, 2, ",\"mediaType\":\"VOICE\"");
    snprintf(body + strlen(body), sizeof(body) - strlen(body), "%s]", one);
    world_store_body("sub-1", body, 2);
    world_settle(0);
    assert_int_equal(world.logged, 1);
    assert_int_equal(world.log[0].n, 2);
    assert_int_equal(world_lane("sub-1").filtered, 1);
    assert_true(world_lane("sub-1").known);
}

static void test_subscriptions_are_checked(void **state)
{
    const struct criterion broken = {.field = "x", .op = FILTER_EQ, .value = "{"};
    const struct config_subscription bad[] = {
        {.id = "sub-1", .sink = "nowhere"},
        {.id = "sub-1", .sink = "crm", .filter = &broken, .filter_count = 1}};

    (void)state;
    world_start();
    for (int i = 0; i < 2; i++) {
        struct error error = ERROR_INIT;

        assert_false(dispatch_subscriptions(world.dispatch, &bad[i], 1, &error));
        assert_int_equal(error.code, ERROR_INVALID);
        assert_memory_equal(error.text, "subscription sub-1: ", 20);
        assert_null(strstr(error.text + 1, "subscription"));
    }
}

static void test_not_json(void **state)
{
    (void)state;
    world_start();
    world_store_body("sub-1", "[1, nonsense", 1);
    world_store_body("sub-1", "{\"n\":5}", 1);
    world_store_body("sub-1", "{\"n\":12345678901234567890123}", 1);
    world_store_body("sub-1", "[]", 1);
    world_settle(0);
    assert_int_equal(world_dead(), 1);
    assert_int_equal(world.delivered, 3);
    assert_int_equal(world_lane("sub-1").quarantined, 4);
}

static void test_depth_follows_what_is_cut(void **state)
{
    (void)state;
    world_start();
    world_store_body("sub-1", "[{\"n\":1},{\"n\":2}]", 7);
    world_store_body("sub-1", "[{\"n\":3},{\"n\":4}]", 1);
    world_settle(0);
    assert_int_equal(world.delivered, 4);
    assert_int_equal(world_lane("sub-1").depth, 0);
}

/* One request, so that none of them can be late. The workers are idle, for ever: who waits for the
 * time of the first must be woken by it. */
static void test_time_order(void **state)
{
    static const int minutes[] = {5, 3, 4, 1, 2};
    char body[256], more[64];
    struct buf batch;

    (void)state;
    world.sinks[0].order = ORDER_TIME;
    world.sinks[0].order_wait_ms = 30;
    world.idle_ms = 3600000;
    world_start();
    world_store("sub-1", 2, 100);
    world_settle(0);
    buf_init(&batch, 4096);
    for (int i = 0; i < 5; i++) {
        snprintf(more, sizeof(more), ",\"startTime\":\"2026-01-01T10:%02d:00Z\"", minutes[i]);
        world_event(body, sizeof(body), 1, minutes[i], more);
        buf_printf(&batch, "%c%s", i ? ',' : '[', body);
    }
    buf_add_char(&batch, ']');
    world_store_body("sub-1", buf_text(&batch), 5);
    world_settle(0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(world.log[i + 1].n, i + 1);
    buf_release(&batch);
}

static void test_measure(void **state)
{
    struct buf text;

    (void)state;
    world_start();
    world_store("sub-1", 1, 1);
    world_settle(0);
    dispatch_measure(world.dispatch);
    buf_init(&text, 1024 * 1024);
    metrics_write(world.metrics, &text);
    assert_non_null(strstr(buf_text(&text), "subscription=\"sub-1\""));
    buf_release(&text);
    assert_true(world_lane("sub-1").p50_s >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_delivers_in_order),
        UNIT(test_poisoned_interaction_stops_nobody),
        UNIT(test_three_retries_then_dead_letter),
        UNIT(test_batches_keep_order),
        UNIT(test_concurrency),
        UNIT(test_workers_follow_depth),
        UNIT(test_few_wait_for_no_call_that_hangs),
        UNIT(test_full_dead_letters_keep_the_event),
        UNIT(test_duplicates),
        UNIT(test_duplicates_of_one_batch),
        UNIT(test_key_counts_after_success),
        UNIT(test_pause),
        UNIT(test_full_lane_catches_up),
        UNIT(test_behind_lane_holds_nobody_up),
        UNIT(test_replay),
        UNIT(test_replay_goes_first),
        UNIT(test_replay_comes_back),
        UNIT(test_replay_passes_by_the_window),
        UNIT(test_breaker),
        UNIT(test_breaker_ignores_one_poisoned),
        UNIT(test_later),
        UNIT(test_restart_with_parked),
        UNIT(test_parked_go_on_after_restart),
        UNIT(test_stop_cuts_off),
        UNIT(test_filter),
        UNIT(test_subscriptions_are_checked),
        UNIT(test_not_json),
        UNIT(test_depth_follows_what_is_cut),
        UNIT(test_time_order),
        UNIT(test_measure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
