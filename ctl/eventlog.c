#include "ctl/eventlog.h"

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "ctl/moment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 * 1024 };

static const char *const levels[] = {"debug", "info", "warning", "error"};

static bool is_plain(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("-_.:/@,+", *text))
            return false;
    return true;
}

static void add_text(struct buf *out, const char *text)
{
    struct buf safe;

    buf_init(&safe, LINE_MAX_BYTES);
    text_add_safe(&safe, text, strlen(text));
    if (is_plain(buf_text(&safe)))
        buf_add_text(out, buf_text(&safe));
    else
        json_add_string(out, buf_text(&safe), safe.length);
    out->failed |= safe.failed;
    buf_release(&safe);
}

static void add_list(struct buf *out, const json_t *list)
{
    const json_t *one;
    struct buf text;
    size_t i;

    buf_init(&text, LINE_MAX_BYTES);
    json_array_foreach(list, i, one)
    {
        const char *word = json_string_value(one);
        buf_printf(&text, "%s%s", i > 0 ? "," : "", word ? word : "");
    }
    add_text(out, buf_text(&text));
    out->failed |= text.failed;
    buf_release(&text);
}

static void add_words(struct buf *out, const json_t *line)
{
    const json_t *value;
    const char *key;

    json_object_foreach((json_t *)line, key, value)
    {
        buf_printf(out, "%s%s=", out->length > 0 ? " " : "", key);
        if (json_is_string(value))
            add_text(out, json_string_value(value));
        else if (json_is_array(value))
            add_list(out, value);
        else
            json_add_canonical(out, value);
    }
}

static void add_json(struct buf *out, const json_t *line)
{
    char *text = json_write(line, JSON_COMPACT | JSON_ENSURE_ASCII);

    if (text)
        buf_add_text(out, text);
    else
        out->failed = true;
    free(text);
}

/* The whole line as an object, without its nulls; NULL: no memory. */
static json_t *make_line(enum log_level level, const char *event, const json_t *members)
{
    json_t *line;
    const json_t *value;
    const char *key;
    struct buf time;
    bool ok = members != NULL;

    buf_init(&time, 64);
    moment_add(&time, clock_unix_us() / 1000);
    line = json_pack("{s:s, s:s, s:s}", "time", buf_text(&time), "level", levels[level], "event",
                     event);
    buf_release(&time);
    json_object_foreach((json_t *)members, key, value)
    {
        if (!json_is_null(value))
            ok = ok && json_object_set(line, key, (json_t *)value) == 0;
    }
    if (ok)
        return line;
    json_decref(line);
    return NULL;
}

void eventlog_write(struct eventlog *log, enum log_level level, const char *event, json_t *members)
{
    json_t *line = make_line(level, event, members);
    struct buf out;

    buf_init(&out, LINE_MAX_BYTES);
    if (!line)
        out.failed = true;
    else if (log->json)
        add_json(&out, line);
    else
        add_words(&out, line);
    buf_add_char(&out, '\n');
    if (!log->failed)
        log->failed = out.failed || !file_write_all(STDOUT_FILENO, out.data, out.length);
    buf_release(&out);
    json_decref(line);
    json_decref(members);
}
