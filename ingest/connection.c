#include "ingest/connection.h"

#include <stdlib.h>
#include <string.h>

static void enter(struct connection *connection, enum phase phase)
{
    phase_enter(&connection->room->phases, &connection->link, phase, room_now_ms(connection->room));
}

static bool is_receiving(const struct connection *connection)
{
    enum phase phase = connection->link.phase;
    return phase == PHASE_IDLE || phase == PHASE_HEAD || phase == PHASE_BODY;
}

/* False: no memory; the connection is closed. */
static bool reading_set(struct connection *connection, bool reading)
{
    if (connection->reading == reading)
        return true;
    if ((reading ? event_add(&connection->can_read, NULL) : event_del(&connection->can_read)) !=
        0) {
        connection_close(connection);
        return false;
    }
    connection->reading = reading;
    return true;
}

void connection_close(struct connection *connection)
{
    struct room *room = connection->room;

    if (connection->link.phase == PHASE_NONE)
        return;
    enter(connection, PHASE_NONE);
    (void)event_del(&connection->can_read);
    (void)event_del(&connection->can_write);
    transport_release(&connection->transport);
    addresses_leave(room->tally->addresses, connection->address, room_now_ms(room));
    atomic_fetch_sub(&room->tally->connections, 1);
    room->slots[connection->slot] = NULL;
    room->free_slots[room->free_count++] = connection->slot;
    room->open_count--;
    http_reader_release(&connection->reader);
    buf_release(&connection->kept);
    free((void *)connection->cert_names);
    connection->next_dead = room->dead;
    room->dead = connection;
}

/* -- writing ------------------------------------------------------------------------------------
 */

static void linger_begin(struct connection *connection)
{
    transport_finish(&connection->transport);
    connection->dropped = 0;
    enter(connection, PHASE_LINGER);
    (void)reading_set(connection, true);
}

/* The reply is out. */
static void reply_done(struct connection *connection)
{
    if (!connection->closing)
        enter(connection, PHASE_IDLE);
    else if (connection->lingers)
        linger_begin(connection);
    else
        connection_close(connection);
}

/* What cannot be written at once waits in `out`. */
static void send_bytes(struct connection *connection, const char *bytes, size_t length)
{
    size_t written = 0;
    enum transport_result result = TRANSPORT_DONE;

    while (connection->out_length == 0 && length > 0 && result == TRANSPORT_DONE) {
        result = transport_write(&connection->transport, bytes, length, &written);
        bytes += written;
        length -= written;
    }
    if (result == TRANSPORT_BROKEN || length > sizeof connection->out - connection->out_length) {
        connection_close(connection);
        return;
    }
    if (length == 0)
        return;
    memcpy(connection->out + connection->out_length, bytes, length);
    connection->out_length += length;
    if (event_add(&connection->can_write, NULL) != 0)
        connection_close(connection);
}

static void flush(struct connection *connection)
{
    size_t written = 0;

    while (connection->out_sent < connection->out_length) {
        enum transport_result result =
            transport_write(&connection->transport, connection->out + connection->out_sent,
                            connection->out_length - connection->out_sent, &written);
        connection->out_sent += written;
        if (result == TRANSPORT_BROKEN)
            connection_close(connection);
        if (result != TRANSPORT_DONE)
            return;
    }
    connection->out_sent = connection->out_length = 0;
    (void)event_del(&connection->can_write);
    if (connection->link.phase != PHASE_REPLY)
        return;
    reply_done(connection);
    connection_resume(connection);
}

void connection_reply(struct connection *connection, enum reply reply)
{
    struct room *room = connection->room;
    const struct reply_text *text;

    connection->closing |= room->stopping;
    connection->lingers = reply != REPLY_ACCEPTED || connection->kept.length > 0;
    series_add(room->tally->replies[reply], 1);
    if (room->tally->refused[reply])
        series_add(room->tally->refused[reply], 1);
    text = reply_text(&room->replies, reply, connection->closing);
    send_bytes(connection, text->bytes, text->length);
    if (connection->link.phase == PHASE_NONE)
        return;
    if (connection->out_length > 0)
        enter(connection, PHASE_REPLY);
    else
        reply_done(connection);
}

void connection_hold(struct connection *connection)
{
    series_add(connection->room->tally->refused_pending, 1);
    enter(connection, PHASE_HELD);
}

/* -- reading ------------------------------------------------------------------------------------
 */

static void refuse_and_close(struct connection *connection, enum reply reply)
{
    connection->closing = true;
    connection_reply(connection, reply);
}

/* The reader has the head. False: a reply is given. */
static bool head_check(struct connection *connection)
{
    struct http_reader *reader = &connection->reader;
    enum reply reply;

    if (connection->head_checked)
        return true;
    connection->head_checked = true;
    reply = exchange_begin(connection);
    if (reply == REPLY_NONE) {
        if (reader->expects_continue && reader->phase == HTTP_BODY)
            send_bytes(connection, reply_continue, strlen(reply_continue));
        return connection->link.phase != PHASE_NONE;
    }
    if (reader->phase != HTTP_COMPLETE) { /* its body is not wanted */
        refuse_and_close(connection, reply);
        return false;
    }
    connection->closing = !reader->keep_alive;
    http_reader_next(reader);
    connection_reply(connection, reply);
    return false;
}

static void request_done(struct connection *connection)
{
    enum reply reply;

    if (!head_check(connection))
        return;
    reply = exchange_end(connection);
    connection->closing = !connection->reader.keep_alive;
    http_reader_next(&connection->reader);
    if (reply == REPLY_NONE)
        enter(connection, PHASE_WAITING);
    else
        connection_reply(connection, reply);
}

static void request_refused(struct connection *connection)
{
    struct http_reader *reader = &connection->reader;

    series_add(metrics_series(connection->room->tally->metrics, METRIC_REFUSED_REQUESTS,
                              reader->why ? reader->why : "refused", NULL),
               1);
    refuse_and_close(connection, reply_of_status(reader->status));
}

/* The phase that the reader has come to, acted upon. */
static void advance(struct connection *connection)
{
    switch (connection->reader.phase) {
    case HTTP_IDLE:
        break;
    case HTTP_HEAD:
        if (connection->link.phase == PHASE_IDLE)
            enter(connection, PHASE_HEAD);
        break;
    case HTTP_BODY:
        if (head_check(connection) && connection->link.phase != PHASE_BODY)
            enter(connection, PHASE_BODY);
        break;
    case HTTP_COMPLETE:
        request_done(connection);
        break;
    case HTTP_REFUSED:
        request_refused(connection);
        break;
    }
}

/* Before a request's first byte; after a reload the reader's buffers get their new limits. */
static void request_begin(struct connection *connection)
{
    struct room *room = connection->room;

    connection->head_checked = false;
    if (connection->reader_view_number == room->view_number)
        return;
    http_reader_release(&connection->reader);
    http_reader_init(&connection->reader, &room->http);
    connection->reader_view_number = room->view_number;
}

/* Returns how many bytes were used: fewer, when a request is whole that has no reply yet. */
static size_t consume(struct connection *connection, const char *bytes, size_t length)
{
    size_t used = 0;

    while (used < length && is_receiving(connection)) {
        enum http_phase before = connection->reader.phase;
        size_t fed;

        if (before == HTTP_IDLE)
            request_begin(connection);
        fed = http_reader_feed(&connection->reader, bytes + used, length - used);
        used += fed;
        if (fed == 0 &&
            connection->reader.phase == before) { /* cannot be; must not turn for ever */
            connection_close(connection);
            break;
        }
        advance(connection);
    }
    return used;
}

static void keep(struct connection *connection, const char *bytes, size_t length)
{
    if (length == 0 || connection->link.phase == PHASE_NONE ||
        connection->link.phase == PHASE_LINGER)
        return;
    buf_add(&connection->kept, bytes, length);
    if (connection->kept.failed)
        connection_close(connection);
    else
        (void)reading_set(connection, false);
}

void connection_resume(struct connection *connection)
{
    struct buf *kept = &connection->kept;

    if (is_receiving(connection) && kept->length > 0) {
        connection->kept_from += consume(connection, kept->data + connection->kept_from,
                                         kept->length - connection->kept_from);
        if (connection->link.phase == PHASE_NONE)
            return;
        if (connection->kept_from == kept->length) {
            buf_release(kept);
            connection->kept_from = 0;
        }
    }
    if (!is_receiving(connection) || !reading_set(connection, true))
        return;
    if (transport_holds_bytes(&connection->transport))
        event_active(&connection->can_read, EV_READ, 0);
}

static void receive(struct connection *connection)
{
    struct room *room = connection->room;

    for (int i = 0; i < CONNECTION_READS_MOST; i++) {
        size_t length = 0, used;
        enum transport_result result =
            transport_read(&connection->transport, room->bytes, sizeof room->bytes, &length);

        if (result == TRANSPORT_END || result == TRANSPORT_BROKEN)
            connection_close(connection);
        if (result != TRANSPORT_DONE)
            return;
        used = consume(connection, room->bytes, length);
        keep(connection, room->bytes + used, length - used);
        if (!is_receiving(connection))
            return;
        if (!connection->transport.ssl && length < sizeof room->bytes)
            return;
    }
    if (transport_holds_bytes(&connection->transport))
        event_active(&connection->can_read, EV_READ, 0);
}

/* While a reply is due: keeps one piece of what comes, and notices when the peer is gone. A peer
 * that only says that it sends no more still gets its reply. */
static void overhear(struct connection *connection)
{
    struct room *room = connection->room;
    size_t length = 0;
    enum transport_result result =
        transport_read(&connection->transport, room->bytes, sizeof room->bytes, &length);

    if (result == TRANSPORT_BROKEN)
        connection_close(connection);
    else if (result == TRANSPORT_END) {
        connection->closing = true;
        (void)reading_set(connection, false);
    } else if (result == TRANSPORT_DONE)
        keep(connection, room->bytes, length);
}

static void drop(struct connection *connection)
{
    struct room *room = connection->room;
    size_t length = 0;
    enum transport_result result =
        transport_drop(&connection->transport, room->bytes, sizeof room->bytes, &length);

    connection->dropped += length;
    if (result == TRANSPORT_END || result == TRANSPORT_BROKEN ||
        connection->dropped > CONNECTION_LINGER_BYTES)
        connection_close(connection);
}

static void handshake(struct connection *connection)
{
    switch (transport_handshake(&connection->transport)) {
    case TRANSPORT_DONE:
        (void)event_del(&connection->can_write);
        connection->cert_names = transport_names(&connection->transport);
        enter(connection, PHASE_IDLE);
        receive(connection);
        break;
    case TRANSPORT_WANTS_READ:
        (void)event_del(&connection->can_write);
        break;
    case TRANSPORT_WANTS_WRITE:
        if (event_add(&connection->can_write, NULL) != 0)
            connection_close(connection);
        break;
    case TRANSPORT_END:
    case TRANSPORT_BROKEN:
        series_add(connection->room->tally->refused_tls, 1);
        connection_close(connection);
        break;
    }
}

/* -- the event loop's side ----------------------------------------------------------------------
 */

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    static void (*const by_phase[PHASE_COUNT])(struct connection *) = {
        [PHASE_HANDSHAKE] = handshake, [PHASE_IDLE] = receive,     [PHASE_HEAD] = receive,
        [PHASE_BODY] = receive,        [PHASE_WAITING] = overhear, [PHASE_HELD] = overhear,
        [PHASE_REPLY] = overhear,      [PHASE_LINGER] = drop,
    };
    struct connection *connection = context;

    (void)fd;
    (void)what;
    if (connection->link.phase != PHASE_NONE)
        by_phase[connection->link.phase](connection);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;

    (void)fd;
    (void)what;
    if (connection->link.phase == PHASE_HANDSHAKE)
        handshake(connection);
    else if (connection->link.phase != PHASE_NONE)
        flush(connection);
}

void connection_begin(struct connection *connection)
{
    struct room *room = connection->room;
    int fd = connection->transport.fd;

    http_reader_init(&connection->reader, &room->http);
    connection->reader_view_number = room->view_number;
    buf_init(&connection->kept, ROOM_READ_BYTES);
    enter(connection, connection->transport.ssl ? PHASE_HANDSHAKE : PHASE_IDLE);
    if (event_assign(&connection->can_read, room->base, fd, EV_READ | EV_PERSIST, on_readable,
                     connection) != 0 ||
        event_assign(&connection->can_write, room->base, fd, EV_WRITE | EV_PERSIST, on_writable,
                     connection) != 0)
        connection_close(connection);
    else
        (void)reading_set(connection, true);
}
