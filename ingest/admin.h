/* The admin listener: state, metrics, dead letters, pausing; loopback by default, a bearer token
 * always (but for /healthz and /readyz). evhttp, on a thread of its own.
 *
 * What it serves is a table of routes (admin.c); `ingestd help admin` and ingest/README.md are made
 * from it. Every change is recorded in the ledger with who, when and why.
 */
#ifndef INGEST_ADMIN_H
#define INGEST_ADMIN_H

#include "core/error.h"
#include "ingest/dispatch.h"
#include "ingest/metrics.h"
#include "ingest/reactor.h"
#include "ingest/writer.h"

#include <stdatomic.h>

/* About: later ones wait until others end. */
enum { ADMIN_CONNECTIONS_MOST = 64 };

struct admin;

/* What it shows and works on; all live longer than it. */
struct admin_options {
    const struct config_admin *config;
    const struct config *settings;
    struct queue *queue;
    struct ledger *ledger;
    struct dispatch *dispatch;
    struct writer *writer;
    struct reactors *reactors;
    struct metrics *metrics;
    struct shapes *shapes;
    const char *instance;        /* differs with each start */
    const atomic_bool *stopping; /* red in /readyz from then on */
    int64_t started_us;
    /* Takes over what eventctl published; false: the error says what is wrong, nothing changed. */
    bool (*publish)(void *context, const char *document, size_t length, struct error *error);
    void *context;
};

struct admin *admin_start(const struct admin_options *options, struct error *error);
const char *admin_address(const struct admin *admin);
void admin_stop(struct admin *admin);

struct buf;
void admin_document(struct buf *out); /* the routes as Markdown */

#endif
