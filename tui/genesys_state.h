/* Private to genesys: what was read, as the JSON of a snapshot. */
#ifndef TUI_GENESYS_STATE_H
#define TUI_GENESYS_STATE_H

#include "api/audit.h"
#include "api/remote.h"
#include "tui/genesys.h"

/* Adds "plan" and "subscriptions". False: no memory. */
MUST_CHECK bool genesys_describe(json_t *snapshot, const struct genesys_options *options,
                                 const struct remote_listing *listing, const struct plan *plan);

/* Adds "by" to the entries that have drifted. What finds no memory is left out. */
void genesys_add_audit(json_t *snapshot, const struct audit_record *records, size_t count);

#endif
