/* What each stage of the accept path takes alone, on one thread and the same requests that wrk
 * sends: where the time goes, and what the next bottleneck is.
 *
 *   stages CONFIG REQUESTS FOLDER ROUND COUNT
 *
 * CONFIG is ingestd's, REQUESTS a file of tests/bench/requests.c, FOLDER an empty one on the disk
 * that is measured. ROUND requests go through each stage before the next stage begins, as those of
 * one round of the event loop do, and share a commit; COUNT in all. Prints a line for each stage:
 * its name, nanoseconds of CPU a request, nanoseconds of the clock a request.
 *
 * The network, the loop and the handing over between threads are not in here: they are what a
 * whole request's CPU has beyond the sum of these.
 */
#include "core/clock.h"
#include "core/diag.h"
#include "core/file.h"
#include "core/source.h"
#include "ingest/envelope.h"
#include "ingest/live.h"
#include "ingest/queue.h"
#include "ingest/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUND_MOST = 1024, REQUESTS_MOST_BYTES = 1024 * 1024 * 1024 };

enum stage { STAGE_HTTP, STAGE_VERIFY, STAGE_SCAN, STAGE_TICKET, STAGE_STORE, STAGE_FREE, STAGES };
static const char *const stage_words[STAGES] = {"http",   "verify", "scan",
                                                "ticket", "store",  "free"};

static struct {
    int64_t cpu_ns, clock_ns;
} spent[STAGES];

/* One round: everything is by the place in it. */
static struct round {
    size_t count;
    const char *bytes[ROUND_MOST];
    struct http_reader readers[ROUND_MOST];
    const struct auth_source *sources[ROUND_MOST];
    struct auth_verdict verdicts[ROUND_MOST];
    struct request *requests[ROUND_MOST];
    struct arrival *arrivals[ROUND_MOST];
    size_t events; /* keeps the scan from being left out */
} round_;

static struct queue *queue;
static size_t request_bytes;

static void die(const char *what, const struct error *error)
{
    fprintf(stderr, "stages: %s%s%s\n", what, error ? ": " : "", error ? error->text : "");
    exit(1);
}

/* -- the stages ---------------------------------------------------------------------------------
 */

static void run_http(struct round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        struct http_reader *reader = &round->readers[i];

        for (size_t used = 0; used < request_bytes && reader->phase != HTTP_REFUSED;)
            used += http_reader_feed(reader, round->bytes[i] + used, request_bytes - used);
        if (reader->phase != HTTP_COMPLETE)
            die("a request is not read", NULL);
    }
}

static void run_verify(struct round *round)
{
    struct auth_sender sender = {.now_s = clock_unix_s()};

    for (size_t i = 0; i < round->count; i++) {
        round->verdicts[i] = auth_verify(round->sources[i], &round->readers[i], &sender);
        if (round->verdicts[i].reason != AUTH_OK)
            die(auth_reason_word(round->verdicts[i].reason), NULL);
    }
}

static void run_scan(struct round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        const struct buf *body = &round->readers[i].body;
        round->events += envelope_scan(body->data, body->length).events;
    }
}

/* This scans once more, which is subtracted at the end. */
static void run_ticket(struct round *round)
{
    int64_t now_us = clock_unix_us();

    for (size_t i = 0; i < round->count; i++) {
        round->requests[i] = request_new(&round->readers[i], auth_source_config(round->sources[i]),
                                         &round->verdicts[i], now_us);
        if (!round->requests[i])
            die("no memory", NULL);
        round->arrivals[i] = &round->requests[i]->ticket.arrival;
    }
}

static void run_store(struct round *round)
{
    struct error error = ERROR_INIT;
    enum queue_trouble trouble;

    if (!queue_append(queue, round->arrivals, round->count, &trouble, &error))
        die("not stored", &error);
}

static void run_free(struct round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        request_free(round->requests[i]);
        http_reader_next(&round->readers[i]);
    }
}

static void (*const runs[STAGES])(struct round *) = {run_http,   run_verify, run_scan,
                                                     run_ticket, run_store,  run_free};

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void run_stage(struct round *round, enum stage stage)
{
    int64_t clock_ns = now_ns(CLOCK_MONOTONIC), cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);

    runs[stage](round);
    spent[stage].cpu_ns += now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
    spent[stage].clock_ns += now_ns(CLOCK_MONOTONIC) - clock_ns;
}

/* -- all of it ----------------------------------------------------------------------------------
 */

static void read_config(const char *path, struct config *config)
{
    struct source source;
    struct diag_list diags;

    diag_list_init(&diags);
    if (!source_read(&source, path, &diags) || !config_read(config, &source, &diags))
        die("the configuration is wrong: see ingestd check-config", NULL);
    source_release(&source);
    diag_list_release(&diags);
}

/* The path stands between the first two spaces. */
static const struct auth_source *source_of(const struct auth *auth, const char *bytes)
{
    char path[256];

    if (sscanf(bytes, "POST %255s", path) != 1)
        die("no request", NULL);
    return auth_find(auth, path);
}

static void run_all(const struct live *live, const struct buf *file, size_t count)
{
    const char *first = strchr(file->data, '\n') + 1, *end = file->data + file->length;
    const struct auth_source *source = source_of(live->auth, first);
    const char *next = first;

    if (!source)
        die("no source has the requests' path", NULL);
    for (size_t i = 0; i < round_.count; i++) {
        http_reader_init(&round_.readers[i], &live->http);
        round_.sources[i] = source;
    }
    for (size_t done = 0; done < count; done += round_.count) {
        for (size_t i = 0; i < round_.count; i++, next += request_bytes) {
            if (next + request_bytes > end)
                next = first;
            round_.bytes[i] = next;
        }
        for (int stage = 0; stage < STAGES; stage++)
            run_stage(&round_, (enum stage)stage);
    }
    for (size_t i = 0; i < round_.count; i++)
        http_reader_release(&round_.readers[i]);
}

static void print(int64_t count)
{
    spent[STAGE_TICKET].cpu_ns -= spent[STAGE_SCAN].cpu_ns;
    spent[STAGE_TICKET].clock_ns -= spent[STAGE_SCAN].clock_ns;
    for (int stage = 0; stage < STAGES; stage++)
        printf("%s %lld %lld\n", stage_words[stage], (long long)(spent[stage].cpu_ns / count),
               (long long)(spent[stage].clock_ns / count));
}

int main(int argc, char **argv)
{
    struct error error = ERROR_INIT;
    struct config config;
    struct live *live;
    struct buf file;

    if (argc != 6)
        die("see the top of tests/bench/stages.c", NULL);
    long round = atol(argv[4]), count = atol(argv[5]);
    if (round < 1 || round > ROUND_MOST || count < round)
        die("ROUND is 1 to 1024, and not over COUNT", NULL);
    read_config(argv[1], &config);
    const struct config_queue queue_options = config.queue;
    live = live_new(&config, NULL, 0, &error);
    buf_init(&file, REQUESTS_MOST_BYTES);
    if (!live || !file_read(argv[2], &file, &error))
        die("cannot begin", &error);
    request_bytes = strtoul(file.data, NULL, 10);
    if (!request_bytes || file.length < request_bytes)
        die("no requests", NULL);
    queue = queue_open(argv[3], &queue_options, &error);
    if (!queue)
        die("no queue", &error);
    round_.count = (size_t)round;
    count -= count % round;
    run_all(live, &file, (size_t)count);
    print(count);
    queue_close(queue);
    buf_release(&file);
    live_drop(live);
    return 0;
}
