/* One letter, whole: what is known of it, its headers sorted, its body as it can be read. */
#include "tui/view_letters.h"

#include "core/json.h"
#include "tui/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- the body -----------------------------------------------------------------------------------
 */

enum { INDENT = 2, DEPTH_SHOWN_MOST = 40, BODY_MOST_BYTES = 32 * 1024 * 1024 };

static void add_line_end(struct buf *out, int depth)
{
    depth = depth < DEPTH_SHOWN_MOST ? depth : DEPTH_SHOWN_MOST;
    buf_printf(out, "\n%*s", INDENT * depth, "");
}

/* Puts JSON, which `text` is, on lines: only white space is changed, so that numbers and escapes
 * are what was sent. */
static void add_indented(struct buf *out, const char *text, size_t length)
{
    bool in_text = false;
    int depth = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (in_text) {
            buf_add_char(out, c);
            if (c == '\\' && i + 1 < length)
                buf_add_char(out, text[++i]);
            in_text = c != '"';
            continue;
        }
        if (strchr(" \t\r\n", c))
            continue;
        if ((c == '}' || c == ']') && depth > 0 && --depth >= 0 &&
            !strchr("{[", out->data[out->length - 1]))
            add_line_end(out, depth);
        else if (out->length > 0 && strchr("{[", out->data[out->length - 1]) && c != '}' &&
                 c != ']')
            add_line_end(out, depth);
        buf_add_char(out, c);
        in_text = c == '"';
        depth += c == '{' || c == '[';
        if (c == ',')
            add_line_end(out, depth);
        else if (c == ':')
            buf_add_char(out, ' ');
    }
}

/* False: it is no JSON. (As reals, so that whole numbers may be of any size.) */
static bool add_json(struct paper *paper, const struct letter *letter)
{
    json_t *json = json_read(letter->body, letter->body_length,
                             JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
    struct buf text;
    bool ok = json;

    json_decref(json);
    buf_init(&text, BODY_MOST_BYTES);
    if (ok)
        add_indented(&text, letter->body, letter->body_length);
    ok = ok && !text.failed;
    if (ok)
        paper_add(paper, STYLE_PLAIN, 2 * INDENT, buf_text(&text), text.length);
    buf_release(&text);
    return ok;
}

/* "00000010  de ad be ef …  |....|", as many a line as the screen has room for. */
static void add_hex(struct paper *paper, const unsigned char *bytes, size_t length)
{
    enum { WIDE = 16, NARROW = 4, WIDE_COLUMNS = 78 };
    size_t most = paper->columns >= WIDE_COLUMNS ? WIDE : NARROW;

    for (size_t at = 0; at < length; at += most) {
        char hex[3 * WIDE + 1] = "", text[WIDE + 1] = "";
        for (size_t i = 0; i < most && at + i < length; i++) {
            unsigned char byte = bytes[at + i];
            snprintf(hex + 3 * i, sizeof(hex) - 3 * i, "%02x ", byte);
            text[i] = byte >= 0x20 && byte < 0x7F ? (char)byte : '.';
        }
        paper_printf(paper, STYLE_PLAIN, 0, "%08zx  %-*s |%s|", at, (int)(3 * most), hex, text);
    }
}

static void add_body(struct paper *paper, const struct letter *letter)
{
    char size[FORMAT_SIZE];

    paper_printf(paper, STYLE_PLAIN, 0, "%s", "");
    paper_printf(paper, STYLE_HEAD, 0, "Body, %s%s",
                 format_bytes(size, sizeof(size), (double)letter->body_length),
                 letter->body_is_text ? "" : "; its bytes are no UTF-8");
    if (!letter->body || letter->body_length == 0)
        paper_printf(paper, STYLE_DIM, 0, "  it is empty");
    else if (!letter->body_is_text)
        add_hex(paper, (const unsigned char *)letter->body, letter->body_length);
    else if (!add_json(paper, letter))
        paper_add(paper, STYLE_PLAIN, 0, letter->body, letter->body_length);
}

/* -- headers ------------------------------------------------------------------------------------
 */

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void add_header(struct paper *paper, const char *name, const json_t *value)
{
    char *written =
        json_is_string(value) ? NULL : json_write(value, JSON_ENCODE_ANY | JSON_COMPACT);

    paper_printf(paper, STYLE_PLAIN, 4, "  %s: %s", name,
                 written                 ? written
                 : json_is_string(value) ? json_string_value(value)
                                         : "?");
    free(written);
}

static void add_headers(struct paper *paper, json_t *headers)
{
    size_t count = 0;
    const char **names = calloc(json_object_size(headers) + 1, sizeof(*names)), *name;
    json_t *value;

    paper_printf(paper, STYLE_PLAIN, 0, "%s", "");
    paper_printf(paper, STYLE_HEAD, 0, "Headers");
    if (!names) {
        paper->failed = true;
        return;
    }
    json_object_foreach(headers, name, value) names[count++] = name;
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++)
        add_header(paper, names[i], json_object_get(headers, names[i]));
    if (count == 0)
        paper_printf(paper, STYLE_DIM, 0, "  none are told");
    free(names);
}

/* -- what is known of it ------------------------------------------------------------------------
 */

enum { LABEL_COLUMNS = 14 };

static void add_text(struct paper *paper, const char *label, const char *text)
{
    if (text && *text)
        paper_printf(paper, STYLE_PLAIN, LABEL_COLUMNS + 1, "%-*s %s", LABEL_COLUMNS, label, text);
}

static void add_number(struct paper *paper, const char *label, int64_t number)
{
    if (number > 0)
        paper_printf(paper, STYLE_PLAIN, 0, "%-*s %" PRId64, LABEL_COLUMNS, label, number);
}

static void add_time(struct paper *paper, const char *label, int64_t ms, int64_t now_ms)
{
    char when[FORMAT_SIZE], ago[FORMAT_SIZE];

    if (ms <= 0)
        return;
    format_time(when, sizeof(when), ms, now_ms);
    if (ms <= now_ms)
        paper_printf(paper, STYLE_PLAIN, 0, "%-*s %s, %s ago", LABEL_COLUMNS, label, when,
                     format_seconds(ago, sizeof(ago), (double)(now_ms - ms) / 1000));
    else
        paper_printf(paper, STYLE_PLAIN, 0, "%-*s %s", LABEL_COLUMNS, label, when);
}

void letter_one_write(struct paper *paper, const struct letter *letter, const char *name,
                      int64_t now_ms)
{
    paper_printf(paper, STYLE_STRONG, 0, "Dead letter %" PRId64 "%s%s", letter->id,
                 letter->quarantined ? ", quarantined" : "",
                 letter->replaying ? ", being replayed" : "");
    add_text(paper, "subscription", name);
    add_text(paper, "its id", letter->subscription);
    add_text(paper, "type", letter->type);
    add_text(paper, "interaction", letter->interaction);
    add_text(paper, "reason", letter->reason);
    add_text(paper, "detail", letter->detail);
    add_text(paper, "verdict", letter->verdict);
    add_text(paper, "source", letter->source);
    add_number(paper, "attempts", letter->attempts);
    add_number(paper, "replays", letter->replays);
    add_time(paper, "event", letter->event_time_ms, now_ms);
    add_time(paper, "received", letter->received_ms, now_ms);
    add_time(paper, "first failed", letter->first_failed_ms, now_ms);
    add_time(paper, "died", letter->died_ms, now_ms);
    add_time(paper, "replay due", letter->replaying ? letter->due_ms : 0, now_ms);
    add_number(paper, "position", letter->position);
    add_number(paper, "part", letter->part);
    add_text(paper, "key", letter->key);
    add_headers(paper, letter->headers);
    add_body(paper, letter);
}

/* -- reading ------------------------------------------------------------------------------------
 */

static void forget(struct letters *letters)
{
    letter_page_release(&letters->one);
    letter_page_init(&letters->one);
    paper_release(&letters->paper);
    letters->paper.columns = 0;
}

static void answered(void *context, const struct ingest_answer *answer)
{
    struct top *top = context;
    struct letters *letters = top->letters;
    struct error error = answer->error;

    letters->one_ask = 0;
    top->dirty = true;
    forget(letters);
    *letters->one_problem = '\0';
    if (answer->end == INGEST_ANSWERED && answer->status == 404)
        snprintf(letters->one_problem, sizeof(letters->one_problem),
                 "is there no more: it was delivered or discarded");
    else if (error.code != ERROR_NONE ||
             !letter_page_read(&letters->one, answer->body, answer->length, &error))
        snprintf(letters->one_problem, sizeof(letters->one_problem),
                 "could not be read: %.400s; u tries again", error.text);
    else if (letters->one.count == 0)
        snprintf(letters->one_problem, sizeof(letters->one_problem),
                 "could not be read: the answer holds none; u tries again");
}

void letter_one_open(struct top *top, struct letters *letters, int64_t id)
{
    char path[64];

    if (letters->one_ask)
        wire_cancel(top->wire, letters->one_ask);
    if (id != letters->one_id) {
        forget(letters);
        letters->scroll[LETTERS_ONE] = 0;
    }
    *letters->one_problem = '\0';
    letters->one_id = id;
    snprintf(path, sizeof(path), "/v1/dlq/%" PRId64, id);
    letters->one_ask = wire_ask(top->wire, letters->at.endpoint, "GET", path, NULL, answered, top);
    if (!letters->one_ask)
        snprintf(letters->one_problem, sizeof(letters->one_problem),
                 "could not be read: there is no memory; u tries again");
    top->dirty = true;
}

void letter_one_close(struct top *top, struct letters *letters)
{
    if (letters->one_ask)
        wire_cancel(top->wire, letters->one_ask);
    letters->one_ask = 0;
    letters->one_id = 0;
    letters->scroll[LETTERS_ONE] = 0;
    forget(letters);
}

/* -- drawing ------------------------------------------------------------------------------------
 */

static void make_paper(struct top *top, struct letters *letters, const struct canvas *canvas)
{
    const struct letter *letter = &letters->one.letters[0];
    size_t row = fleet_find(top->fleet, letter->subscription);

    if (letters->paper.columns == canvas->width && letters->paper.ascii == canvas->ascii)
        return;
    paper_release(&letters->paper);
    paper_init(&letters->paper, canvas->width, canvas->ascii);
    letter_one_write(&letters->paper, letter,
                     row == SIZE_MAX ? "" : fleet_row(top->fleet, row)->name, top->now_ms);
}

void letter_one_draw(struct top *top, struct letters *letters, struct canvas *canvas)
{
    if (*letters->one_problem) {
        canvas_printf(canvas, 0, 0, canvas->width, STYLE_BAD, "Dead letter %" PRId64 " %s",
                      letters->one_id, letters->one_problem);
    } else if (letters->one.count == 0) {
        canvas_printf(canvas, 0, 0, canvas->width, STYLE_DIM, "Reading dead letter %" PRId64 " ...",
                      letters->one_id);
    } else {
        make_paper(top, letters, canvas);
        paper_draw(&letters->paper, canvas, &letters->scroll[LETTERS_ONE]);
    }
}
