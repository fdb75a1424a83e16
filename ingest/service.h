/* ingestd put together: queue, ledger, dispatch, writer, reactors and admin listener; in which
 * order they start, reload and stop.
 *
 *   network → reactors → writer → queue → splitter → dispatch → workers → sinks
 *                                   ↑                   ↓
 *                                 (trim)              ledger
 */
#ifndef INGEST_SERVICE_H
#define INGEST_SERVICE_H

#include "core/error.h"
#include "ingest/config.h"

struct service;

/* Everything is open and served when this returns. Takes over the configuration. NULL: the error
 * says why and all is closed again. */
struct service *service_start(struct config *config, struct error *error);

/* "127.0.0.1:41234": where events and where administrators are listened to. */
const char *service_address(const struct service *service);
const char *service_admin_address(const struct service *service);

/* Runs until SIGTERM or SIGINT. On SIGHUP calls `reread`, which fills a new configuration, and
 * takes over its keys, certificates, sources and subscriptions; what cannot change without a
 * restart (addresses, folder, sinks) is named in the log and stays. */
void service_run(struct service *service, bool (*reread)(void *context, struct config *config),
                 void *context);

/* Stops: no new requests, answers what was accepted, ends within 10 s. Frees it. */
void service_stop(struct service *service);

#endif
