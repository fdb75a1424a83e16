#include "ctl/render.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT_MAX_BYTES = 1024 * 1024 * 1024 };

const struct renderer render_table[] = {
    {"text", render_text},
    {"json", render_json},
    {NULL, NULL},
};

static const struct renderer *find_renderer(const char *name, size_t length)
{
    for (const struct renderer *row = render_table; row->name; row++)
        if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
            return row;
    return NULL;
}

static bool choose(struct render_plan *plan, const struct options *options, struct error *error)
{
    size_t streams = 0;

    for (size_t i = 0; i < options->outputs.count; i++) {
        const char *wanted = options->outputs.items[i];
        size_t length = strcspn(wanted, "=");
        const struct renderer *renderer = find_renderer(wanted, length);
        if (!renderer)
            return error_set(error, ERROR_INVALID,
                             "no output format \"%s\"; there are text and json", wanted);
        if (wanted[length] && !wanted[length + 1])
            return error_set(error, ERROR_INVALID, "-o %s names no file", wanted);
        if (plan->count == sizeof(plan->sinks) / sizeof(plan->sinks[0]))
            return error_set(error, ERROR_INVALID, "too many -o");
        plan->sinks[plan->count++] =
            (struct render_sink){renderer, wanted[length] ? wanted + length + 1 : NULL};
        streams += wanted[length] == '\0';
        if (streams > 1)
            return error_set(error, ERROR_INVALID,
                             "two formats for one stdout; give one a file: -o json=FILE");
    }
    return true;
}

static bool check_color(const struct options *options, struct error *error)
{
    const char *color = options->color;

    return !color || strcmp(color, "auto") == 0 || strcmp(color, "always") == 0 ||
           strcmp(color, "never") == 0 ||
           error_set(error, ERROR_INVALID, "--color takes auto, always or never, not \"%s\"",
                     color);
}

bool render_choose(struct render_plan *plan, const struct options *options, struct error *error)
{
    const struct renderer *on_stdout = &render_table[0];
    bool ok;

    plan->count = 0;
    ok = check_color(options, error) && choose(plan, options, error);
    if (!ok) { /* the error itself is told once, as JSON to whoever asked for that */
        for (size_t i = 0; i < options->outputs.count; i++)
            if (strcmp(options->outputs.items[i], "json") == 0)
                on_stdout = find_renderer("json", 4);
        plan->count = 0;
    }
    if (plan->count == 0)
        plan->sinks[plan->count++] = (struct render_sink){on_stdout, NULL};
    return ok;
}

bool render_color(const struct options *options, int fd)
{
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");

    if (options->color && strcmp(options->color, "auto") != 0)
        return strcmp(options->color, "always") == 0;
    if (no && *no)
        return false;
    if (force && *force && strcmp(force, "0") != 0)
        return true;
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

static void write_failed(struct report *report, const char *path)
{
    struct error error = ERROR_INIT;

    error_set(&error, ERROR_FAILED, "the output could not be written to %s: %s",
              path ? path : "stdout", strerror(errno));
    if (report->error.code == ERROR_NONE || report->error.code == ERROR_CHANGES)
        report->error = error;
}

/* Renders to one sink. */
static void render_to(const struct render_sink *sink, const struct options *options,
                      struct report *report)
{
    int fd = sink->path ? open(sink->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
                        : STDOUT_FILENO;
    bool color;
    struct buf out;

    if (fd < 0) {
        write_failed(report, sink->path);
        return;
    }
    color = render_color(options, fd);
    buf_init(&out, OUTPUT_MAX_BYTES);
    sink->renderer->render(&out, report, color);
    if (out.failed)
        errno = ENOMEM;
    if (out.failed || !file_write_all(fd, buf_text(&out), out.length))
        write_failed(report, sink->path);
    if (sink->path && close(fd) < 0)
        write_failed(report, sink->path);
    buf_release(&out);
}

void render_report(const struct render_plan *plan, const struct options *options,
                   struct report *report)
{
    bool shown = report->plan_shown;

    if (report->streamed)
        return;
    for (size_t i = 0; i < plan->count; i++) {
        /* Only the stream on which it was shown already does without the plan. */
        report->plan_shown = shown && !plan->sinks[i].path;
        render_to(&plan->sinks[i], options, report);
    }
}

void render_plan_now(const struct render_plan *plan, const struct options *options,
                     struct report *report)
{
    bool text_on_stdout = false;
    struct buf out;

    for (size_t i = 0; i < plan->count; i++)
        text_on_stdout |= !plan->sinks[i].path && plan->sinks[i].renderer->render == render_text;
    int fd = text_on_stdout ? STDOUT_FILENO : STDERR_FILENO;
    if (!text_on_stdout && options->quiet && options->yes)
        return;
    buf_init(&out, OUTPUT_MAX_BYTES);
    render_text_plan(&out, report, render_color(options, fd));
    buf_add_char(&out, '\n');
    if (out.failed || !file_write_all(fd, buf_text(&out), out.length))
        write_failed(report, NULL);
    buf_release(&out);
    report->plan_shown = text_on_stdout;
}

/* Of a report without a plan, whose text has them. */
static void add_notes(struct buf *out, const struct report *report)
{
    for (const char *line = buf_text(&report->notes); *line;) {
        size_t length = strcspn(line, "\n");
        buf_printf(out, "eventctl: note: %.*s\n", (int)length, line);
        line += length + 1;
    }
}

void render_errors(const struct options *options, const struct report *report)
{
    bool color = render_color(options, STDERR_FILENO);
    struct buf out;

    buf_init(&out, OUTPUT_MAX_BYTES);
    for (size_t i = 0; i < report->diags.count; i++)
        diag_print(&out, &report->diags.entries[i]);
    if (report->diags.dropped > 0)
        buf_printf(&out, "and %zu more findings\n", report->diags.dropped);
    if (!report->plan && !options->quiet)
        add_notes(&out, report);
    if (report->error.code != ERROR_NONE && report->error.text[0]) {
        buf_printf(&out, "%seventctl: error: %s", color ? "\033[1;31m" : "",
                   color ? "\033[0m" : "");
        text_add_safe(&out, report->error.text, strlen(report->error.text));
        buf_add_char(&out, '\n');
    }
    (void)!file_write_all(STDERR_FILENO, buf_text(&out), out.length);
    buf_release(&out);
}
