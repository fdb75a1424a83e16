/* What the dispatch writes: ops that cost it a small copy, and how each is applied. */
#include "ingest/ledger_store.h"

/* -- making them ------------------------------------------------------------------------------ */

/* With room for `extra` bytes of texts behind it. NULL: no memory, and positions stay where they
 * are from now on: after a restart everything beyond them is done again, rather than lost. */
static struct op *op_new(struct ledger *ledger, enum op_kind kind, size_t extra_bytes)
{
    struct op *op = malloc(sizeof(*op) + extra_bytes);

    if (op) {
        op->next = NULL;
        op->kind = kind;
        return op;
    }
    pthread_mutex_lock(&ledger->listing);
    ledger->frozen = true;
    pthread_mutex_unlock(&ledger->listing);
    return NULL;
}

/* `listing` is held. */
static void list_add(struct ledger *ledger, struct op *op)
{
    struct op_list *waiting = &ledger->waiting;

    *waiting->end = op;
    waiting->end = &op->next;
    waiting->count++;
    atomic_fetch_add(&ledger->backlog, 1);
    /* The thread waits for the first, then for its time, or for many; a few signals more do no
     * harm, one for each op would. */
    if (waiting->count == 1 || waiting->count % 4096 == 0)
        pthread_cond_signal(&ledger->wake);
}

static void op_add(struct ledger *ledger, struct op *op)
{
    pthread_mutex_lock(&ledger->listing);
    if (op->kind == OP_ADVANCE && ledger->frozen)
        free(op);
    else
        list_add(ledger, op);
    pthread_mutex_unlock(&ledger->listing);
}

static size_t text_room(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Copies bytes to *at, behind which it moves; NULL stays NULL. */
static const char *put(char **at, const char *bytes, size_t length_bytes)
{
    char *copy = *at;

    if (!bytes)
        return NULL;
    memcpy(copy, bytes, length_bytes);
    copy[length_bytes] = '\0';
    *at = copy + length_bytes + 1;
    return copy;
}

static const char *put_text(char **at, const char *text)
{
    return put(at, text, text ? strlen(text) : 0);
}

void ledger_advance(struct ledger *ledger, const char *subscription, int64_t position)
{
    struct op *op = op_new(ledger, OP_ADVANCE, text_room(subscription));
    char *at;

    if (!op)
        return;
    at = (char *)(op + 1);
    op->advance.position = position;
    op->advance.subscription = put_text(&at, subscription);
    op_add(ledger, op);
}

void ledger_delivered(struct ledger *ledger, struct event_place place,
                      const uint8_t key[EVENT_KEY_BYTES], int64_t at_s, int64_t dead_id)
{
    struct op *op = op_new(ledger, OP_DELIVERED, 0);

    if (!op)
        return;
    op->delivered.place = place;
    op->delivered.at_s = at_s;
    op->delivered.dead_id = dead_id;
    memcpy(op->delivered.key, key, EVENT_KEY_BYTES);
    op_add(ledger, op);
}

void ledger_dropped(struct ledger *ledger, struct event_place place, int64_t dead_id)
{
    struct op *op = op_new(ledger, OP_DROPPED, 0);

    if (!op)
        return;
    op->dropped.place = place;
    op->dropped.dead_id = dead_id;
    op_add(ledger, op);
}

void ledger_recalled(struct ledger *ledger, int64_t dead_id)
{
    struct op *op = op_new(ledger, OP_RECALLED, 0);

    if (!op)
        return;
    op->recalled = dead_id;
    op_add(ledger, op);
}

void ledger_parked(struct ledger *ledger, const struct parked_event *event)
{
    struct op *op = op_new(ledger, OP_PARKED, 0);

    if (!op)
        return;
    op->parked = *event;
    op_add(ledger, op);
}

void ledger_shape(struct ledger *ledger, const char *type, const char *hash, const char *fields,
                  const char *sample, size_t sample_bytes, int64_t at_us)
{
    struct op *op = op_new(
        ledger, OP_SHAPE, text_room(type) + text_room(hash) + text_room(fields) + sample_bytes + 1);
    char *at;

    if (!op)
        return;
    at = (char *)(op + 1);
    op->shape.at_us = at_us;
    op->shape.type = put_text(&at, type);
    op->shape.hash = put_text(&at, hash);
    op->shape.fields = put_text(&at, fields);
    op->shape.sample = put(&at, sample, sample_bytes);
    op->shape.sample_bytes = sample_bytes;
    op_add(ledger, op);
}

/* The texts of a letter, the body apart. */
static const size_t letter_texts[] = {
    offsetof(struct dead_letter, subscription), offsetof(struct dead_letter, type),
    offsetof(struct dead_letter, interaction),  offsetof(struct dead_letter, reason),
    offsetof(struct dead_letter, detail),       offsetof(struct dead_letter, source),
    offsetof(struct dead_letter, verdict),      offsetof(struct dead_letter, headers),
};
enum { LETTER_TEXTS = sizeof(letter_texts) / sizeof(letter_texts[0]), LETTER_ROW_BYTES = 128 };

static const char **letter_text(struct dead_letter *letter, size_t i)
{
    return (const char **)((char *)letter + letter_texts[i]);
}

static size_t letter_room(const struct dead_letter *letter)
{
    struct dead_letter copy = *letter;
    size_t room = letter->body_bytes + 1;

    for (size_t i = 0; i < LETTER_TEXTS; i++)
        room += text_room(*letter_text(&copy, i));
    return room;
}

int64_t dead_letter_bytes(const struct dead_letter *letter)
{
    return (int64_t)letter_room(letter) + LETTER_ROW_BYTES;
}

static struct op *bury_new(struct ledger *ledger, const struct dead_letter *letter)
{
    struct op *op = op_new(ledger, OP_BURY, letter_room(letter));
    char *at;

    if (!op)
        return NULL;
    at = (char *)(op + 1);
    op->letter = *letter;
    for (size_t i = 0; i < LETTER_TEXTS; i++)
        *letter_text(&op->letter, i) = put_text(&at, *letter_text(&op->letter, i));
    op->letter.body = put(&at, letter->body, letter->body_bytes);
    return op;
}

bool ledger_bury(struct ledger *ledger, const struct dead_letter *letter)
{
    struct op *op = bury_new(ledger, letter);
    int64_t bytes = letter->id == 0 ? dead_letter_bytes(letter) : 0;
    bool room;

    if (!op)
        return false;
    pthread_mutex_lock(&ledger->listing);
    room =
        bytes == 0 || atomic_load(&ledger->dead_bytes) + bytes <= ledger->options.dead_letter_bytes;
    if (room) {
        ledger->bury_bytes += bytes;
        atomic_fetch_add(&ledger->dead_bytes, bytes);
        list_add(ledger, op);
    }
    pthread_mutex_unlock(&ledger->listing);
    if (!room)
        free(op);
    return room;
}

int64_t ledger_dead_bytes(const struct ledger *ledger)
{
    return atomic_load(&ledger->dead_bytes);
}

/* -- applying them ---------------------------------------------------------------------------- */

static bool apply_advance(struct ledger *ledger, const struct op *op, struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_ADVANCE];

    sqlite_bind_text(row, 1, op->advance.subscription);
    sqlite3_bind_int64(row, 2, op->advance.position);
    return sqlite_finish(row, NULL, error);
}

static bool unpark(struct ledger *ledger, struct event_place place, struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_UNPARK];

    sqlite3_bind_int64(row, 1, place.position);
    sqlite3_bind_int64(row, 2, place.part);
    return sqlite_finish(row, NULL, error);
}

static bool apply_delivered(struct ledger *ledger, const struct op *op, struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_SEEN];

    sqlite_bind_blob(row, 1, op->delivered.key, EVENT_KEY_BYTES);
    sqlite3_bind_int64(row, 2, op->delivered.at_s);
    if (op->delivered.at_s > ledger->seen_newest_s)
        ledger->seen_newest_s = op->delivered.at_s;
    return sqlite_finish(row, NULL, error) && unpark(ledger, op->delivered.place, error) &&
           (op->delivered.dead_id == 0 ||
            ledger_apply_remove(ledger, op->delivered.dead_id, error));
}

static bool apply_dropped(struct ledger *ledger, const struct op *op, struct error *error)
{
    return unpark(ledger, op->dropped.place, error) &&
           (op->dropped.dead_id == 0 || ledger_apply_discard(ledger, op->dropped.dead_id, error));
}

static bool apply_recalled(struct ledger *ledger, const struct op *op, struct error *error)
{
    atomic_store(&ledger->next_due_us, 0); /* looked up by whoever asks next */
    return ledger_finish_id(ledger, SQL_DEAD_RECALL, op->recalled, error);
}

static bool apply_parked(struct ledger *ledger, const struct op *op, struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_PARK];
    const struct parked_event *event = &op->parked;

    sqlite3_bind_int64(row, 1, event->place.position);
    sqlite3_bind_int64(row, 2, event->place.part);
    sqlite_bind_text(row, 3, event->subscription);
    sqlite3_bind_int64(row, 4, event->attempts);
    sqlite3_bind_int64(row, 5, event->due_us);
    sqlite3_bind_int64(row, 6, event->first_failed_us);
    sqlite3_bind_int64(row, 7, event->dead_id);
    return sqlite_finish(row, NULL, error);
}

static bool apply_bury(struct ledger *ledger, const struct op *op, struct error *error)
{
    return ledger_apply_bury(ledger, &op->letter, error) && unpark(ledger, op->letter.place, error);
}

static bool apply_shape(struct ledger *ledger, const struct op *op, struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_SHAPE];

    sqlite_bind_text(row, 1, op->shape.type);
    sqlite_bind_text(row, 2, op->shape.hash);
    sqlite_bind_text(row, 3, op->shape.fields);
    sqlite_bind_blob(row, 4, op->shape.sample, op->shape.sample_bytes);
    sqlite3_bind_int64(row, 5, op->shape.at_us);
    return sqlite_finish(row, NULL, error);
}

bool ledger_apply(struct ledger *ledger, const struct op *op, struct error *error)
{
    static bool (*const apply[])(struct ledger *, const struct op *, struct error *) = {
        [OP_ADVANCE] = apply_advance,   [OP_DELIVERED] = apply_delivered,
        [OP_DROPPED] = apply_dropped,   [OP_PARKED] = apply_parked,
        [OP_BURY] = apply_bury,         [OP_SHAPE] = apply_shape,
        [OP_RECALLED] = apply_recalled,
    };

    return apply[op->kind](ledger, op, error);
}
