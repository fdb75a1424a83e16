/*
 * The audit trail: one record for each write to an object, and the queries over it.
 *
 * Invariants: records are immutable and stand in the order of their dates; beyond
 * AUDIT_RECORDS_MAX the oldest are forgotten. The trail lives as long as the process.
 */
#ifndef SANDBOX_AUDIT_H
#define SANDBOX_AUDIT_H

#include "call.h"

enum { AUDIT_RECORDS_MAX = 50000 };

/* Which service a kind of object is audited under, and as what. */
struct audit_kind {
    const char *service;
    const char *entity_type;
};

struct audit *audit_new(void);
void audit_free(struct audit *audit);

/*
 * Notes one write: `before` is NULL for a creation, `after` for a deletion. `user` ({id, name})
 * is NULL for a write that a client made with its own credentials.
 */
void audit_record(struct call *call, const struct audit_kind *kind, const json_t *before,
                  const json_t *after, json_t *user);

/* POST /api/v2/audits/query/realtime, and the services and entities that it knows */
void audit_query(struct call *call);
void audit_servicemapping(struct call *call);

#endif
