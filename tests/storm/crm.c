/* A CRM to deliver to: takes events by HTTP and can be slow, down, or choke on one interaction.
 *
 *   crm [--listen HOST:PORT] [--log FILE]
 *
 * Prints its URL. POST anywhere else than /_crm is an event; each that is answered 200 is one line
 * of JSON in the log: {"key", "subscription", "type", "interaction", "sequence", "replayed",
 * "body"}, body being what a CRM would have read: its field names, sorted. PUT /_crm sets
 * {"delay_ms", "down": bool, "poison": text that an interaction's id ends in; "" none}; GET /_crm
 * shows that and {"taken", "refused", "waiting"}.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include <arpa/inet.h>
#include <getopt.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum { BODY_MOST_BYTES = 1 << 20, POISON_MOST_BYTES = 128 };

static struct {
    struct event_base *base;
    FILE *log;
    int delay_ms;
    bool down;
    char poison[POISON_MOST_BYTES];
    long taken, refused, waiting;
} crm;

/* One event whose answer waits. */
struct visit {
    struct evhttp_request *request;
    json_t *event;
    struct event *timer;
};

static void answer(struct evhttp_request *request, int status, json_t *body)
{
    struct evbuffer *out = evbuffer_new();
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    if (!out)
        abort();
    if (text)
        evbuffer_add_printf(out, "%s\n", text);
    evhttp_send_reply(request, status, NULL, out);
    evbuffer_free(out);
    free(text);
    json_decref(body);
}

static json_t *read_body(struct evhttp_request *request)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t length = evbuffer_get_length(input);

    return json_loadb((const char *)evbuffer_pullup(input, -1), length, 0, NULL);
}

/* -- events ------------------------------------------------------------------------------------ */

static const char *header(struct evhttp_request *request, const char *name)
{
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(request), name);

    return value ? value : "";
}

static const json_t *payload_of(const json_t *event)
{
    const json_t *payload = json_object_get(event, "payload");

    return payload ? payload : event;
}

static const char *interaction_of(const json_t *event)
{
    const json_t *payload = payload_of(event);
    const char *id = json_string_value(json_object_get(payload, "id"));

    if (!id)
        id = json_string_value(json_object_get(payload, "conversationId"));
    return id ? id : "";
}

static bool is_poisoned(const json_t *event)
{
    const char *id = interaction_of(event);
    size_t length = strlen(id), poison = strlen(crm.poison);

    return poison > 0 && length >= poison && strcmp(id + length - poison, crm.poison) == 0;
}

static json_t *fields_of(const json_t *object)
{
    json_t *fields = json_array();
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        json_array_append_new(fields, json_string(name));
    }
    return fields;
}

static void note(const struct visit *visit)
{
    const json_t *event = visit->event, *sequence = json_object_get(event, "sequenceNumber");
    json_t *line = json_pack(
        "{s:s, s:s, s:s, s:s, s:O, s:b, s:o}", "key", header(visit->request, "Idempotency-Key"),
        "subscription", header(visit->request, "Ingest-Subscription"), "type",
        header(visit->request, "Ingest-Event-Type"), "interaction", interaction_of(event),
        "sequence", sequence ? sequence : json_null(), "replayed",
        *header(visit->request, "Ingest-Replayed") != 0, "body", fields_of(payload_of(event)));
    char *text = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        abort();
    fprintf(crm.log, "%s\n", text);
    free(text);
    json_decref(line);
}

static void visit_end(struct visit *visit)
{
    int status = crm.down ? 503 : is_poisoned(visit->event) ? 500 : 200;

    if (status == 200) {
        crm.taken++;
        if (crm.log)
            note(visit);
    } else {
        crm.refused++;
    }
    crm.waiting--;
    answer(visit->request, status, NULL);
    json_decref(visit->event);
    if (visit->timer)
        event_free(visit->timer);
    free(visit);
}

static void on_time(evutil_socket_t fd, short events, void *context)
{
    (void)fd, (void)events;
    visit_end(context);
}

/* A sender that hangs up while it waits: evhttp frees the request only with its answer. */
static void take_event(struct evhttp_request *request)
{
    struct visit *visit = calloc(1, sizeof(*visit));
    const struct timeval delay = {crm.delay_ms / 1000, crm.delay_ms % 1000 * 1000};

    if (!visit)
        abort();
    *visit = (struct visit){.request = request, .event = read_body(request)};
    crm.waiting++;
    if (crm.delay_ms == 0) {
        visit_end(visit);
        return;
    }
    visit->timer = evtimer_new(crm.base, on_time, visit);
    evtimer_add(visit->timer, &delay);
}

/* -- control ----------------------------------------------------------------------------------- */

static json_t *report(void)
{
    return json_pack("{s:i, s:b, s:s, s:I, s:I, s:I}", "delay_ms", crm.delay_ms, "down", crm.down,
                     "poison", crm.poison, "taken", (json_int_t)crm.taken, "refused",
                     (json_int_t)crm.refused, "waiting", (json_int_t)crm.waiting);
}

static void control(struct evhttp_request *request)
{
    json_t *body =
        evhttp_request_get_command(request) == EVHTTP_REQ_PUT ? read_body(request) : NULL;
    json_t *delay = json_object_get(body, "delay_ms"), *down = json_object_get(body, "down");
    const char *poison = json_string_value(json_object_get(body, "poison"));

    if (json_is_integer(delay))
        crm.delay_ms = (int)json_integer_value(delay);
    if (down)
        crm.down = json_is_true(down);
    if (poison)
        snprintf(crm.poison, sizeof(crm.poison), "%s", poison);
    json_decref(body);
    if (crm.log)
        fflush(crm.log);
    answer(request, 200, report());
}

static void on_request(struct evhttp_request *request, void *context)
{
    (void)context;
    if (strcmp(evhttp_request_get_uri(request), "/_crm") == 0)
        control(request);
    else
        take_event(request);
}

/* -- life cycle -------------------------------------------------------------------------------- */

static void on_stop(evutil_socket_t signal, short events, void *context)
{
    (void)signal, (void)events, (void)context;
    event_base_loopbreak(crm.base);
}

static int port_of(struct evhttp_bound_socket *bound)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &length);
    return ntohs(address.sin_port);
}

static int serve(const char *listen)
{
    struct evhttp *http = evhttp_new(crm.base);
    struct event *stop = evsignal_new(crm.base, SIGTERM, on_stop, NULL);
    const char *colon = strrchr(listen, ':');
    char *host = strndup(listen, colon ? (size_t)(colon - listen) : strlen(listen));
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, host, (ev_uint16_t)(colon ? atoi(colon + 1) : 0));

    evhttp_set_gencb(http, on_request, NULL);
    evhttp_set_max_body_size(http, BODY_MOST_BYTES);
    event_add(stop, NULL);
    if (bound) {
        printf("http://%s:%d\n", host, port_of(bound));
        fflush(stdout);
        event_base_dispatch(crm.base);
    }
    event_free(stop);
    evhttp_free(http);
    free(host);
    return bound ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **words)
{
    static const struct option names[] = {{"listen", required_argument, NULL, 'l'},
                                          {"log", required_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
    const char *listen = "127.0.0.1:0";
    int name, status;

    while ((name = getopt_long(count, words, "", names, NULL)) != -1) {
        if (name == 'l')
            listen = optarg;
        else if (name != 'f' || !(crm.log = fopen(optarg, "a")))
            return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    crm.base = event_base_new();
    status = crm.base ? serve(listen) : EXIT_FAILURE;
    if (crm.log && fclose(crm.log) != 0)
        status = EXIT_FAILURE;
    if (crm.base)
        event_base_free(crm.base);
    return status;
}
