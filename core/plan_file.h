/* A plan kept in a file, to be applied later just as it was read by somebody.
 *
 * It carries the organisation, the manifest's hash, every object as it was and as it shall be,
 * and a time after which it is not applied any more. A checksum tells a damaged file. It holds
 * no secret, but does hold the receivers' URLs: the file is written with mode 0600.
 *
 * Always holds after plan_file_read: plan's changes borrow from `before` and `after`, in the
 * order of the file.
 *
 * To change the format: raise the major number when an old eventctl would misread it.
 */
#ifndef CORE_PLAN_FILE_H
#define CORE_PLAN_FILE_H

#include "core/plan.h"

struct plan_file {
    char organization_id[64];
    char organization[256]; /* its name */
    char owner[MARKER_OWNER_MAX + 1];
    char manifest_hash[DIGEST_HEX + 1];
    int64_t created_s, expires_s; /* seconds since the epoch */
    bool prune;
    size_t already_done;    /* set by plan_file_compare */
    json_t *manifest_paths; /* array of texts, as given; owned */
    json_t *wish;           /* of core/publication.h; owned; NULL: an older eventctl's plan */
    struct object_list before, after;
    struct plan plan;
};

void plan_file_init(struct plan_file *file);
void plan_file_release(struct plan_file *file);

/* plan->changes and the head of `file` (its lists and plan are not looked at) as a file's text. The
 * caller frees it; NULL: no memory. */
char *plan_file_text(const struct plan_file *file, const struct plan *plan, struct error *error);

/* Writes plan->changes and the head of `file` (its lists and plan are not looked at) to a new file
 * that takes the place of `path` at once, or not at all. */
MUST_CHECK bool plan_file_write(const char *path, const struct plan_file *file,
                                const struct plan *plan, struct error *error);

/* Whether the file says that it is a plan, be it of another version, expired or damaged. */
bool plan_file_is_one(const char *path);

/* ERROR_INVALID: not a plan, damaged, or of another major format. */
MUST_CHECK bool plan_file_read(const char *path, struct plan_file *file, struct error *error);

/* Compares the planned state with the listing. A change whose object already is as it shall be is
 * taken out of the plan and counted in `already_done`: an apply that was cut off goes on with the
 * same file. A change whose object moved since (another lock version or content, gone, or come into
 * being) is reported to `moved`, with the live object or NULL. Returns how many moved, or -1: no
 * memory. */
typedef void (*plan_moved)(void *context, const struct plan_change *change,
                           const struct object *live);
long plan_file_compare(struct plan_file *file, const struct object_list *live, plan_moved moved,
                       void *context);

#endif
