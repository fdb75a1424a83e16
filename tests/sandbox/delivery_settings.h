/*
 * How events are delivered: the document of /_sandbox/delivery.
 */
#ifndef SANDBOX_DELIVERY_SETTINGS_H
#define SANDBOX_DELIVERY_SETTINGS_H

#include <jansson.h>

enum { DELIVERY_RETRY_MAX_MS = 30000 };

/* Numbers as numbers.h has them. */
struct delivery_settings {
    double timeout_ms;      /* of a request */
    double slow_ms;         /* a 2xx that takes as long throttles */
    double retry_ms;        /* before the first retry; doubles up to DELIVERY_RETRY_MAX_MS */
    double unhealthy_after; /* failures in a row */
    double concurrency;     /* requests of a target at a time */
    json_t *ca_file;        /* string or null */
    json_t *data_action;    /* {url, header, key, topic_header} or null */
};

/* The data action that triggers' workflows post to; borrowed. */
struct data_action {
    const char *url; /* NULL: there is none */
    const char *header;
    const char *key; /* NULL: none is sent */
    const char *topic_header;
};

/* Pairs with delivery_settings_release. */
void delivery_settings_init(struct delivery_settings *settings);
void delivery_settings_release(struct delivery_settings *settings);

/*
 * Sets what `document` names, of data_action too. Returns NULL, or what is wrong with it, to be
 * freed, in which case nothing was set.
 */
char *delivery_settings_read(struct delivery_settings *settings, const json_t *document);

/* A new reference. */
json_t *delivery_settings_report(const struct delivery_settings *settings);

/* NULL: the system's. */
const char *delivery_settings_ca_file(const struct delivery_settings *settings);
struct data_action delivery_settings_data_action(const struct delivery_settings *settings);

#endif
