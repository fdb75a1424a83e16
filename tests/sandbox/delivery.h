/*
 * Delivery: which targets there are, what each of them gets, and what became of it.
 *
 * Invariants: nothing is dropped that somebody could still take: a target that has OUTBOX_MAX
 * events waiting makes delivery_has_room false, and then nothing more is to be offered. The stores
 * are the truth; they are looked at again whenever they changed, before anything is matched or
 * sent.
 */
#ifndef SANDBOX_DELIVERY_H
#define SANDBOX_DELIVERY_H

#include "delivery_settings.h"
#include "sandbox.h"

struct delivery;
struct happening;

struct delivery *delivery_new(struct sandbox *sandbox);
void delivery_free(struct delivery *delivery);

/* To be read; delivery_set sets them, as delivery_settings_read does. */
const struct delivery_settings *delivery_settings_of(const struct delivery *delivery);
char *delivery_set(struct delivery *delivery, const json_t *document);

/* Begins the events log. Returns false when it cannot be written, with the reason printed. */
bool delivery_log_to(struct delivery *delivery, const char *path);

/* Whether every target can take another event; whether anything waits for a target. */
bool delivery_has_room(struct delivery *delivery);
bool delivery_waits(const struct delivery *delivery);

/* Puts an event into the queues of the targets that want it. */
void delivery_offer(struct delivery *delivery, struct happening *happening);

/* Sends what is to be sent by now. Called every few milliseconds while anything waits. */
void delivery_pulse(struct delivery *delivery);

/*
 * What was offered, and the targets as target_report has them; a new reference. The events log is
 * as far.
 */
json_t *delivery_report(struct delivery *delivery);

#endif
