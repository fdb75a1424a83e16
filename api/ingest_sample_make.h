/* An ingest_sample in the making: its texts, and its lists without doubles. Private to
 * ingest_sample*.c; both readers stand on it.
 *
 * Life cycle: maker_init; then what the reader finds; maker_end, once, whatever happened.
 */
#ifndef API_INGEST_SAMPLE_MAKE_H
#define API_INGEST_SAMPLE_MAKE_H

#include "api/ingest_sample.h"

enum { SAMPLE_SINKS_MOST = 1000 };

/* Texts that stand for numbers: the first for 0, the next new one for 1, and so on. */
struct names {
    struct name *slots;
    size_t size, count;
};

struct maker {
    struct ingest_sample *sample;
    struct error *error;
    struct arena scratch; /* until maker_end */
    struct names subscriptions, reasons, sinks;
};

void maker_init(struct maker *maker, struct ingest_sample *sample, struct error *error);
/* Sorts the lists, and frees what was needed for making; releases the sample when not `ok`, which
 * it returns. */
bool maker_end(struct maker *maker, bool ok);

/* The number of a text, which is borrowed until maker_end. */
MUST_CHECK bool maker_number(struct maker *maker, struct names *names, const char *text,
                             size_t length, size_t *number, bool *fresh);

/* Digits and nothing else → their number; unknown when it is more than int64_t holds. */
bool maker_digits(const char *text, size_t length, int64_t *number);

/* A copy in the sample's arena, cut to SAMPLE_TEXT_MOST. The text is valid UTF-8. */
MUST_CHECK bool maker_text(struct maker *maker, const char *text, size_t length, const char **out);

/* The one of that key; when fresh, all of it is unknown, but for its key. The pointer stays good
 * until the next one is made; texts of the key are borrowed until maker_end. */
MUST_CHECK bool maker_subscription(struct maker *maker, const char *id, size_t length,
                                   struct sample_subscription **out, bool *fresh);
MUST_CHECK bool maker_sink(struct maker *maker, const char *name, size_t length,
                           struct sample_sink **out, bool *fresh);
MUST_CHECK bool maker_reason(struct maker *maker, const char *subscription,
                             size_t subscription_length, const char *reason, size_t reason_length,
                             struct sample_reason **out, bool *fresh);

/* What is not known yet. */
extern const struct sample_subscription sample_subscription_unknown;
extern const struct sample_sink sample_sink_unknown;
extern const struct sample_reason sample_reason_unknown;

#endif
