/* Dead letters, and what was done at ingest endpoints, as JSON. What is not known is null. */
#include "ctl/render.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
    return *text ? json_string(text) : json_null();
}

static json_t *moment_or_null(int64_t ms)
{
    return ms ? json_integer(ms) : json_null();
}

static json_t *number_or_null(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

/* As the admin listener has it: text, or base64 where it is none. */
static void add_body(json_t *json, const struct letter *letter)
{
    unsigned char *base64;

    if (letter->body_is_text) {
        json_object_set_new(json, "body", json_stringn(letter->body, letter->body_length));
        return;
    }
    base64 = malloc(4 * (letter->body_length / 3 + 1) + 1);
    if (!base64)
        return;
    EVP_EncodeBlock(base64, (const unsigned char *)letter->body, (int)letter->body_length);
    json_object_set_new(json, "body_base64", json_string((const char *)base64));
    free(base64);
}

static json_t *letter_to_json(const char *endpoint, const struct letter *letter, bool whole)
{
    json_t *json = json_pack(
        "{s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:b, s:I, "
        "s:I, s:o, s:I}",
        "endpoint", endpoint, "id", (json_int_t)letter->id, "state",
        letter->replaying ? "replaying" : "waiting", "subscription",
        text_or_null(letter->subscription), "type", text_or_null(letter->type), "interaction",
        text_or_null(letter->interaction), "reason", text_or_null(letter->reason), "detail",
        text_or_null(letter->detail), "attempts", (json_int_t)letter->attempts, "replays",
        (json_int_t)letter->replays, "received_ms", moment_or_null(letter->received_ms),
        "first_failed_ms", moment_or_null(letter->first_failed_ms), "died_ms",
        moment_or_null(letter->died_ms), "due_ms", moment_or_null(letter->due_ms), "event_time_ms",
        moment_or_null(letter->event_time_ms), "quarantined", (int)letter->quarantined, "position",
        (json_int_t)letter->position, "part", (json_int_t)letter->part, "key",
        text_or_null(letter->key), "body_bytes", (json_int_t)letter->body_bytes);

    if (!json || !whole)
        return json;
    json_object_set_new(json, "source", text_or_null(letter->source));
    json_object_set_new(json, "verdict", text_or_null(letter->verdict));
    json_object_set(json, "headers", letter->headers);
    if (letter->body)
        add_body(json, letter);
    return json;
}

static json_t *list_to_json(const struct outcome_list *list)
{
    bool known = list->error.code == ERROR_NONE;

    return json_pack("{s:s, s:o, s:o, s:I, s:o}", "endpoint", list->endpoint, "count",
                     known ? json_integer(list->total) : json_null(), "bytes",
                     known ? json_integer(list->bytes) : json_null(), "shown",
                     (json_int_t)list->shown, "error", render_json_error(&list->error));
}

static json_t *act_to_json(const struct outcome_act *act)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "action",
                     outcome_words[act->kind].verb, "endpoint", act->endpoint, "object",
                     act->object, "subscription", text_or_null(act->id), "state",
                     outcome_state_name(act->state), "count", number_or_null(act->count),
                     "delivered", number_or_null(act->delivered), "came_back",
                     number_or_null(act->came_back), "error", render_json_error(&act->error));
}

static void add_lists(json_t *json, const struct outcome *outcome)
{
    json_t *lists = json_array(), *letters = json_array();

    for (size_t i = 0; i < outcome->list_count; i++) {
        const struct outcome_list *list = &outcome->lists[i];
        json_array_append_new(lists, list_to_json(list));
        for (size_t j = 0; j < list->page_count; j++)
            for (size_t k = 0; k < list->pages[j].count; k++)
                json_array_append_new(
                    letters, letter_to_json(list->endpoint, &list->pages[j].letters[k], false));
    }
    json_object_set_new(json, "endpoints", lists);
    json_object_set_new(json, "dead_letters", letters);
}

void render_json_outcome(json_t *json, const struct outcome *outcome)
{
    const struct outcome_list *first = outcome->lists;
    json_t *acts;

    if (outcome->whole && first && first->shown == 1)
        json_object_set_new(json, "dead_letter",
                            letter_to_json(first->endpoint, first->pages[0].letters, true));
    else if (outcome->has_lists && !outcome->whole)
        add_lists(json, outcome);
    if (!outcome->has_acts)
        return;
    acts = json_array();
    for (size_t i = 0; i < outcome->act_count; i++)
        json_array_append_new(acts, act_to_json(&outcome->acts[i]));
    json_object_set_new(json, "actions", acts);
}
