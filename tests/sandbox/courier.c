#include "courier.h"

#include "text.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { CONNECTIONS_KEPT = 256 };

/* A socket of libcurl's that the event loop looks at. */
struct watch {
    struct event *event;
    LIST_ENTRY(watch) link;
};

struct courier {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    LIST_HEAD(watches, watch) watches;
};

struct post {
    struct courier *courier;
    CURL *easy;
    struct curl_slist *headers;
    post_done *done;
    void *context;
    bool under_way;
};

static void post_end(struct post *post)
{
    if (!post->under_way)
        return;
    curl_multi_remove_handle(post->courier->multi, post->easy);
    curl_slist_free_all(post->headers);
    post->headers = NULL;
    post->under_way = false;
}

static int post_status(const struct post *post, CURLcode code)
{
    long status = 0;

    if (code == CURLE_OPERATION_TIMEDOUT)
        return POST_TIMEOUT;
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    return code == CURLE_OK && status > 0 ? (int)status : POST_NO_CONNECTION;
}

static void courier_collect(struct courier *courier)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(courier->multi, &left))) {
        struct post *post;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        int status = post_status(post, code);
        post_end(post);
        post->done(post->context, status);
    }
}

static void courier_act(struct courier *courier, curl_socket_t fd, int what)
{
    int running;

    curl_multi_socket_action(courier->multi, fd, what, &running);
    courier_collect(courier);
}

static void on_socket(evutil_socket_t fd, short events, void *courier)
{
    courier_act(courier, fd,
                (events & EV_READ ? CURL_CSELECT_IN : 0) |
                    (events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short events, void *courier)
{
    (void)fd;
    (void)events;
    courier_act(courier, CURL_SOCKET_TIMEOUT, 0);
}

static void watch_free(struct watch *watch)
{
    event_free(watch->event);
    LIST_REMOVE(watch, link);
    free(watch);
}

/* CURLMOPT_SOCKETFUNCTION: `known` is what was assigned to the socket before. */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct courier *courier = context;
    short events = EV_PERSIST;

    (void)easy;
    if (known)
        watch_free(known);
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(courier->multi, fd, NULL);
        return 0;
    }
    events |= what & CURL_POLL_IN ? EV_READ : 0;
    events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
    struct watch *watch = text_zeroed(sizeof *watch);
    watch->event = event_new(courier->base, fd, events, on_socket, courier);
    event_add(watch->event, NULL);
    LIST_INSERT_HEAD(&courier->watches, watch, link);
    curl_multi_assign(courier->multi, fd, watch);
    return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int on_timer_wanted(CURLM *multi, long ms, void *context)
{
    struct courier *courier = context;
    const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    (void)multi;
    if (ms < 0)
        event_del(courier->timer);
    else
        event_add(courier->timer, &delay);
    return 0;
}

struct courier *courier_new(struct event_base *base)
{
    struct courier *courier = text_zeroed(sizeof *courier);

    courier->base = base;
    courier->timer = event_new(base, -1, 0, on_timer, courier);
    LIST_INIT(&courier->watches);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(courier->multi = curl_multi_init()))
        abort();
    curl_multi_setopt(courier->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(courier->multi, CURLMOPT_SOCKETDATA, courier);
    curl_multi_setopt(courier->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(courier->multi, CURLMOPT_TIMERDATA, courier);
    curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return courier;
}

void courier_free(struct courier *courier)
{
    struct watch *watch;

    if (!courier)
        return;
    curl_multi_cleanup(courier->multi);
    while ((watch = LIST_FIRST(&courier->watches)))
        watch_free(watch);
    event_free(courier->timer);
    free(courier);
    curl_global_cleanup();
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count; /* what it says beside its status is nobody's concern */
}

struct post *post_new(struct courier *courier, post_done *done, void *context)
{
    struct post *post = text_zeroed(sizeof *post);

    post->courier = courier;
    post->done = done;
    post->context = context;
    post->easy = curl_easy_init();
    if (!post->easy)
        abort();
    curl_easy_setopt(post->easy, CURLOPT_PRIVATE, post);
    curl_easy_setopt(post->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(post->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(post->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(post->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(post->easy, CURLOPT_USERAGENT, "genesys-sandbox");
    curl_easy_setopt(post->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(post->easy, CURLOPT_WRITEFUNCTION, on_answer);
    return post;
}

void post_free(struct post *post)
{
    if (!post)
        return;
    post_end(post);
    curl_easy_cleanup(post->easy);
    free(post);
}

void courier_send(struct post *post, const struct letter *letter)
{
    /* libcurl would wait for a word of the receiver before it sends a large body. */
    post->headers = curl_slist_append(NULL, "Expect:");
    for (const char *const *line = letter->headers; *line; line++)
        post->headers = curl_slist_append(post->headers, *line);
    if (letter->ca_file)
        curl_easy_setopt(post->easy, CURLOPT_CAINFO, letter->ca_file);
    curl_easy_setopt(post->easy, CURLOPT_URL, letter->url);
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)letter->length);
    curl_easy_setopt(post->easy, CURLOPT_POSTFIELDS, letter->body);
    curl_easy_setopt(post->easy, CURLOPT_TIMEOUT_MS, (long)letter->timeout_ms);
    post->under_way = true;
    if (curl_multi_add_handle(post->courier->multi, post->easy) != CURLM_OK)
        abort();
}
