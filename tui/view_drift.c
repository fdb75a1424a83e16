/* The plan as `eventctl plan` prints it, read again quietly, and who changed what has drifted. */
#include "tui/view.h"

#include "core/buf.h"
#include "core/json.h"
#include "tui/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MOST = 4096 };

/* -- lines ----------------------------------------------------------------------------------------
 */

struct drift_line {
    char *text;
    enum style style;
};
struct drift_lines {
    struct drift_line *lines;
    size_t count, capacity;
};

static void lines_free(struct drift_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->lines[i].text);
    free(lines->lines);
    *lines = (struct drift_lines){.lines = NULL};
}

/* Without memory a line is left out. */
__attribute__((format(printf, 3, 4))) static void
lines_add(struct drift_lines *lines, enum style style, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity ? 2 * lines->capacity : 64;
        struct drift_line *more = realloc(lines->lines, capacity * sizeof(*more));
        if (!more)
            return;
        lines->lines = more;
        lines->capacity = capacity;
    }
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0)
        lines->lines[lines->count++] = (struct drift_line){text, style};
    va_end(arguments);
}

/* By the sign that a line begins with. */
static enum style style_of(const char *line)
{
    static const struct {
        const char *sign;
        enum style style;
    } rows[] = {{"-/+", STYLE_CHANGE}, {"+/-", STYLE_CHANGE}, {"+", STYLE_ADD},
                {"-", STYLE_REMOVE},   {"~", STYLE_CHANGE},   {"!", STYLE_BAD}};

    line += strspn(line, " ");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strncmp(line, rows[i].sign, strlen(rows[i].sign)) == 0)
            return rows[i].style;
    return STYLE_PLAIN;
}

static void add_who(struct drift_lines *lines, const json_t *entry, int64_t now_ms)
{
    const char *name = json_text(entry, "name");
    const json_t *by;
    size_t i;

    json_array_foreach(json_object_get(entry, "by"), i, by)
    {
        char when[FORMAT_SIZE];
        const char *who = json_text(by, "who"), *from = json_text(by, "from");
        const char *what = json_text(by, "what"), *changed = json_text(by, "changed");

        format_time(when, sizeof(when), json_integer_value(json_object_get(by, "at_ms")), now_ms);
        lines_add(lines, STYLE_PLAIN, "  %s  %s  %s by %s%s%s%s%s", when, name ? name : "?",
                  what ? what : "changed", who && *who ? who : "somebody",
                  from && *from ? " from " : "", from ? from : "", changed && *changed ? ": " : "",
                  changed ? changed : "");
    }
}

static void add_all_who(struct drift_lines *lines, const json_t *snapshot, int64_t now_ms)
{
    const json_t *entry;
    size_t i, before = lines->count;

    lines_add(lines, STYLE_HEAD, "Who, by the audit log");
    json_array_foreach(json_object_get(snapshot, "subscriptions"), i, entry)
    {
        add_who(lines, entry, now_ms);
    }
    if (lines->count == before + 1)
        lines_add(lines, STYLE_DIM, "  it tells nothing of what has drifted");
}

static bool has_drifted(const json_t *snapshot)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(snapshot, "subscriptions"), i, entry)
    {
        const char *drift = json_text(entry, "drift");
        if (drift && strcmp(drift, "drifted") == 0)
            return true;
    }
    return false;
}

static void add_age(struct drift_lines *lines, const struct top *top, const json_t *snapshot)
{
    const char *organization = json_text(snapshot, "organization");
    char when[FORMAT_SIZE];

    format_time(when, sizeof(when), json_integer_value(json_object_get(snapshot, "read_ms")),
                top->now_ms);
    lines_add(lines, STYLE_DIM, "read at %s%s%s", when,
              organization && *organization ? " from " : "", organization ? organization : "");
}

static void add_plan(struct drift_lines *lines, const json_t *snapshot)
{
    const json_t *plan = json_object_get(snapshot, "plan"), *line;
    size_t i;

    json_array_foreach(plan, i, line)
    {
        const char *text = json_string_value(line);
        lines_add(lines, style_of(text ? text : ""), "%.*s", LINE_BYTES_MOST, text ? text : "");
    }
    if (json_array_size(plan) == 0)
        lines_add(lines, STYLE_DIM,
                  "No manifest was given, so that nothing can be told to have drifted; see "
                  "`eventctl top --help`.");
}

static void make_lines(struct drift_lines *lines, const struct top *top)
{
    const json_t *snapshot = top->genesys_now;
    const char *problem = json_text(snapshot, "error");

    if (!snapshot) {
        lines_add(lines, STYLE_DIM,
                  wire_is_replay(top->wire) ? "Nothing of Genesys Cloud was recorded yet."
                  : top->genesys            ? "Genesys Cloud is being read."
                                 : "Genesys Cloud is not asked: no credentials were given.");
        return;
    }
    if (problem)
        lines_add(lines,
                  json_is_true(json_object_get(snapshot, "refused")) ? STYLE_ALARM : STYLE_BAD,
                  "%s", problem);
    if (!json_object_get(snapshot, "read_ms"))
        return;
    add_age(lines, top, snapshot);
    lines_add(lines, STYLE_PLAIN, "%s", "");
    add_plan(lines, snapshot);
    if (has_drifted(snapshot)) {
        lines_add(lines, STYLE_PLAIN, "%s", "");
        add_all_who(lines, snapshot, top->now_ms);
    }
}

/* -- the view
 * -------------------------------------------------------------------------------------- */

static const char *line_of(void *context, size_t n, enum style *style)
{
    const struct drift_lines *lines = context;

    *style = lines->lines[n].style;
    return lines->lines[n].text;
}

static void draw(struct top *top, struct canvas *canvas)
{
    struct drift_lines made = {.lines = NULL};
    struct view_lines lines = {.line = line_of, .context = &made};

    make_lines(&made, top);
    lines.count = made.count;
    view_draw_lines(canvas, &lines, &top->scroll[VIEW_DRIFT]);
    lines_free(&made);
}

static bool on_request(struct top *top, enum top_request request)
{
    if (request == REQUEST_REFRESH && top->genesys) {
        genesys_again(top->genesys);
        return true;
    }
    return view_scroll(&top->scroll[VIEW_DRIFT], request, view_page(top));
}

const struct view view_drift = {.title = "Drift", .draw = draw, .request = on_request};
