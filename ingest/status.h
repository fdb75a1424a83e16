/* /v1/status: the state of this ingestd as one JSON document. Its fields are declared in one table
 * (status.c) with their meaning; `ingestd help status` prints it and ingest/README.md holds it. */
#ifndef INGEST_STATUS_H
#define INGEST_STATUS_H

#include "ingest/admin.h"

enum { STATUS_VERSION = 1 };

/* NULL: no memory. */
json_t *status_json(const struct admin_options *options);

/* Why it is not ready to take events; "" when it is. */
const char *status_not_ready(const struct admin_options *options);

/* Fills the gauges of what only this snapshot tells: dead letters, and whether it is ready. */
void status_measure(const struct admin_options *options);

void status_document(struct buf *out);

#endif
