/* Dead letters over the admin listener: what is asked, and what comes back. Pure: builds paths and
 * bodies, reads answers; ingest.h carries them.
 */
#ifndef API_DEAD_LETTER_H
#define API_DEAD_LETTER_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"

#include <jansson.h>
#include <stdint.h>

/* Which ones; NULL, 0 and -1: not asked for. Texts are borrowed. */
struct letter_filter {
    const char *subscription, *reason, *type, *interaction;
    int64_t since_ms, until_ms; /* when they died, since the epoch */
    int came_back;              /* 0, 1; -1: both */
    const int64_t *ids;         /* instead of all the others */
    size_t id_count;
};
void letter_filter_init(struct letter_filter *filter);
bool letter_filter_is_empty(const struct letter_filter *filter);

/* "/v1/dlq?subscription=…&limit=…", percent-encoded. Not for ids. */
void letter_list_path(struct buf *out, const struct letter_filter *filter, int64_t after_id,
                      int limit);

/* Appends a text as one segment of a path or one value of a query, percent-encoded. */
void letter_add_encoded(struct buf *out, const char *text);

/* The body of replay, discard and abort: {"reason", "by", "dry_run", "rate", selection}. An empty
 * filter is "all": true; `ids` without any selects none, never all. A rate of 0 is left out:
 * discard and abort know none. NULL: no memory, or what JSON cannot say (a rate that is no number,
 * a text that is not UTF-8). */
struct letter_act {
    const char *reason, *by; /* "": left out (a dry run needs none) */
    bool dry_run;
    double rate; /* a second; 0: all at once */
};
json_t *letter_act_body(const struct letter_filter *filter, const struct letter_act *act);
/* What the reply says: how many it counted, replayed, discarded or aborted. -1: not readable. */
int64_t letter_act_count(const char *body, size_t length);

/* Texts are never NULL ("" when not told) and borrowed from the page; numbers not told are 0. */
struct letter {
    int64_t id;
    bool replaying;
    const char *subscription, *type, *interaction, *reason, *detail, *source, *verdict;
    int64_t attempts, replays, received_ms, first_failed_ms, died_ms, due_ms, event_time_ms;
    int64_t position, part, body_bytes;
    bool quarantined;
    const char *key;
    json_t *headers;  /* of a whole one; borrowed from the page; NULL: not told */
    const char *body; /* of a whole one; may hold NULs, NUL behind it; NULL: not told */
    size_t body_length;
    bool body_is_text; /* false: the bytes were not UTF-8; they are decoded all the same */
};
struct letter_page {
    struct arena arena;
    json_t *top; /* keeps `headers` alive */
    struct letter *letters;
    size_t count;
    int64_t total, bytes, next_id; /* next: 0 when this was the last page */
};
void letter_page_init(struct letter_page *page);
void letter_page_release(struct letter_page *page);
/* Reads a list or one whole letter (then count is 1). The page is initialised and empty. False:
 * ERROR_INVALID (garbage, a member of another type, ids that do not ascend) or no memory, and the
 * page is released. */
MUST_CHECK bool letter_page_read(struct letter_page *page, const char *body, size_t length,
                                 struct error *error);

#endif
