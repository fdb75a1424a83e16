/* The durable queue: requests as they came, in the order of their storing. The narrow place where a
 * broker could stand instead of the embedded SQLite (queue_sqlite.c).
 *
 * It is a log: it appends, reads from a position, and trims its oldest end. What became of an event
 * is not its business (ledger.h).
 *
 * Always holds: what queue_append returned true for is on disk (synced) and is read again after any
 * crash; what it returned false for is never acknowledged. Positions only grow, and no
 * position is given twice, not even after a trim of everything and a restart.
 *
 * Threads: one appends, trims and reopens (the writer); any number read, each with a reader of its
 * own; one checkpoints. queue_stat may be called from any.
 */
#ifndef INGEST_QUEUE_H
#define INGEST_QUEUE_H

#include "core/error.h"
#include "ingest/arrival.h"
#include "ingest/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;
struct queue_reader;

/* Why the queue cannot take anything now. */
enum queue_trouble {
    QUEUE_FINE,
    QUEUE_FULL,    /* the disk, or its reserve is reached */
    QUEUE_BUSY,    /* another process holds it */
    QUEUE_IO,      /* reading, writing or syncing failed */
    QUEUE_CORRUPT, /* what is there is not what was written */
    QUEUE_TROUBLES
};
const char *queue_trouble_word(enum queue_trouble trouble); /* "full": stable, in logs, metrics */

/* Opens or creates folder/queue.db. NULL: the error says why (ERROR_INVALID when the file is
 * newer than this program, or no queue). Both arguments are copied from. */
struct queue *queue_open(const char *folder, const struct config_queue *options,
                         struct error *error);
void queue_close(struct queue *queue);

/* Stores all of them in one commit and syncs it; sets their positions. False: none is stored,
 * *trouble and the error say why, and the next call tries with a fresh connection where that can
 * help. */
MUST_CHECK bool queue_append(struct queue *queue, struct arrival *const *arrivals, size_t count,
                             enum queue_trouble *trouble, struct error *error);

/* Removes at most `most` requests before `position`, oldest first, as far as the retention allows
 * it (older than the age, or beyond the size). *removed says how many. One short commit. */
MUST_CHECK bool queue_trim(struct queue *queue, int64_t before_position, size_t most,
                           size_t *removed, struct error *error);

/* Copies what the write-ahead log holds into the database, never on the writer's thread. Blocks
 * appends only for the last few pages. Does nothing when the log is shorter than the options say,
 * unless `all`. */
MUST_CHECK bool queue_checkpoint(struct queue *queue, bool all, struct error *error);

struct queue_stat {
    int64_t first, last; /* positions; first > last when empty */
    int64_t bytes;       /* of its files on disk */
    int64_t wal_bytes;   /* of these, the write-ahead log's */
    int64_t free_bytes;  /* of the disk */
    int64_t reserve_bytes;
    enum queue_trouble trouble; /* what the last append met */
};
void queue_stat(struct queue *queue, struct queue_stat *stat);

/* -- reading -------------------------------------------------------------------------------- */

struct queue_reader *queue_reader_open(struct queue *queue, struct error *error);
void queue_reader_close(struct queue_reader *reader);

/* Reads up to `most` requests from `from` on, whole, or up to about `bytes`; of one subscription
 * when that is not NULL, and with *next set to where to go on (rows of others are skipped without
 * their bodies being read, at most `most` * 64 a call). The caller releases each of them.
 *
 * False: nothing was read, to be tried again later. A row that cannot be read for a while, when
 * others can, is given up with those beside it: *count is 0 then, and *unreadable says how many
 * positions before *next are passed over (of a subscription or of others: nobody can tell). */
MUST_CHECK bool queue_read(struct queue_reader *reader, int64_t from, const char *subscription,
                           size_t most, size_t bytes, struct arrival *out, size_t *count,
                           int64_t *next, size_t *unreadable, struct error *error);

/* How long a row that cannot be read is waited for, instead of ten seconds. */
void queue_reader_patience(struct queue_reader *reader, int64_t patience_ms);

/* Calls `each` for all requests from `from` on, without bodies (body NULL, body_bytes set): for
 * counting at the start. The arrival and what it points to are borrowed. Waits for what cannot be
 * read, then passes it over; *last_unreadable is the last such position, 0: there is none. */
MUST_CHECK bool queue_scan(struct queue_reader *reader, int64_t from,
                           void (*each)(void *context, const struct arrival *arrival),
                           void *context, int64_t *last_unreadable, struct error *error);

#endif
