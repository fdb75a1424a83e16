#include "ingest/metrics.h"

static const double commit_bounds[] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                       0.1,    0.25,  0.5,   1,     2.5,  0};
static const double count_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 0};
static const double delivery_bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,   1,     2.5, 5,
                                         10,    30,   60,    300,  900, 3600, 14400, 86400, 0};
static const double sink_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                     0.5,   1,      2.5,   5,    10,    30,   0};

#define SUBSCRIPTION                                                                               \
    {                                                                                              \
        "subscription", NULL                                                                       \
    }

const struct metric_row metric_table[METRIC_COUNT] = {
    [METRIC_RECEIVED_REQUESTS] = {"ingestd_received_requests",
                                  METRIC_COUNTER,
                                  {"source"},
                                  NULL,
                                  "Requests that came whole and were verified."},
    [METRIC_RECEIVED_EVENTS] =
        {"ingestd_received_events", METRIC_COUNTER, {"source"}, NULL, "Events in them."},
    [METRIC_REPLIES] = {"ingestd_http_replies",
                        METRIC_COUNTER,
                        {"code"},
                        NULL,
                        "HTTP replies on the event listener."},
    [METRIC_SIGNATURE_FAILURES] = {"ingestd_signature_failures",
                                   METRIC_COUNTER,
                                   {"source", "reason"},
                                   NULL,
                                   "Requests that were not believed, by why."},
    [METRIC_REFUSED_REQUESTS] = {"ingestd_refused_requests",
                                 METRIC_COUNTER,
                                 {"reason"},
                                 NULL,
                                 "Requests and connections turned away before verification: not "
                                 "HTTP as it should be, or over a limit."},
    [METRIC_CONNECTIONS] = {"ingestd_connections",
                            METRIC_GAUGE,
                            {NULL},
                            NULL,
                            "Connections that are open on the event listener."},
    [METRIC_CLOSED] = {"ingestd_deadline_closes",
                       METRIC_COUNTER,
                       {"phase"},
                       NULL,
                       "Connections closed at the deadline of a phase."},
    [METRIC_ACCEPTED] = {"ingestd_accepted_events", METRIC_COUNTER, SUBSCRIPTION, NULL,
                         "Events stored durably and answered with 202."},
    [METRIC_QUARANTINED] = {"ingestd_quarantined_events", METRIC_COUNTER, SUBSCRIPTION, NULL,
                            "Events that are no JSON, or lack their ids."},
    [METRIC_STORE_FAILURES] = {"ingestd_store_failures",
                               METRIC_COUNTER,
                               {"trouble"},
                               NULL,
                               "Commits that failed, by why."},
    [METRIC_COMMIT_SECONDS] = {"ingestd_commit_seconds",
                               METRIC_HISTOGRAM,
                               {NULL},
                               commit_bounds,
                               "Time of one commit, its sync included."},
    [METRIC_COMMIT_EVENTS] = {"ingestd_commit_requests",
                              METRIC_HISTOGRAM,
                              {NULL},
                              count_bounds,
                              "Requests that shared one commit."},
    [METRIC_STORE_BYTES] = {"ingestd_store_bytes",
                            METRIC_GAUGE,
                            {"file"},
                            NULL,
                            "Size of the queue's and the ledger's files."},
    [METRIC_FREE_BYTES] = {"ingestd_disk_free_bytes",
                           METRIC_GAUGE,
                           {NULL},
                           NULL,
                           "Free space on the disk of the queue."},
    [METRIC_RESERVE_BYTES] = {"ingestd_disk_reserve_bytes",
                              METRIC_GAUGE,
                              {NULL},
                              NULL,
                              "Free space below which requests get 503."},
    [METRIC_PENDING_BYTES] = {"ingestd_pending_bytes",
                              METRIC_GAUGE,
                              {NULL},
                              NULL,
                              "Requests in memory that wait for their commit."},
    [METRIC_TRIMMED] = {"ingestd_trimmed_requests",
                        METRIC_COUNTER,
                        {NULL},
                        NULL,
                        "Settled requests removed by the retention."},
    [METRIC_UNREADABLE] = {"ingestd_unreadable_requests",
                           METRIC_COUNTER,
                           {NULL},
                           NULL,
                           "Stored requests that could not be read back."},
    [METRIC_DEPTH] = {"ingestd_queue_depth", METRIC_GAUGE, SUBSCRIPTION, NULL,
                      "Events accepted and not settled yet."},
    [METRIC_OLDEST_SECONDS] = {"ingestd_queue_oldest_age_seconds", METRIC_GAUGE, SUBSCRIPTION, NULL,
                               "Age of the oldest of them; 0 when there is none."},
    [METRIC_DELIVERED] = {"ingestd_delivered_events", METRIC_COUNTER, SUBSCRIPTION, NULL,
                          "Events that their sink has taken."},
    [METRIC_REPLAYED] = {"ingestd_replayed_events", METRIC_COUNTER, SUBSCRIPTION, NULL,
                         "Of these, replays of dead letters."},
    [METRIC_DUPLICATES] = {"ingestd_duplicate_events", METRIC_COUNTER, SUBSCRIPTION, NULL,
                           "Events not delivered, since their key already was within the window."},
    [METRIC_FILTERED] = {"ingestd_filtered_events", METRIC_COUNTER, SUBSCRIPTION, NULL,
                         "Events dropped by a residual filter."},
    [METRIC_RETRIED] = {"ingestd_retried_deliveries", METRIC_COUNTER, SUBSCRIPTION, NULL,
                        "Attempts that failed and are made again."},
    [METRIC_DEAD_LETTERED] = {"ingestd_dead_lettered_events",
                              METRIC_COUNTER,
                              {"subscription", "reason"},
                              NULL,
                              "Events that became dead letters."},
    [METRIC_DELIVERY_SECONDS] = {"ingestd_delivery_seconds", METRIC_HISTOGRAM, SUBSCRIPTION,
                                 delivery_bounds, "From receiving an event to its delivery."},
    [METRIC_SINK_SECONDS] = {"ingestd_sink_seconds",
                             METRIC_HISTOGRAM,
                             {"sink"},
                             sink_bounds,
                             "Time of one attempt at a sink."},
    [METRIC_PARKED] = {"ingestd_parked_events", METRIC_GAUGE, SUBSCRIPTION, NULL,
                       "Events that wait for a retry, or behind one of their interaction."},
    [METRIC_PAUSED] = {"ingestd_subscription_paused", METRIC_GAUGE, SUBSCRIPTION, NULL,
                       "1 while its delivery is paused."},
    [METRIC_DEAD_LETTERS] = {"ingestd_dead_letters",
                             METRIC_GAUGE,
                             {"subscription", "reason"},
                             NULL,
                             "Dead letters in the table."},
    [METRIC_DEAD_LETTER_BYTES] =
        {"ingestd_dead_letter_bytes", METRIC_GAUGE, {NULL}, NULL, "What they take of their quota."},
    [METRIC_WORKERS] = {"ingestd_workers", METRIC_GAUGE, {NULL}, NULL, "Workers that run."},
    [METRIC_SINK_STATE] = {"ingestd_sink_breaker",
                           METRIC_GAUGE,
                           {"sink"},
                           NULL,
                           "A sink's circuit breaker: 0 closed, 1 half open, 2 open."},
    [METRIC_DEDUPE_KEYS] =
        {"ingestd_dedupe_keys", METRIC_GAUGE, {NULL}, NULL, "Keys in the dedupe window."},
    [METRIC_DEDUPE_DROPPED] = {"ingestd_dedupe_dropped_keys",
                               METRIC_COUNTER,
                               {NULL},
                               NULL,
                               "Keys forgotten before their time, for want of room."},
    [METRIC_SHAPES] =
        {"ingestd_shapes", METRIC_GAUGE, {"type"}, NULL, "Shapes seen of an event type."},
    [METRIC_NEW_SHAPES] =
        {"ingestd_new_shapes", METRIC_COUNTER, {"type"}, NULL, "Shapes seen for the first time."},
    [METRIC_INFO] =
        {"ingestd_build_info", METRIC_GAUGE, {"version", "instance"}, NULL, "Always 1."},
    [METRIC_START] = {"ingestd_start_time_seconds",
                      METRIC_GAUGE,
                      {NULL},
                      NULL,
                      "When it started, since the epoch."},
    [METRIC_RELOADS] = {"ingestd_reloads",
                        METRIC_COUNTER,
                        {"result"},
                        NULL,
                        "Reloads by SIGHUP or by what was published."},
};

const char *metric_type_word(enum metric_type type)
{
    static const char *const words[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

    return words[type];
}

void metrics_document(struct buf *out)
{
    buf_add_text(out, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (int m = 0; m < METRIC_COUNT; m++) {
        const struct metric_row *row = &metric_table[m];
        buf_printf(out, "| `%s%s` | %s | %s%s%s | %s |\n", row->name,
                   row->type == METRIC_COUNTER ? "_total" : "", metric_type_word(row->type),
                   row->labels[0] ? row->labels[0] : "", row->labels[1] ? ", " : "",
                   row->labels[1] ? row->labels[1] : "", row->help);
    }
}
