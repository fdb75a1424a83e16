#include "ingest/admin_route.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/text.h"

#include <errno.h>
#include <event2/http.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_DEFAULT = 100, PAGE_MOST = 1000, IDS_MOST = 10000 };

/* -- which ones: from a query, or from a body's "filter" ------------------------------------- */

/* The value of a key as text, NULL when it is absent. */
struct words {
    const struct evkeyvalq *query; /* or */
    const json_t *object;
    struct arena *arena;
};

static const char *word(const struct words *words, const char *key)
{
    const json_t *value = json_object_get(words->object, key);

    if (words->query)
        return evhttp_find_header(words->query, key);
    if (json_is_integer(value))
        return arena_printf(words->arena, "%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    return json_string_value(value);
}

static bool read_number(const char *text, int64_t *number)
{
    char *end;

    if (!text)
        return true;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return *text && !*end && !errno && *number >= 0 && *number <= INT64_MAX / 1000;
}

static bool read_state(struct admin_call *call, const char *text, int *state)
{
    *state = -1;
    if (!text)
        return true;
    for (int i = 0; i < DEAD_STATES; i++)
        if (!strcmp(text, dead_state_word((enum dead_state)i)))
            *state = i;
    return *state >= 0 || admin_fail(call, HTTP_BADREQUEST, "\"state\" is waiting or replaying");
}

static bool read_filter(struct admin_call *call, const struct words *words,
                        struct dead_filter *filter)
{
    const char *came_back = word(words, "came_back");
    const struct {
        const char *name;
        int64_t *us;
    } times[] = {{"since", &filter->since_us}, {"until", &filter->until_us}};

    *filter = (struct dead_filter){.subscription = word(words, "subscription"),
                                   .reason = word(words, "reason"),
                                   .type = word(words, "type"),
                                   .interaction = word(words, "interaction"),
                                   .came_back = -1,
                                   DEAD_FILTER_ANY_TIME};
    if (!read_state(call, word(words, "state"), &filter->state))
        return false;
    if (came_back && strcmp(came_back, "true") && strcmp(came_back, "false"))
        return admin_fail(call, HTTP_BADREQUEST, "\"came_back\" is true or false");
    if (came_back)
        filter->came_back = !strcmp(came_back, "true");
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const char *text = word(words, times[i].name);
        int64_t ms = 0;

        if (!read_number(text, &ms))
            return admin_fail(call, HTTP_BADREQUEST, "\"%s\" is milliseconds since the epoch",
                              times[i].name);
        if (text)
            *times[i].us = ms * 1000;
    }
    return true;
}

/* -- showing ------------------------------------------------------------------------------------
 */

static json_t *time_json(int64_t us)
{
    return us ? json_integer(us / 1000) : json_null();
}

/* Text from outside that may be anything: what is not UTF-8 is shown, not sent. */
static json_t *text_json(const char *text)
{
    struct buf safe;

    if (!text)
        return json_null();
    if (text_utf8_check(text, strlen(text)) == strlen(text))
        return json_string(text);
    buf_init(&safe, 8 * strlen(text) + 1);
    text_add_safe(&safe, text, strlen(text));
    json_t *value = json_string(buf_text(&safe));
    buf_release(&safe);
    return value;
}

static json_t *key_json(const uint8_t key[EVENT_KEY_BYTES])
{
    char hex[2 * EVENT_KEY_BYTES + 1];

    for (int i = 0; i < EVENT_KEY_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", key[i]);
    return json_string(hex);
}

static json_t *letter_json(const struct dead_letter *letter)
{
    return json_pack(
        "{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:i, "
        "s:o, s:I}",
        "id", (json_int_t)letter->id, "state", dead_state_word(letter->state), "subscription",
        text_json(letter->subscription), "type", text_json(letter->type), "interaction",
        text_json(letter->interaction), "reason", text_json(letter->reason), "detail",
        text_json(letter->detail), "attempts", letter->attempts, "replays", letter->replays,
        "received_ms", time_json(letter->received_us), "first_failed_ms",
        time_json(letter->first_failed_us), "died_ms", time_json(letter->died_us), "due_ms",
        time_json(letter->state == DEAD_REPLAYING ? letter->due_us : 0), "event_time_ms",
        letter->time_ms ? json_integer(letter->time_ms) : json_null(), "quarantined",
        letter->quarantined, "position", (json_int_t)letter->place.position, "part",
        (int)letter->place.part, "key", key_json(letter->key), "body_bytes",
        (json_int_t)letter->body_bytes);
}

struct listing {
    json_t *array;
    int64_t last_id;
    bool failed;
};

static void list_one(void *context, const struct dead_letter *letter)
{
    struct listing *listing = context;

    listing->last_id = letter->id;
    if (json_array_append_new(listing->array, letter_json(letter)))
        listing->failed = true;
}

void admin_dlq_list(struct admin_call *call)
{
    struct words words = {.query = call->query, .arena = call->arena};
    struct listing listing = {0};
    struct dead_filter filter, all;
    struct error error = ERROR_INIT;
    int64_t limit = PAGE_DEFAULT, count = 0, bytes = 0;

    if (!read_filter(call, &words, &filter))
        return;
    all = filter;
    if (!read_number(word(&words, "after"), &filter.after_id) ||
        !read_number(word(&words, "limit"), &limit) || limit < 1 || limit > PAGE_MOST) {
        admin_fail(call, HTTP_BADREQUEST, "\"after\" is an id, \"limit\" 1 to %d", PAGE_MOST);
        return;
    }
    listing.array = json_array();
    if (!listing.array || !ledger_dead_count(call->options->ledger, &all, &count, &bytes, &error) ||
        !ledger_dead_list(call->options->ledger, &filter, (size_t)limit, false, list_one, &listing,
                          &error) ||
        listing.failed) {
        json_decref(listing.array);
        admin_fail(call, HTTP_INTERNAL, "%s", *error.text ? error.text : "out of memory");
        return;
    }
    bool more = json_array_size(listing.array) == (size_t)limit;
    admin_reply(call, HTTP_OK,
                json_pack("{s:I, s:I, s:o, s:o}", "count", (json_int_t)count, "bytes",
                          (json_int_t)bytes, "next",
                          more ? json_integer(listing.last_id) : json_null(), "dead_letters",
                          listing.array));
}

/* The body as text when it is UTF-8, else in base64. */
static bool add_body(json_t *object, const struct dead_letter *letter)
{
    if (text_utf8_check(letter->body, letter->body_bytes) == letter->body_bytes)
        return !json_object_set_new(object, "body", json_stringn(letter->body, letter->body_bytes));
    unsigned char *base64 = malloc(4 * (letter->body_bytes / 3 + 1) + 1);
    if (!base64)
        return false;
    EVP_EncodeBlock(base64, (const unsigned char *)letter->body, (int)letter->body_bytes);
    int status = json_object_set_new(object, "body_base64", json_string((char *)base64));
    free(base64);
    return !status;
}

static void show_one(void *context, const struct dead_letter *letter)
{
    json_t **shown = context;
    json_t *headers = letter->headers ? json_read_text(letter->headers) : NULL;
    json_t *object = letter_json(letter);

    if (object &&
        (json_object_set_new(object, "source", text_json(letter->source)) ||
         json_object_set_new(object, "verdict", text_json(letter->verdict)) ||
         json_object_set_new(object, "headers", headers ? json_incref(headers) : json_object()) ||
         !add_body(object, letter))) {
        json_decref(object);
        object = NULL;
    }
    json_decref(headers);
    *shown = object;
}

void admin_dlq_show(struct admin_call *call)
{
    struct error error = ERROR_INIT;
    json_t *shown = NULL;
    int64_t id = 0;

    if (!read_number(call->argument, &id) || !id) {
        admin_fail(call, HTTP_NOTFOUND, "no such dead letter");
        return;
    }
    struct dead_filter filter = {.ids = &id, .id_count = 1, DEAD_FILTER_ANY};
    if (!ledger_dead_list(call->options->ledger, &filter, 1, true, show_one, &shown, &error))
        admin_fail(call, HTTP_INTERNAL, "%s", error.text);
    else if (!shown)
        admin_fail(call, HTTP_NOTFOUND, "no such dead letter");
    else
        admin_reply(call, HTTP_OK, shown);
}

/* -- changing -----------------------------------------------------------------------------------
 */

static bool read_ids(struct admin_call *call, const json_t *array, struct dead_filter *filter)
{
    size_t count = json_array_size(array);
    int64_t *ids = arena_alloc(call->arena, (count + 1) * sizeof *ids);

    if (!ids)
        return admin_fail(call, HTTP_INTERNAL, "out of memory");
    if (!json_is_array(array) || !count || count > IDS_MOST)
        return admin_fail(call, HTTP_BADREQUEST, "\"ids\" is an array of 1 to %d ids", IDS_MOST);
    for (size_t i = 0; i < count; i++) {
        const json_t *id = json_array_get(array, i);
        if (!json_is_integer(id))
            return admin_fail(call, HTTP_BADREQUEST, "\"ids\" holds what is no id");
        ids[i] = json_integer_value(id);
    }
    *filter = (struct dead_filter){.ids = ids, .id_count = count, DEAD_FILTER_ANY};
    return true;
}

/* Exactly one of ids, filter and all: nothing is ever selected by leaving something out. */
static bool read_selection(struct admin_call *call, const json_t *body, struct dead_filter *filter)
{
    const json_t *ids = json_object_get(body, "ids"), *object = json_object_get(body, "filter");
    bool all = json_is_true(json_object_get(body, "all"));
    const char *name;
    json_t *value;

    if (!!ids + !!object + all != 1)
        return admin_fail(call, HTTP_BADREQUEST,
                          "exactly one of \"ids\", \"filter\" and \"all\": true selects");
    if (ids)
        return read_ids(call, ids, filter);
    if (object && (!json_is_object(object) || !json_object_size(object)))
        return admin_fail(call, HTTP_BADREQUEST, "\"filter\" is an object with conditions");
    json_object_foreach((json_t *)object, name, value)
    {
        bool scalar = json_is_string(value) || json_is_integer(value) || json_is_boolean(value);

        if (!scalar || !text_words_hold(ADMIN_FILTER_WORDS, name))
            return admin_fail(call, HTTP_BADREQUEST, "\"filter\" does not know \"%.64s\" so", name);
    }
    return read_filter(call, &(struct words){.object = object, .arena = call->arena}, filter);
}

struct act {
    const char *what;  /* in the record */
    const char *count; /* the reply's member */
    int state;         /* of those that it may touch; -1: of any */
    bool (*carry_out)(struct admin_call *call, const struct dead_filter *filter, double rate,
                      int64_t *count, struct error *error);
};

static bool read_rate(struct admin_call *call, const json_t *body, double *rate)
{
    const json_t *value = json_object_get(body, "rate");

    *rate = json_number_value(value);
    if (value && (!json_is_number(value) || !isfinite(*rate) || *rate < 0))
        return admin_fail(call, HTTP_BADREQUEST, "\"rate\" is events a second, 0 or more");
    return true;
}

static void act_reply(struct admin_call *call, const struct act *act, int64_t count, int64_t bytes,
                      bool dry_run)
{
    if (dry_run)
        admin_reply(call, HTTP_OK,
                    json_pack("{s:b, s:I, s:I}", "dry_run", 1, "count", (json_int_t)count, "bytes",
                              (json_int_t)bytes));
    else
        admin_reply(call, HTTP_OK,
                    json_pack("{s:b, s:I}", "dry_run", 0, act->count, (json_int_t)count));
}

static bool take_state(struct admin_call *call, const struct act *act, struct dead_filter *filter)
{
    if (act->state < 0)
        return true;
    if (filter->state >= 0 && filter->state != act->state)
        return admin_fail(call, HTTP_BADREQUEST, "this is for those that are %s",
                          dead_state_word((enum dead_state)act->state));
    filter->state = act->state;
    return true;
}

static void act_carry_out(struct admin_call *call, const struct act *act)
{
    struct admin_change change;
    struct dead_filter filter;
    struct error error = ERROR_INIT;
    int64_t count = 0, bytes = 0;
    double rate;

    if (!admin_read_change(call, &change))
        return;
    if (!read_selection(call, change.body, &filter) || !read_rate(call, change.body, &rate) ||
        !take_state(call, act, &filter))
        goto cleanup;
    bool ok = change.dry_run
                  ? ledger_dead_count(call->options->ledger, &filter, &count, &bytes, &error)
                  : act->carry_out(call, &filter, rate, &count, &error);
    if (ok)
        act_reply(call, act, count, bytes, change.dry_run);
    else
        admin_fail(call, HTTP_INTERNAL, "%s", error.text);
    if (!change.dry_run) {
        char result[64];
        snprintf(result, sizeof result, ok ? "%lld events" : "failed", (long long)count);
        char *target = json_write(change.body, JSON_COMPACT | JSON_SORT_KEYS);
        admin_record(call, &change, act->what, target ? target : "?", result);
        free(target);
    }
cleanup:
    json_decref(change.body);
}

static bool replay(struct admin_call *call, const struct dead_filter *filter, double rate,
                   int64_t *count, struct error *error)
{
    bool ok =
        ledger_dead_replay(call->options->ledger, filter, rate, clock_unix_us(), count, error);

    dispatch_wake(call->options->dispatch);
    return ok;
}

static bool abort_replay(struct admin_call *call, const struct dead_filter *filter, double rate,
                         int64_t *count, struct error *error)
{
    (void)rate;
    return dispatch_abort(call->options->dispatch, filter, count, error);
}

static bool discard(struct admin_call *call, const struct dead_filter *filter, double rate,
                    int64_t *count, struct error *error)
{
    (void)rate;
    return dispatch_discard(call->options->dispatch, filter, count, error);
}

void admin_dlq_replay(struct admin_call *call)
{
    act_carry_out(call, &(struct act){"dlq-replay", "replaying", DEAD_WAITING, replay});
}

void admin_dlq_abort(struct admin_call *call)
{
    act_carry_out(call, &(struct act){"dlq-abort", "aborted", DEAD_REPLAYING, abort_replay});
}

void admin_dlq_discard(struct admin_call *call)
{
    act_carry_out(call, &(struct act){"dlq-discard", "discarded", -1, discard});
}
