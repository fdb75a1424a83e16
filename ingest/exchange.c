/* What is decided about a request: at its head, and when it is whole. */
#include "ingest/connection.h"

#include "core/clock.h"
#include "ingest/log.h"

#include <arpa/inet.h>
#include <string.h>

static const struct config_limits *limits_of(const struct connection *connection)
{
    return &connection->room->view->live->config->limits;
}

static struct tally_source *tally_of(const struct connection *connection)
{
    return view_source(connection->room->view, connection->source);
}

static void failure_log(const struct connection *connection, enum auth_reason reason)
{
    char from[INET6_ADDRSTRLEN] = "-";

    (void)inet_ntop(AF_INET6, &connection->from, from, sizeof from);
    log_event(LOG_LEVEL_WARNING, "not-verified", "source",
              auth_source_config(connection->source)->name, "reason", auth_reason_word(reason),
              "address", from, NULL);
}

static enum reply failure(struct connection *connection, enum auth_reason reason)
{
    struct tally_source *tally = tally_of(connection);

    series_add(tally->failures[reason], 1);
    if (reason == AUTH_TROUBLE)
        return REPLY_UNAVAILABLE;
    address_failed(connection->address, room_now_ms(connection->room));
    failure_log(connection, reason);
    return REPLY_UNAUTHORIZED;
}

/* A reload may have come between head and end: then the newest keys are asked. */
static bool source_find(struct connection *connection)
{
    struct room *room = connection->room;

    if (connection->source && connection->view_number == room->view_number)
        return true;
    connection->view_number = room->view_number;
    connection->source = auth_find(room->view->live->auth, connection->reader.path);
    return connection->source != NULL;
}

enum reply exchange_begin(struct connection *connection)
{
    connection->source = NULL;
    if (!source_find(connection))
        return REPLY_NOT_FOUND;
    if (strcmp(connection->reader.method, "POST") != 0)
        return REPLY_METHOD;
    if (!auth_allows(connection->source, &connection->from))
        return failure(connection, AUTH_NETWORK);
    if (address_blocked(connection->address, limits_of(connection)->failures_per_minute,
                        room_now_ms(connection->room)))
        return REPLY_FAILURES;
    return REPLY_NONE;
}

/* Counts it in its source's share, when it has one. False: the source has no room. */
static bool share_enter(struct connection *connection, struct request *request)
{
    int64_t percent = auth_source_config(connection->source)->share_percent;
    struct tally_source *tally = tally_of(connection);

    if (percent >= 100)
        return true;
    if (!tally_enter(tally, request->bytes, limits_of(connection)->pending_bytes / 100 * percent))
        return false;
    request->charged = tally;
    return true;
}

static void ticket_add(struct connection *connection, struct request *request)
{
    struct room *room = connection->room;
    struct ticket *ticket = &request->ticket;

    connection->generation = ++room->generation;
    ticket->connection = (uint64_t)connection->slot << 32 | connection->generation;
    ticket->owner = room->owner;
    ticket->deadline_ms = room_now_ms(room) + limits_of(connection)->hold_ms;
    *room->tickets_end = ticket;
    room->tickets_end = &ticket->next;
    room->ticket_bytes += (size_t)request->bytes;
}

enum reply exchange_end(struct connection *connection)
{
    int64_t now_us = clock_unix_us();
    struct auth_sender sender = {.address = connection->from,
                                 .cert_names = connection->cert_names,
                                 .now_s = now_us / 1000000};
    struct auth_verdict verdict;
    struct request *request;
    struct tally_source *tally;

    if (!source_find(connection))
        return REPLY_NOT_FOUND;
    tally = tally_of(connection);
    series_add(tally->requests, 1);
    verdict = auth_verify(connection->source, &connection->reader, &sender);
    if (verdict.reason != AUTH_OK)
        return failure(connection, verdict.reason);
    request =
        request_new(&connection->reader, auth_source_config(connection->source), &verdict, now_us);
    if (!request)
        return REPLY_UNAVAILABLE;
    series_add(tally->events, request->ticket.arrival.events);
    if (!share_enter(connection, request)) {
        request_free(request);
        return REPLY_SHARE;
    }
    ticket_add(connection, request);
    return REPLY_NONE;
}
