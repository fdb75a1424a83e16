/*
 * All that one sandbox is: its settings and the state that its calls share.
 *
 * Invariants: there is one thread and one struct sandbox; it outlives every call. The settings
 * are plain values that main() and the control path write and everybody else only reads.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "text.h"

#include <jansson.h>

struct event_base;
struct accounts;
struct audit;
struct delivery;
struct faults;
struct keys;
struct requests;
struct state;
struct store;
struct traffic;

enum { SANDBOX_PAGE_DEFAULT = 25, SANDBOX_PAGE_MAX = 200, SANDBOX_BODY_MAX_BYTES = 3000000 };

struct settings {
    const char *organization;
    char organization_id[TEXT_UUID_SIZE];
    int rate_limit; /* calls a minute and token; 0: none */
    int token_lifetime_s;
    int64_t read_lag_ms;    /* a write is shown only so long after it */
    int64_t read_lag_reads; /* … and only after so many reads of its kind */
    int page_size_max;      /* quietly shortens pages; SANDBOX_PAGE_MAX does nothing */
    json_t *deny;           /* array of permissions that nobody has */
    json_t *flows;          /* array of the workflow ids that exist; empty: all do */
};

struct sandbox {
    struct event_base *base;
    struct settings settings;
    struct accounts *accounts;
    struct store *subscriptions;
    struct store *triggers;
    struct audit *audit;
    struct faults *faults;
    struct requests *requests;
    struct state *state; /* NULL: nothing is kept */
    uint64_t last_correlation;
    struct keys *keys;
    struct delivery *delivery;
    struct traffic *traffic;
};

#endif
