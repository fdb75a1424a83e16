/* The shapes of events: which ones were seen, and what of them is new. */
#include "ctl/command.h"

#include "core/text.h"
#include "ctl/ask.h"
#include "ctl/baseline.h"
#include "ctl/stage.h"

#include <string.h>

enum { CANDIDATES_MOST = 1000 };

/* -- asking -------------------------------------------------------------------------------------
 */

static bool ask_one(struct ask *ask, size_t endpoint, struct report *report, struct error *error)
{
    const char *name = report->endpoints.items[endpoint].name;
    int64_t others = 0;
    struct buf body;
    bool ok;

    buf_init(&body, ASK_BODY_MAX_BYTES);
    ok = ask_get(ask, endpoint, "/v1/shapes", &body, error) &&
         (shapes_read(&report->shapes, name, buf_text(&body), body.length, &others, error) ||
          ask_misread(ask, endpoint, error));
    if (others > 0)
        report_note(report,
                    "endpoint %s: %lld events are of shapes that it had no room for "
                    "(shapes.per_type)",
                    name, (long long)others);
    buf_release(&body);
    return ok;
}

/* What one endpoint cannot tell does not hide what others can; the first error is the command's. */
static void ask_all(const struct options *options, struct report *report)
{
    struct ask *ask = NULL;
    bool ok = stage_endpoints(options, report, &ask);

    for (size_t i = 0; ok && i < report->endpoints.count; i++) {
        struct error why = ERROR_INIT;
        if (ask_one(ask, i, report, &why))
            continue;
        if (report->error.code == ERROR_NONE)
            report->error = why;
        else
            report_note(report, "%s", why.text);
    }
    ask_free(ask);
    shapes_sort(&report->shapes.seen);
}

/* Keeps those of the type alone. A type that nobody has seen is a slip of the hand. */
static bool keep_type(struct shape_list *list, const char *type, struct error *error)
{
    const char *candidates[CANDIDATES_MOST + 1];
    size_t kept = 0, count = 0;
    const char *nearest;

    if (!type)
        return true;
    for (size_t i = 0; i < list->count && count < CANDIDATES_MOST; i++)
        if (i == 0 || strcmp(list->items[i].type, list->items[i - 1].type) != 0)
            candidates[count++] = list->items[i].type;
    candidates[count] = NULL;
    nearest = text_nearest(type, candidates);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].type, type) == 0)
            list->items[kept++] = list->items[i];
    list->count = kept;
    return kept > 0 ||
           error_set(error, ERROR_INVALID, "no event of type %s was seen%s%s%s", type,
                     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* -- list ---------------------------------------------------------------------------------------
 */

static void run_list(const struct options *options, const struct option_words *words,
                     struct report *report)
{
    (void)words;
    ask_all(options, report);
    report->shapes.has_list = keep_type(&report->shapes.seen, options->type, &report->error) &&
                              report->endpoints.count > 0;
}

/* -- diff, accept -------------------------------------------------------------------------------
 */

/* Fills the news. False: the error says why what is known of them must not be taken for all. */
static bool compare(const struct options *options, struct report *report)
{
    struct shapes *shapes = &report->shapes;

    if (!baseline_find(shapes, options, &report->error) || !baseline_read(shapes, &report->error))
        return false;
    ask_all(options, report);
    if (!keep_type(&shapes->seen, options->type, &report->error))
        return false;
    if (report->endpoints.count > 0 && !shapes_compare(shapes))
        return error_no_memory(&report->error);
    return report->error.code == ERROR_NONE;
}

static void run_diff(const struct options *options, const struct option_words *words,
                     struct report *report)
{
    (void)words;
    if (!compare(options, report))
        return;
    if (!report->shapes.has_baseline)
        report_note(report, "there is no %s yet; `eventctl shapes accept` makes it",
                    report->shapes.path);
    if (report->shapes.news_count > 0)
        report->error.code = ERROR_CHANGES;
}

static void run_accept(const struct options *options, const struct option_words *words,
                       struct report *report)
{
    struct shapes *shapes = &report->shapes;

    (void)words;
    shapes->accepts = true;
    if (!compare(options, report)) {
        struct error why = report->error;
        report->error = ERROR_INIT;
        error_set(&report->error, why.code, "%s; nothing was written", why.text);
    } else if (shapes->news_count > 0) {
        (void)!baseline_write(shapes, &report->error);
    }
}

/* -- the commands -------------------------------------------------------------------------------
 */

const struct command command_shapes_list = {
    .name = "shapes list",
    .words = "",
    .summary = "the shapes of events that ingest endpoints have seen",
    .groups = GROUP_ENDPOINT | GROUP_SHAPES,
    .details = "A shape is which fields with which types an event has. One a line, by event type;\n"
               "-o json tells the fields.\n",
    .run = run_list,
};

const struct command command_shapes_diff = {
    .name = "shapes diff",
    .words = "",
    .summary = "what is new of them: exit 2 when a shape is not in the baseline",
    .groups = GROUP_ENDPOINT | GROUP_SHAPES | GROUP_BASELINE,
    .details = "For each event type the fields that no known shape has (+), those that all known\n"
               "shapes have and a new one has not (-), and those of another type (~). New shapes\n"
               "without any of these combine known fields in a new way.\n",
    .run = run_diff,
};

const struct command command_shapes_accept = {
    .name = "shapes accept",
    .words = "",
    .summary = "take what is new into the baseline, a file beside the manifest",
    .groups = GROUP_ENDPOINT | GROUP_SHAPES | GROUP_BASELINE,
    .details =
        "Shapes are added, none is taken away. Nothing is written unless every endpoint has\n"
        "answered. The same shapes make the same bytes, for a repository to keep.\n",
    .run = run_accept,
};
