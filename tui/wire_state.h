/* What the files of wire share: the wire itself, what is under way, and the two sides of a
 * recording. Private to wire*.c. */
#ifndef TUI_WIRE_STATE_H
#define TUI_WIRE_STATE_H

#include "tui/wire.h"

#include <sys/types.h>

/* Limits that both sides of a recording keep. */
enum {
    RECORD_FORMAT = 1,
    RECORD_ENDPOINTS_MOST = 1000,
    WIRE_BODY_MOST = 32 * 1024 * 1024,   /* of an answer, bytes */
    RECORD_LINE_MOST = 256 * 1024 * 1024 /* such a body, with every byte escaped, fits */
};

struct wire_under_way {
    struct wire_under_way *next;
    struct wire *wire;
    unsigned number, call; /* call: the ingest's */
    size_t endpoint;
    char *method, *path;
    ingest_done done;
    void *context;
};

struct recorder;
struct replay;
struct wire {
    struct wire_endpoint *endpoints; /* owned, without tokens */
    size_t count;
    struct wire_under_way *under_way; /* the oldest first */
    unsigned last_number;
    int64_t now_ms;
    struct ingest *ingest; /* NULL: a replay */
    int *numbers;          /* the ingest's, of each endpoint */
    struct recorder *recorder;
    struct replay *replay;
};

struct wire *wire_new(size_t most);
bool wire_add(struct wire *wire, const char *name, const char *url, bool production);
/* Takes it out of the list; whoever asked for it still has to be told, then under_way_free. */
void wire_take_out(struct wire *wire, struct wire_under_way *asked);
void under_way_free(struct wire_under_way *asked);

/* Live. */
bool live_ask(struct wire *wire, struct wire_under_way *asked, const json_t *body);

/* One line for each; a failed write ends the recording. NULL is nothing. */
void recorder_answer(struct recorder *recorder, const char *endpoint,
                     const struct wire_under_way *asked, const struct ingest_answer *answer,
                     int64_t now_ms);
void recorder_genesys(struct recorder *recorder, const json_t *snapshot, int64_t now_ms);
void recorder_free(struct recorder *recorder);

/* An index of the file, so that only one line of it is in memory at a time. */
struct replay_line {
    int64_t at_ms; /* never before the line above it */
    off_t offset;
    size_t length;
};
struct replay_lines {
    struct replay_line *items;
    size_t count, size;
};
enum { REPLAY_BUCKETS = 4096 };
/* All answers to one question. */
struct replay_key {
    struct replay_key *next; /* of its bucket */
    size_t endpoint;
    char *method, *path;
    struct replay_lines lines;
    size_t given; /* so many of them, from the first, were answered */
    bool sample;  /* each is answered once, at its time */
    bool change;
};
struct replay {
    int fd;
    char *path;
    struct replay_key *buckets[REPLAY_BUCKETS];
    struct replay_lines genesys;
    const struct replay_line *genesys_of; /* which line genesys_now is */
    json_t *genesys_now;
    int64_t first_ms, last_ms, interval_ms;
    bool any; /* first_ms and last_ms are lines' */
};
struct replay_key *replay_key_find(struct replay *replay, size_t endpoint, const char *method,
                                   const char *path);
/* The line's JSON, anew from the file; NULL: it cannot be read any more. */
json_t *replay_line_read(const struct replay *replay, const struct replay_line *line);
/* Reads the whole file once: its index, and the endpoints into the wire. */
MUST_CHECK bool replay_load(struct wire **wire, struct replay *replay, struct error *error);

/* Answers what can be answered by now. */
void replay_step(struct wire *wire);
/* Milliseconds until something that is under way can be answered; -1: nothing will. */
int64_t replay_wait_ms(const struct wire *wire);
const json_t *replay_genesys(struct replay *replay, int64_t now_ms);
void replay_span(const struct replay *replay, int64_t *first_ms, int64_t *last_ms,
                 int64_t *interval_ms);
void replay_free(struct replay *replay);

#endif
