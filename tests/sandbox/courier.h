/*
 * HTTP and HTTPS posts under way, by libcurl's multi interface on the event loop.
 *
 * Invariants: nothing here blocks. A post sends one letter at a time; when that is answered, or
 * will not be, `done` is called once, from the event loop and never from courier_send. Redirects
 * are not followed, and no proxy of the environment is used.
 *
 * Life cycle: courier_new; any number of posts, each from post_new to post_free, which ends it
 * without `done` when it is under way; courier_free when no post is left.
 */
#ifndef SANDBOX_COURIER_H
#define SANDBOX_COURIER_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct courier;
struct post;

/* What came of a letter beside an HTTP status. */
enum { POST_TIMEOUT = -1, POST_NO_CONNECTION = -2 };

typedef void post_done(void *context, int status);

/* All of it but the headers is borrowed until `done`; the headers are copied. */
struct letter {
    const char *url;
    const char *ca_file; /* PEM; NULL: the system's */
    const char *body;
    size_t length;
    const char *const *headers; /* whole lines; ends with NULL */
    int64_t timeout_ms;
};

struct courier *courier_new(struct event_base *base);
void courier_free(struct courier *courier);

struct post *post_new(struct courier *courier, post_done *done, void *context);
void post_free(struct post *post);

/* The post must not be under way. */
void courier_send(struct post *post, const struct letter *letter);

#endif
