/* One sender's connection: a state machine over phases (phase.h), fed by its reactor's event loop.
 *
 *   handshake → idle → head → body → (exchange.c decides) → waiting → idle …
 *                                          ↓ refused
 *                                    held, reply → linger → closed
 *
 * One request at a time. Bytes that came behind it are kept, and no more are read until its reply
 * is out. A room is what all connections of one reactor share; all here is called on its thread
 * alone.
 *
 * Always holds: a connection that is closed stays in memory until the round's end (room_end_round),
 * so whoever has just called something with it may still look at its phase (PHASE_NONE: closed).
 */
#ifndef INGEST_CONNECTION_H
#define INGEST_CONNECTION_H

#include "ingest/http_reader.h"
#include "ingest/request.h"
#include "ingest/tally.h"
#include "ingest/transport.h"

#include <event2/event.h>
#include <event2/event_struct.h>

enum {
    ROOM_READ_BYTES = 64 * 1024, /* read at a time; also what is kept of a pipelining sender */
    CONNECTION_OUT_BYTES = 512,  /* of a reply that could not be written at once */
    CONNECTION_LINGER_BYTES = 64 * 1024,
    CONNECTION_READS_MOST =
        8,              /* in one round, so that one sender does not keep all others waiting */
    RATE_FREE_MS = 2000 /* of a body, before its rate is looked at */
};

struct room;

struct connection {
    struct phase_link link; /* first: the phases' lists hold this */
    struct room *room;
    struct transport transport;
    struct event can_read, can_write;
    struct in6_addr from;
    struct address *address;
    const char *const *cert_names; /* NULL: none */
    uint32_t slot, generation;     /* a ticket of another generation is not for us */
    bool reading;                  /* can_read is added */
    bool head_checked;
    bool closing; /* after the reply */
    bool lingers; /* and what still comes is dropped first */
    struct http_reader reader;
    uint32_t reader_view_number;      /* of the view whose limits the reader began with */
    uint32_t view_number;             /* of the view that `source` is of */
    const struct auth_source *source; /* of the request that is read */
    struct buf kept;                  /* bytes behind the request, from kept_from on */
    size_t kept_from;
    size_t dropped;
    char out[CONNECTION_OUT_BYTES]; /* what is not written yet: out_sent .. out_length */
    size_t out_length, out_sent;
    struct connection *next_dead;
};

struct room {
    struct event_base *base;
    struct tally *tally;
    struct view *view;
    uint32_t view_number;    /* one more with each reload */
    struct http_limits http; /* the view's; readers point here */
    struct phases phases;
    struct replies replies;
    int64_t round_ms; /* monotonic; 0: to be asked anew */
    bool stopping;
    int64_t stopping_ms;
    /* Connections by slot; what a free slot holds is NULL and its number is in `free_slots`. */
    struct connection **slots;
    uint32_t *free_slots;
    uint32_t slot_count, free_count, open_count;
    uint32_t generation;
    struct connection *dead;
    /* Tickets of this round, oldest first. */
    void *owner;
    struct ticket *tickets, **tickets_end;
    size_t ticket_bytes;
    char bytes[ROOM_READ_BYTES];
};

/* -- the room (room.c) --------------------------------------------------------------------------
 */

/* Takes a reference of the view. `owner` goes into the tickets. */
void room_init(struct room *room, struct event_base *base, struct tally *tally, struct view *view,
               void *owner);
/* Closes everything. */
void room_release(struct room *room);

void room_reload(struct room *room, struct view *view); /* takes a reference */
int64_t room_now_ms(struct room *room);                 /* the same all through a round */

/* A new connection; takes the socket over. */
void room_enter(struct room *room, int fd, const struct in6_addr *from);

/* Hands this round's tickets to the writer; those that it does not take are held. Frees what was
 * closed. */
void room_end_round(struct room *room, struct writer *writer);
/* Answers what the writer gave back, and frees it. */
void room_give_back(struct room *room, struct ticket *tickets);

/* Closes or answers what is over its deadline. */
void room_tick(struct room *room);

/* From now on replies close; what is idle is closed at once, what is being read a little later. */
void room_stop(struct room *room);

/* -- one connection (connection.c) --------------------------------------------------------------
 */

void connection_begin(struct connection *connection);
void connection_close(struct connection *connection);
/* Sends a reply; then the connection goes on with its next request or closes. */
void connection_reply(struct connection *connection, enum reply reply);
/* After a reply that was not given while reading: goes on with what is kept. */
void connection_resume(struct connection *connection);
/* A failed or refused request: its reply waits. */
void connection_hold(struct connection *connection);

/* -- what is decided about a request (exchange.c) -----------------------------------------------
 */

/* The head is there. REPLY_NONE: go on. */
enum reply exchange_begin(struct connection *connection);
/* The request is whole. REPLY_NONE: its ticket is among the round's. */
enum reply exchange_end(struct connection *connection);

#endif
