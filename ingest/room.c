#include "ingest/connection.h"

#include "core/clock.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void room_init(struct room *room, struct event_base *base, struct tally *tally, struct view *view,
               void *owner)
{
    memset(room, 0, sizeof *room);
    room->base = base;
    room->tally = tally;
    room->owner = owner;
    room->tickets_end = &room->tickets;
    room->replies.written_s = -1;
    phases_init(&room->phases, &view->live->config->limits);
    room_reload(room, view);
    replies_write(&room->replies, clock_unix_s());
}

void room_reload(struct room *room, struct view *view)
{
    struct view *old = room->view;

    room->view = view_hold(view);
    room->view_number++;
    room->http = view->live->http;
    phases_limit(&room->phases, &view->live->config->limits);
    view_drop(old);
}

int64_t room_now_ms(struct room *room)
{
    if (room->round_ms == 0)
        room->round_ms = clock_monotonic_ms();
    return room->round_ms;
}

/* -- connections --------------------------------------------------------------------------------
 */

static bool slots_grow(struct room *room)
{
    uint32_t count = room->slot_count ? room->slot_count * 2 : 64;
    struct connection **slots = realloc(room->slots, count * sizeof *slots);
    uint32_t *free_slots;

    if (!slots)
        return false;
    room->slots = slots;
    free_slots = realloc(room->free_slots, count * sizeof *free_slots);
    if (!free_slots)
        return false;
    room->free_slots = free_slots;
    for (uint32_t i = count; i-- > room->slot_count;) {
        slots[i] = NULL;
        free_slots[room->free_count++] = i;
    }
    room->slot_count = count;
    return true;
}

static struct connection *connection_new(struct room *room, int fd)
{
    struct connection *connection = NULL;
    const int on = 1;

    if (room->free_count > 0 || slots_grow(room))
        connection = calloc(1, sizeof *connection);
    if (!connection) {
        (void)close(fd);
        return NULL;
    }
    if (!transport_init(&connection->transport, fd, room->view->live->tls)) {
        free(connection);
        return NULL;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->room = room;
    connection->link.phase = PHASE_NONE;
    connection->slot = room->free_slots[--room->free_count];
    room->slots[connection->slot] = connection;
    room->open_count++;
    return connection;
}

/* Counts it in all and for its address; NULL: one of both has no room for it. */
static struct address *entry_find(struct room *room, const struct in6_addr *from)
{
    const struct config_limits *limits = &room->view->live->config->limits;
    struct address *address = NULL;

    if (atomic_fetch_add(&room->tally->connections, 1) >= limits->connections)
        series_add(room->tally->refused_connections, 1);
    else {
        address = addresses_enter(room->tally->addresses, from, limits->connections_per_address);
        if (!address)
            series_add(room->tally->refused_address, 1);
    }
    if (!address)
        atomic_fetch_sub(&room->tally->connections, 1);
    return address;
}

void room_enter(struct room *room, int fd, const struct in6_addr *from)
{
    struct address *address = entry_find(room, from);
    struct connection *connection;

    if (!address) {
        (void)close(fd);
        return;
    }
    connection = connection_new(room, fd);
    if (!connection) {
        addresses_leave(room->tally->addresses, address, room_now_ms(room));
        atomic_fetch_sub(&room->tally->connections, 1);
        return;
    }
    connection->from = *from;
    connection->address = address;
    connection_begin(connection);
}

static void bury_the_dead(struct room *room)
{
    while (room->dead) {
        struct connection *connection = room->dead;
        room->dead = connection->next_dead;
        free(connection);
    }
}

void room_release(struct room *room)
{
    for (uint32_t i = 0; i < room->slot_count; i++) {
        if (room->slots[i])
            connection_close(room->slots[i]);
    }
    bury_the_dead(room);
    while (room->tickets) {
        struct ticket *ticket = room->tickets;
        room->tickets = ticket->next;
        request_free((struct request *)ticket);
    }
    free(room->slots);
    free(room->free_slots);
    view_drop(room->view);
    room->slots = NULL;
    room->free_slots = NULL;
    room->view = NULL;
    room->slot_count = room->free_count = 0;
}

/* -- tickets ------------------------------------------------------------------------------------
 */

/* The connection that waits for this ticket; NULL: it is gone, or waits no more. */
static struct connection *connection_of(struct room *room, const struct ticket *ticket)
{
    uint32_t slot = (uint32_t)(ticket->connection >> 32);
    struct connection *connection = slot < room->slot_count ? room->slots[slot] : NULL;

    if (!connection || connection->generation != (uint32_t)ticket->connection ||
        connection->link.phase != PHASE_WAITING)
        return NULL;
    return connection;
}

void room_give_back(struct room *room, struct ticket *tickets)
{
    while (tickets) {
        struct ticket *ticket = tickets;
        struct connection *connection = connection_of(room, ticket);

        tickets = ticket->next;
        if (connection) {
            connection_reply(connection, ticket->stored ? REPLY_ACCEPTED : REPLY_UNAVAILABLE);
            connection_resume(connection);
        }
        request_free((struct request *)ticket);
    }
}

/* Their memory is let go at once; only the reply waits. */
static void ticket_refused(struct room *room, struct ticket *ticket)
{
    struct connection *connection = connection_of(room, ticket);

    if (connection)
        connection_hold(connection);
    request_free((struct request *)ticket);
}

/* The whole did not fit; perhaps a part of it does. */
static void submit_each(struct room *room, struct writer *writer, struct ticket *tickets)
{
    while (tickets) {
        struct ticket *ticket = tickets;

        tickets = ticket->next;
        ticket->next = NULL;
        if (!writer_submit(writer, ticket, (size_t)((struct request *)ticket)->bytes))
            ticket_refused(room, ticket);
    }
}

void room_end_round(struct room *room, struct writer *writer)
{
    struct ticket *tickets = room->tickets;
    size_t bytes = room->ticket_bytes;

    room->tickets = NULL;
    room->tickets_end = &room->tickets;
    room->ticket_bytes = 0;
    if (tickets && !writer_submit(writer, tickets, bytes))
        submit_each(room, writer, tickets);
    bury_the_dead(room);
    room->round_ms = 0;
}

/* -- deadlines ----------------------------------------------------------------------------------
 */

/* What happens at a phase's end: most close; these two answer. */
static void expire(struct connection *connection)
{
    enum phase phase = connection->link.phase;

    if (phase == PHASE_WAITING || phase == PHASE_HELD) {
        connection_reply(connection, REPLY_UNAVAILABLE);
        connection_resume(connection);
        return;
    }
    series_add(connection->room->tally->closed[phase], 1);
    connection_close(connection);
}

static bool is_too_slow(const struct connection *connection, int64_t now_ms)
{
    int64_t rate = connection->room->view->live->config->limits.body_rate_bytes;
    int64_t counted_ms = now_ms - connection->link.since_ms - RATE_FREE_MS;

    return (int64_t)connection->reader.body.length < rate * counted_ms / 1000;
}

static void bodies_check(struct room *room, int64_t now_ms)
{
    struct phase_link *next, *at = phase_first(&room->phases, PHASE_BODY);

    for (; at && now_ms - at->since_ms > RATE_FREE_MS; at = next) {
        next = phase_after(&room->phases, at);
        if (is_too_slow((struct connection *)at, now_ms))
            expire((struct connection *)at);
    }
}

static void phase_empty(struct room *room, enum phase phase)
{
    struct phase_link *first;

    while ((first = phase_first(&room->phases, phase)) != NULL)
        connection_close((struct connection *)first);
}

enum { STOP_READING_MS = 1000 }; /* for a request whose rest is still on its way */

static void stopping_tick(struct room *room, int64_t now_ms)
{
    phase_empty(room, PHASE_IDLE);
    if (now_ms - room->stopping_ms < STOP_READING_MS)
        return;
    phase_empty(room, PHASE_HEAD);
    phase_empty(room, PHASE_BODY);
}

void room_tick(struct room *room)
{
    int64_t now_ms = room_now_ms(room);

    replies_write(&room->replies, clock_unix_s());
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        struct phase_link *link;
        while ((link = phase_expired(&room->phases, (enum phase)phase, now_ms)) != NULL)
            expire((struct connection *)link);
    }
    bodies_check(room, now_ms);
    if (room->stopping)
        stopping_tick(room, now_ms);
}

void room_stop(struct room *room)
{
    struct phase_link *held;

    if (room->stopping)
        return;
    room->stopping = true;
    room->stopping_ms = room_now_ms(room);
    phase_empty(room, PHASE_HANDSHAKE);
    phase_empty(room, PHASE_IDLE);
    while ((held = phase_first(&room->phases, PHASE_HELD)) != NULL)
        expire((struct connection *)held);
}
