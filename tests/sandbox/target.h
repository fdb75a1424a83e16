/*
 * Something that events are delivered to: a subscription's URL, or the data action of a trigger's
 * workflow.
 *
 * Invariants: what the object says counts from the moment it says so, for what has not happened
 * yet and for what has not been sent yet; what has matched stays matched. While the object is
 * disabled what has matched waits.
 *
 * Life cycle: target_new, target_read whenever its object changed, target_leave when the object is
 * gone (what was counted stays), target_free.
 */
#ifndef SANDBOX_TARGET_H
#define SANDBOX_TARGET_H

#include "health.h"
#include "outbox.h"

struct delivery;
struct match;

enum target_kind { TARGET_SUBSCRIPTION, TARGET_TRIGGER };

struct target {
    struct delivery *delivery; /* whose it is */
    enum target_kind kind;
    char *id;
    char *quoted_id; /* as JSON */
    uint64_t round;  /* of delivery.c's looking, in which its object was there last */

    /* What its object says. */
    json_t *body;      /* a reference */
    const char *name;  /* NULL: none */
    const char *url;   /* of a subscription; NULL: none */
    const char *topic; /* of a trigger; NULL: none */
    struct match *match;
    bool enabled;
    bool gone;
    bool lists; /* requests are lists of events */
    size_t batch_size;
    int64_t window_ms;

    struct outbox outbox;
    struct health health;

    uint64_t matched;
    uint64_t acknowledged;
    uint64_t repeated;
    uint64_t refused;
    uint64_t discarded; /* because the object went */
    uint64_t requests;
    json_t *replies; /* counts by status, or by why there was none */
};

struct target *target_new(struct delivery *delivery, enum target_kind kind, const char *id);
void target_free(struct target *target);

void target_read(struct target *target, json_t *body);
void target_leave(struct target *target);

/* Whether an event is for this target, and the name by which it knows it. */
bool target_wants(const struct target *target, const struct happening *happening);
const char *target_type(const struct target *target, const struct happening *happening);

/* Puts an event into the target's outbox. */
void target_take(struct target *target, struct happening *happening, int64_t now_ms);

/* As outbox_next, by what the object and its health allow. */
struct batch *target_next(struct target *target, const struct delivery_settings *settings,
                          int64_t now_ms);

/* Gives a batch its text: what a request has in its body. */
void target_write(const struct target *target, struct batch *batch);

void target_count_reply(struct target *target, int status, enum health_verdict verdict);

/* The target as GET /_sandbox/deliveries shows it; a new reference. */
json_t *target_report(const struct target *target);

#endif
