/* The ledger's own parts, shared by ledger.c (opening, committing), ledger_op.c (what the dispatch
 * writes), ledger_letter.c, ledger_dead.c and
 * ledger_sums.c (dead letters), ledger_read.c (the start), ledger_rescue.c (a broken one) and
 * ledger_notes.c (shapes, actions, documents).
 *
 * What the dispatch writes becomes a small op in a list, under `listing`, and costs it no more. A
 * thread applies the list in order, in one transaction, under `lock`, which also guards the
 * connection and the sums; what must be seen by a reading is applied before it. Ops leave the list
 * when their commit succeeded; after a failure they stay, and are applied again.
 *
 * Order of locks: `lock`, then `listing`.
 */
#ifndef INGEST_LEDGER_STORE_H
#define INGEST_LEDGER_STORE_H

#include "core/arena.h"
#include "ingest/ledger.h"
#include "ingest/sqlite.h"

#include <pthread.h>
#include <stdatomic.h>

/* Statements that are kept; their SQL is a table in ledger.c. */
enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_ADVANCE,
    SQL_SEEN,
    SQL_UNPARK,
    SQL_PARK,
    SQL_DEAD_SUM, /* what the sums know of one dead letter */
    SQL_DEAD_INSERT,
    SQL_DEAD_BACK,
    SQL_DEAD_DELETE,
    SQL_DEAD_REPLAY,
    SQL_DEAD_WAIT,
    SQL_DEAD_GIVEN,
    SQL_DEAD_RECALL,
    SQL_DEAD_NEXT_DUE,
    SQL_DEAD_OLDEST,
    SQL_DEAD_EXPIRED,
    SQL_GONE,
    SQL_GONE_TRIM,
    SQL_SHAPE,
    SQL_SEEN_TRIM,
    SQL_READ_POSITIONS,
    SQL_READ_SEEN,
    SQL_READ_PARKED,
    SQL_READ_PLACES,
    SQL_READ_SHAPES,
    SQL_ACTION,
    SQL_ACTIONS,
    SQL_KEEP,
    SQL_KEPT,
    SQL_COUNT
};

enum op_kind { OP_ADVANCE, OP_DELIVERED, OP_DROPPED, OP_PARKED, OP_BURY, OP_SHAPE, OP_RECALLED };

struct op {
    struct op *next;
    enum op_kind kind;
    union {
        struct {
            int64_t position;
            const char *subscription;
        } advance;
        struct {
            struct event_place place;
            int64_t at_s, dead_id;
            uint8_t key[EVENT_KEY_BYTES];
        } delivered;
        struct {
            struct event_place place;
            int64_t dead_id;
        } dropped;
        int64_t recalled; /* a dead letter's id */
        struct parked_event parked;
        struct dead_letter letter;
        struct {
            int64_t at_us;
            const char *type, *hash, *fields, *sample;
            size_t sample_bytes;
        } shape;
    };
};

struct op_list {
    struct op *first, **end;
    size_t count;
};

/* Dead letters of one subscription and reason. */
struct dead_sum {
    char *subscription, *reason;
    int64_t count, came_back, oldest_us;
    bool oldest_stale; /* the oldest has gone: to be looked up */
};

struct dead_sums {
    struct dead_sum *items;
    size_t count, size;
    int64_t bytes;
    bool stale; /* a transaction that changed them was undone: to be counted again */
};

struct ledger {
    char *path, *log_path, *index_path;
    struct ledger_options options;

    pthread_mutex_t lock;
    /* under it: */
    sqlite3 *db; /* NULL: to be opened by the next use */
    sqlite3_stmt *statements[SQL_COUNT];
    struct op_list applying; /* taken from `waiting`, and not committed yet */
    struct dead_sums sums;
    int64_t seen_newest_s; /* the age of keys is measured from it */
    int64_t seen_trimmed_s;
    int log_pages;

    pthread_mutex_t listing;
    /* under it: */
    struct op_list waiting;
    int64_t bury_bytes; /* of letters in the two lists that are not in the sums */
    bool stopping;
    bool frozen; /* an op was lost for want of memory: no position may pass it */
    pthread_cond_t wake;

    _Atomic int64_t dead_bytes;  /* the sums' and bury_bytes */
    _Atomic int64_t next_due_us; /* when the next dead letter is to be replayed */
    atomic_size_t backlog;       /* ops in both lists */
    atomic_bool failing;         /* the last commit did not succeed */
    pthread_t thread;
    bool started;
};

/* -- ledger.c; `lock` is held ----------------------------------------------------------------- */

/* Opens what is not open, and commits all ops. */
MUST_CHECK bool ledger_settle(struct ledger *ledger, struct error *error);
/* A transaction of what a person did, after all ops: begin, …, and end, which syncs. `ok` false:
 * it is undone. Returns whether it holds. */
MUST_CHECK bool ledger_begin(struct ledger *ledger, struct error *error);
MUST_CHECK bool ledger_end(struct ledger *ledger, bool ok, bool sync, struct error *error);

bool ledger_failed(struct ledger *ledger, const char *doing, struct error *error);

/* -- ledger_rescue.c; before anything else runs ----------------------------------------------- */

/* Looks at all of the file. False: the trouble and the error say why. */
MUST_CHECK bool ledger_check(struct ledger *ledger, enum queue_trouble *trouble,
                             struct error *error);
/* SQLite, which is closed, said "corrupt" (`error`). True: the disk gives all of the file, so it is
 * the file. False: the disk is ill, or the file is none of ours; the error says which. */
bool ledger_is_broken(const struct ledger *ledger, struct error *error);
/* Renames it, and returns its new path, for free. NULL: the error says why. */
char *ledger_set_aside(const struct ledger *ledger, struct error *error);
/* Copies what can be read of what was set aside into the fresh ledger, and logs it. */
MUST_CHECK bool ledger_carry_over(struct ledger *ledger, const char *aside, struct error *error);

/* -- ledger_op.c; `lock` is held -------------------------------------------------------------- */

MUST_CHECK bool ledger_apply(struct ledger *ledger, const struct op *op, struct error *error);

/* -- dead letters; `lock` is held ------------------------------------------------------------ */

/* What one takes on disk, about: its texts and its row. */
int64_t dead_letter_bytes(const struct dead_letter *letter);

/* Adds one, or puts it back. */
MUST_CHECK bool ledger_apply_bury(struct ledger *ledger, const struct dead_letter *letter,
                                  struct error *error);
/* Removes one that may have gone already. */
MUST_CHECK bool ledger_apply_remove(struct ledger *ledger, int64_t id, struct error *error);
/* Removes one whose event must not come again from the queue. */
MUST_CHECK bool ledger_apply_discard(struct ledger *ledger, int64_t id, struct error *error);
/* Runs a statement whose first parameter is the letter's id. */
MUST_CHECK bool ledger_finish_id(struct ledger *ledger, enum statement statement, int64_t id,
                                 struct error *error);
/* Removes those past their retention, some at a time. */
MUST_CHECK bool ledger_expire_dead(struct ledger *ledger, struct error *error);
/* Finds next_due_us. */
MUST_CHECK bool ledger_find_due(struct ledger *ledger, struct error *error);

/* One letter that came or went. No memory: the sums become stale. */
void sums_add(struct dead_sums *sums, const char *subscription, const char *reason, int64_t died_us,
              bool came_back, int64_t bytes);
void sums_remove(struct dead_sums *sums, const char *subscription, const char *reason,
                 int64_t died_us, bool came_back, int64_t bytes);
void sums_release(struct dead_sums *sums);
/* Counts them from the table when they are stale. */
MUST_CHECK bool ledger_count_sums(struct ledger *ledger, struct error *error);
/* Makes dead_bytes what the sums and the waiting letters say. */
void ledger_tell_bytes(struct ledger *ledger);

#endif
