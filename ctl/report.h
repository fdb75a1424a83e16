/* Everything that a run of a command found out: what commands fill and renderers read.
 *
 * Always holds: error.code is what the program will exit with; parts that were not reached are
 * empty. The report owns all of it, so that one release frees a run, whichever way it went, and
 * objects that a plan borrows live as long as it does.
 */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include "api/remote.h"
#include "core/diag.h"
#include "core/manifest.h"
#include "core/plan_file.h"
#include "ctl/apply.h"
#include "ctl/endpoints.h"
#include "ctl/outcome.h"
#include "ctl/publish.h"
#include "ctl/settings.h"
#include "ctl/shapes.h"

/* An object of a saved plan that is not as it was. */
struct report_moved {
    struct plan_change change;
    const struct object *live; /* NULL: gone */
};

struct report {
    const char *command;
    struct error error;
    struct settings settings;
    struct diag_list diags;
    struct manifest manifest;
    bool has_manifest;
    struct remote_identity identity; /* organization "" until known */
    struct remote_listing listing;
    struct object_list desired;
    struct plan made;
    struct plan_file saved;
    const struct plan *plan; /* &made or &saved.plan; NULL: none */
    bool plan_shown;         /* the text of the plan is on the screen already */
    bool streamed;           /* stdout has it all, line by line: nothing is rendered at the end */
    struct error allowed;    /* why an apply of this plan would be refused; NONE: it would not */
    struct report_moved *moved;
    size_t moved_count;
    struct apply apply;
    bool has_apply;
    const struct object **objects; /* list, show */
    size_t object_count;
    bool has_objects;
    struct endpoints endpoints; /* dlq, pause, resume */
    struct outcome outcome;
    struct shapes shapes;   /* shapes list, diff, accept */
    struct publish publish; /* plan, apply, check: what the paired endpoints are told */
    json_t *facts;          /* auth status, version: an object, shown in its order */
    char *document;         /* help, schema: a text as it stands */
    struct buf notes;       /* one line each: what a reader should know beside the data */
};

void report_init(struct report *report, const char *command);
void report_release(struct report *report);

/* Adds one line to the notes; control characters are made safe. */
void report_note(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
