/*
 * Faults: rules, set over the control path, that say which requests go wrong and how.
 *
 * A rule matches by method and path, lets `skip` requests through, then spoils `times` of them.
 * Of the rules that match a request all latencies add up, and the first other one is applied.
 *
 * Invariants: a rule that a call has taken stays valid for that call, whatever becomes of the
 * list. Rules that are used up stay in the list and match nothing.
 */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include "call.h"

/* What becomes of the bytes of a reply. */
enum fault_wire {
    FAULT_WIRE_SEND,
    FAULT_WIRE_CUT,      /* closed without a byte */
    FAULT_WIRE_RESET,    /* the same, with a TCP reset */
    FAULT_WIRE_HANG,     /* never answered */
    FAULT_WIRE_TRUNCATE, /* the length of all of it, the bytes of half of it */
};

struct fault_kind;

/* What one call got. */
struct fault {
    const struct fault_kind *kind; /* NULL: nothing goes wrong */
    json_t *rule;                  /* a reference of its own */
    int64_t latency_ms;
};

struct faults *faults_new(void);
void faults_free(struct faults *faults);
void faults_clear(struct faults *faults);

/*
 * Appends rules (a JSON array, or a single rule). Returns NULL, or what is wrong with them, to be
 * freed, in which case none was added.
 */
char *faults_add(struct faults *faults, const json_t *rules);

/* The rules as they stand, with what is left of their skip and times; a new reference. */
json_t *faults_report(const struct faults *faults);

/* What the next rule says about a request. Pairs with fault_release. */
struct fault faults_take(struct faults *faults, const char *method, const char *path);
void fault_release(struct fault *fault);

/* Whether the call is carried out at all, and what is done to its reply afterwards. */
bool fault_has_effect(const struct fault *fault);
void fault_apply(const struct fault *fault, struct call *call);
enum fault_wire fault_wire(const struct fault *fault);

#endif
