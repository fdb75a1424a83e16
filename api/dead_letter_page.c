/* Reading dead letters: strict about types, whatever else is told beside. */
#include "api/dead_letter.h"

#include "core/json.h"

#include <stdint.h>
#include <string.h>

enum { LETTERS_MOST = 10000 };

/* -- members -------------------------------------------------------------------------------------
 */

static bool wrong(struct error *error, const char *name, const char *what)
{
    return error_set(error, ERROR_INVALID, "dead letters: \"%s\" is %s", name, what);
}

/* Absent and null are "not told". */
static bool is_told(const json_t *value)
{
    return value && !json_is_null(value);
}

static bool read_text(const json_t *object, const char *name, const char **out, struct error *error)
{
    const json_t *value = json_object_get(object, name);

    *out = "";
    if (!is_told(value))
        return true;
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return wrong(error, name, "no text");
    *out = json_string_value(value);
    return true;
}

static bool read_number(const json_t *object, const char *name, int64_t least, int64_t *out,
                        struct error *error)
{
    const json_t *value = json_object_get(object, name);

    *out = 0;
    if (!is_told(value))
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < least)
        return wrong(error, name, "no number that it can be");
    *out = json_integer_value(value);
    return true;
}

static bool read_texts(const json_t *object, struct letter *letter, struct error *error)
{
    const struct {
        const char *name, **out;
    } rows[] = {{"subscription", &letter->subscription},
                {"type", &letter->type},
                {"interaction", &letter->interaction},
                {"reason", &letter->reason},
                {"detail", &letter->detail},
                {"source", &letter->source},
                {"verdict", &letter->verdict},
                {"key", &letter->key}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!read_text(object, rows[i].name, rows[i].out, error))
            return false;
    return true;
}

static bool read_numbers(const json_t *object, struct letter *letter, struct error *error)
{
    const struct {
        const char *name;
        int64_t least, *out;
    } rows[] = {{"attempts", 0, &letter->attempts},
                {"replays", 0, &letter->replays},
                {"received_ms", 0, &letter->received_ms},
                {"first_failed_ms", 0, &letter->first_failed_ms},
                {"died_ms", 0, &letter->died_ms},
                {"due_ms", 0, &letter->due_ms},
                {"event_time_ms", INT64_MIN, &letter->event_time_ms},
                {"position", 0, &letter->position},
                {"part", 0, &letter->part},
                {"body_bytes", 0, &letter->body_bytes}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!read_number(object, rows[i].name, rows[i].least, rows[i].out, error))
            return false;
    return true;
}

static bool read_state(const json_t *object, struct letter *letter, struct error *error)
{
    const char *state = json_text(object, "state");
    const json_t *quarantined = json_object_get(object, "quarantined");

    if (!state || (strcmp(state, "waiting") != 0 && strcmp(state, "replaying") != 0))
        return wrong(error, "state", "neither waiting nor replaying");
    if (is_told(quarantined) && !json_is_boolean(quarantined))
        return wrong(error, "quarantined", "neither true nor false");
    letter->replaying = strcmp(state, "replaying") == 0;
    letter->quarantined = json_is_true(quarantined);
    return true;
}

/* -- bodies --------------------------------------------------------------------------------------
 */

static int sextet_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* As RFC 4648 has it: padded, nothing in between. `out` has room for 3/4 of the text. */
static bool decode_base64(const char *text, size_t length, char *out, size_t *out_length)
{
    uint32_t bits = 0;
    size_t digits = length;

    *out_length = 0;
    if (length % 4 != 0)
        return false;
    while (digits > 0 && length - digits < 2 && text[digits - 1] == '=')
        digits--;
    for (size_t i = 0; i < digits; i++) {
        int sextet = sextet_of(text[i]);
        if (sextet < 0)
            return false;
        bits = bits << 6 | (uint32_t)sextet;
        if (i % 4 != 0)
            out[(*out_length)++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    return true;
}

static bool read_base64(struct letter_page *page, const json_t *value, struct letter *letter,
                        struct error *error)
{
    size_t length = json_string_length(value);
    char *bytes = arena_alloc(&page->arena, length / 4 * 3 + 1);

    if (!bytes)
        return error_no_memory(error);
    if (!decode_base64(json_string_value(value), length, bytes, &letter->body_length))
        return wrong(error, "body_base64", "no base64");
    bytes[letter->body_length] = '\0';
    letter->body = bytes;
    return true;
}

static bool read_body(struct letter_page *page, const json_t *object, struct letter *letter,
                      struct error *error)
{
    const json_t *text = json_object_get(object, "body"),
                 *base64 = json_object_get(object, "body_base64");

    if (text && base64)
        return wrong(error, "body", "told twice");
    if (base64)
        return json_is_string(base64) ? read_base64(page, base64, letter, error)
                                      : wrong(error, "body_base64", "no text");
    if (text && !json_is_string(text))
        return wrong(error, "body", "no text");
    letter->body = json_string_value(text);
    letter->body_length = json_string_length(text);
    letter->body_is_text = text;
    return true;
}

/* -- pages ---------------------------------------------------------------------------------------
 */

void letter_page_init(struct letter_page *page)
{
    *page = (struct letter_page){.top = NULL};
    arena_init(&page->arena);
}

void letter_page_release(struct letter_page *page)
{
    json_decref(page->top);
    arena_release(&page->arena);
    letter_page_init(page);
}

static bool read_letter(struct letter_page *page, const json_t *object, struct letter *letter,
                        struct error *error)
{
    json_t *headers = json_object_get(object, "headers");

    if (!json_is_object(object))
        return error_set(error, ERROR_INVALID, "a dead letter is no JSON object");
    if (!read_number(object, "id", 1, &letter->id, error) || !read_state(object, letter, error) ||
        !read_texts(object, letter, error) || !read_numbers(object, letter, error) ||
        !read_body(page, object, letter, error))
        return false;
    if (letter->id == 0)
        return wrong(error, "id", "missing");
    if (is_told(headers) && !json_is_object(headers))
        return wrong(error, "headers", "no object");
    letter->headers = is_told(headers) ? headers : NULL;
    return true;
}

/* `list` has the letters, one after the other by id: a page that goes back would be read for ever.
 */
static bool read_letters(struct letter_page *page, const json_t *list, struct error *error)
{
    size_t count = json_array_size(list);

    if (count > LETTERS_MOST)
        return error_set(error, ERROR_INVALID, "more than %d dead letters at once", LETTERS_MOST);
    page->letters = arena_alloc(&page->arena, (count + 1) * sizeof(*page->letters));
    if (!page->letters)
        return error_no_memory(error);
    for (; page->count < count; page->count++) {
        struct letter *letter = &page->letters[page->count];
        if (!read_letter(page, json_array_get(list, page->count), letter, error))
            return false;
        if (page->count > 0 && letter->id <= letter[-1].id)
            return wrong(error, "id", "not above the one before");
    }
    return true;
}

static bool read_list(struct letter_page *page, const json_t *list, struct error *error)
{
    const json_t *top = page->top;

    if (!json_is_array(list))
        return wrong(error, "dead_letters", "no array");
    if (!json_is_integer(json_object_get(top, "count")))
        return wrong(error, "count", "missing");
    if (!read_number(top, "count", 0, &page->total, error) ||
        !read_number(top, "bytes", 0, &page->bytes, error) ||
        !read_number(top, "next", 1, &page->next_id, error) || !read_letters(page, list, error))
        return false;
    if (page->next_id != 0 &&
        (page->count == 0 || page->next_id < page->letters[page->count - 1].id))
        return wrong(error, "next", "before the page's end");
    return true;
}

static bool read_whole(struct letter_page *page, struct error *error)
{
    page->letters = arena_alloc(&page->arena, sizeof(*page->letters));
    if (!page->letters)
        return error_no_memory(error);
    if (!read_letter(page, page->top, &page->letters[0], error))
        return false;
    page->count = 1;
    page->total = 1;
    page->bytes = page->letters[0].body_bytes;
    return true;
}

bool letter_page_read(struct letter_page *page, const char *body, size_t length,
                      struct error *error)
{
    const json_t *list;
    bool ok;

    page->top = json_read(body, length, JSON_ALLOW_NUL, NULL);
    list = json_object_get(page->top, "dead_letters");
    if (!json_is_object(page->top))
        ok = error_set(error, ERROR_INVALID, "the answer is no JSON object");
    else
        ok = list ? read_list(page, list, error) : read_whole(page, error);
    if (!ok)
        letter_page_release(page);
    return ok;
}
