/* From a report to text: one row a format, so that a further one is a function and a row.
 */
#ifndef CTL_RENDER_H
#define CTL_RENDER_H

#include "ctl/option.h"
#include "ctl/report.h"

struct renderer {
    const char *name; /* "-o NAME" */
    /* Appends the data of the report. `color`: escape codes are wanted. */
    void (*render)(struct buf *out, const struct report *report, bool color);
};

/* Ends with a NULL name. */
extern const struct renderer render_table[];

/* Where output goes: formats and files as -o gave them, "text" to stdout unless told. */
struct render_sink {
    const struct renderer *renderer;
    const char *path; /* NULL: stdout */
};
struct render_plan {
    struct render_sink sinks[8];
    size_t count;
};
/* False: -o or --color is wrong; the error then goes to stdout alone, as JSON where that was asked
 * for. */
MUST_CHECK bool render_choose(struct render_plan *plan, const struct options *options,
                              struct error *error);

/* Writes the report to every sink. A file or pipe that cannot be written sets report->error, unless
 * it holds one already. */
void render_report(const struct render_plan *plan, const struct options *options,
                   struct report *report);

/* Shows the plan at once, before an apply asks or starts: on stdout when text goes there, else
 * on stderr. */
void render_plan_now(const struct render_plan *plan, const struct options *options,
                     struct report *report);

/* Findings and the error, on stderr. */
void render_errors(const struct options *options, const struct report *report);

/* Whether escape codes are wanted on a stream: --color, NO_COLOR, CLICOLOR_FORCE, TERM, and
 * whether it is a terminal. */
bool render_color(const struct options *options, int fd);

/* The renderers' own. */
void render_text(struct buf *out, const struct report *report, bool color);
void render_text_plan(struct buf *out, const struct report *report, bool color);
void render_text_outcome(struct buf *out, const struct report *report);
void render_json(struct buf *out, const struct report *report, bool color);
void render_text_overrides(struct buf *out, const struct plan *plan, bool color);
void render_text_expired(struct buf *out, const struct plan_change *change, int64_t now_s);
json_t *render_json_overrides(const struct plan *plan);
void render_text_publish(struct buf *out, const struct publish *publish, bool color);
void render_text_publish_sum(struct buf *out, const struct publish *publish);
void render_text_published(struct buf *out, const struct publish *publish, bool color);
void render_text_published_sum(struct buf *out, const struct publish *publish);
void render_json_publish(json_t *json, const struct publish *publish); /* adds "ingest" */
json_t *render_json_text(const char *text);           /* valid, whatever bytes it has */
json_t *render_json_error(const struct error *error); /* null when there is none */
void render_text_shapes(struct buf *out, const struct report *report, bool color);
void render_json_shapes(json_t *json, const struct shapes *shapes); /* adds its members */
/* Adds the outcome's members. */
void render_json_outcome(json_t *json, const struct outcome *outcome);

#endif
