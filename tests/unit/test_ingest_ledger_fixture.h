/* A ledger in a folder of its own, and what it tells as text: for the tests of the ledger. */
#ifndef TEST_INGEST_LEDGER_FIXTURE_H
#define TEST_INGEST_LEDGER_FIXTURE_H

/* The ledger: what it was told is there, also after a restart; dead letters and their sums. */
#include "ingest/ledger.h"

#include "core/json.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

static char folder[64];
static struct ledger_options options;
static struct ledger *ledger;

static void open_ledger(void)
{
    struct error error = ERROR_INIT;

    ledger = ledger_open(folder, &options, &error);
    assert_string_equal(error.text, "");
    assert_non_null(ledger);
}

static void open_again(void)
{
    ledger_close(ledger);
    open_ledger();
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/test-ledger-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    options = (struct ledger_options){.window_ms = 3600 * 1000, .dead_letter_bytes = 1 << 20};
    open_ledger();
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    ledger_close(ledger);
    ledger = NULL;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

/* What the calls with `each` tell is written down as text, and compared. */
static struct buf told;

static const char *told_text(void)
{
    static char text[4096];

    snprintf(text, sizeof(text), "%s", buf_text(&told));
    buf_release(&told);
    return text;
}

static void tell_position(void *context, const char *subscription, int64_t position)
{
    buf_printf(context, "%s=%lld ", subscription, (long long)position);
}

static const char *positions(void)
{
    struct error error = ERROR_INIT;

    buf_init(&told, 4096);
    assert_true(ledger_positions(ledger, tell_position, &told, &error));
    return told_text();
}

static void tell_seen(void *context, const uint8_t key[EVENT_KEY_BYTES], int64_t at_s)
{
    buf_printf(context, "%d@%lld ", key[0], (long long)at_s);
}

static const char *seen(int64_t since_s)
{
    struct error error = ERROR_INIT;

    buf_init(&told, 4096);
    assert_true(ledger_seen(ledger, since_s, tell_seen, &told, &error));
    return told_text();
}

static void tell_parked(void *context, const struct parked_event *event)
{
    buf_printf(context, "%lld.%u %s %d %lld %lld %lld\n", (long long)event->place.position,
               event->place.part, event->subscription, event->attempts, (long long)event->due_us,
               (long long)event->first_failed_us, (long long)event->dead_id);
}

static const char *parked(void)
{
    struct error error = ERROR_INIT;

    buf_init(&told, 4096);
    assert_true(ledger_all_parked(ledger, tell_parked, &told, &error));
    return told_text();
}

static void tell_place(void *context, struct event_place place)
{
    buf_printf(context, "%lld.%u ", (long long)place.position, place.part);
}

static const char *places(int64_t after)
{
    struct error error = ERROR_INIT;

    buf_init(&told, 4096);
    assert_true(ledger_dead_places(ledger, after, tell_place, &told, &error));
    return told_text();
}

static void tell_letter(void *context, const struct dead_letter *letter)
{
    buf_printf(context, "%lld:%s:%s:%s:%d:%d%s%.*s ", (long long)letter->id, letter->subscription,
               letter->reason, dead_state_word(letter->state), letter->replays,
               (int)letter->body_bytes, letter->body ? ":" : "",
               letter->body ? (int)letter->body_bytes : 0, letter->body ? letter->body : "");
}

static const struct dead_filter everything = {DEAD_FILTER_ANY};

static const char *letters(const struct dead_filter *filter, size_t most, bool bodies)
{
    struct error error = ERROR_INIT;

    buf_init(&told, 4096);
    assert_true(ledger_dead_list(ledger, filter, most, bodies, tell_letter, &told, &error));
    return told_text();
}

static const char *due(int64_t now_us, size_t most)
{
    struct error error = ERROR_INIT;

    buf_init(&told, 4096);
    assert_true(ledger_dead_due(ledger, now_us, most, NULL, tell_letter, &told, &error));
    return told_text();
}

static void tell_sum(void *context, const char *subscription, const char *reason, int64_t count,
                     int64_t came_back, int64_t oldest_us)
{
    if (count > 0)
        buf_printf(context, "%s %s %lld %lld %lld\n", subscription, reason, (long long)count,
                   (long long)came_back, (long long)oldest_us);
}

static const uint8_t *key_of(uint8_t n)
{
    static _Thread_local uint8_t key[EVENT_KEY_BYTES];

    memset(key, 0, sizeof(key));
    key[0] = n;
    return key;
}

static struct dead_letter letter_of(int64_t position, const char *subscription, const char *reason,
                                    int64_t died_us)
{
    return (struct dead_letter){.place = {position, 0},
                                .subscription = subscription,
                                .type = "call",
                                .interaction = "i-1",
                                .reason = reason,
                                .detail = "it said no",
                                .attempts = 4,
                                .died_us = died_us,
                                .source = "genesys",
                                .verdict = "api-key k",
                                .headers = "{}",
                                .body = "body",
                                .body_bytes = 4};
}

static void bury(int64_t position, const char *subscription, const char *reason, int64_t died_us)
{
    struct dead_letter letter = letter_of(position, subscription, reason, died_us);

    assert_true(ledger_bury(ledger, &letter));
}

static int64_t replay(const struct dead_filter *filter, double rate, int64_t now_us)
{
    struct error error = ERROR_INIT;
    int64_t count;

    assert_true(ledger_dead_replay(ledger, filter, rate, now_us, &count, &error));
    return count;
}

#endif
