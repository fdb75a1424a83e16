#include "api/client_calls.h"

#include <stdarg.h>
#include <stdlib.h>

enum { WAIT_WORTH_SAYING_MS = 2000 };

void list_init(struct call_list *list)
{
    list->head = NULL;
    list->tail = &list->head;
}

void list_push(struct call_list *list, struct call *call)
{
    call->next = NULL;
    *list->tail = call;
    list->tail = &call->next;
}

void list_remove(struct call_list *list, struct call *call)
{
    struct call **link = &list->head;

    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    if (!*link)
        list->tail = link;
}

void client_say(const struct client *client, enum log_level level, const char *format, ...)
{
    char line[1400];
    va_list arguments;

    if (!client->options.log)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    client->options.log(client->options.log_context, level, line);
}

bool client_is_stopped(const struct client *client)
{
    return client->closing || (client->options.stop && *client->options.stop);
}

void call_end(struct call *call, struct reply *reply)
{
    if (!reply->correlation_id)
        reply->correlation_id = "";
    call->client->count--;
    call->done(call->context, reply);
    free(call->method);
    free(call->url);
    free(call->permission);
    free(call->body);
    free(call);
}

void list_fail(struct call_list *list, enum reply_fate fate, const struct error *why)
{
    struct call *call = list->head;

    list_init(list);
    while (call) {
        struct call *next = call->next;
        struct reply reply = {.fate = fate, .error = *why};
        call_end(call, &reply);
        call = next;
    }
}

void client_say_waiting(struct client *client, int64_t now_ms, int64_t wait_ms)
{
    if (wait_ms < WAIT_WORTH_SAYING_MS || now_ms < client->said_until_ms)
        return;
    client->said_until_ms = now_ms + wait_ms;
    client_say(client, LOG_INFO, "rate limit %s: waiting %llds",
               now_ms < client->rate.blocked_until_ms || rate_is_used_up(&client->rate, now_ms)
                   ? "reached"
                   : "near",
               (long long)(wait_ms + 999) / 1000);
}
