/*
 * What conversations there shall be: the document of /_sandbox/traffic.
 */
#ifndef SANDBOX_TRAFFIC_SETTINGS_H
#define SANDBOX_TRAFFIC_SETTINGS_H

#include <jansson.h>

enum traffic_media { TRAFFIC_VOICE, TRAFFIC_CHAT, TRAFFIC_MESSAGE, TRAFFIC_EMAIL, TRAFFIC_MEDIA };

/* Numbers as numbers.h has them. */
struct traffic_settings {
    double conversations_per_s;
    double seed;
    double conversations; /* 0: endless */
    double pace_ms;       /* mean time between two events of a conversation */
    double abandon_percent;
    double transfer_percent;
    double duplicate_percent;
    double reorder_percent;
    double schema_change_after;  /* conversations; -1: never */
    double media[TRAFFIC_MEDIA]; /* weights */
    struct {
        double after_s; /* from when it was set */
        double for_s;
        double times; /* so many times the conversations */
    } surge;
};

void traffic_settings_init(struct traffic_settings *settings);

/*
 * Sets what `document` names. Returns NULL, or what is wrong with it, to be freed, in which case
 * nothing was set.
 */
char *traffic_settings_read(struct traffic_settings *settings, const json_t *document);

/* A new reference. */
json_t *traffic_settings_report(const struct traffic_settings *settings);

#endif
