/* The files that a configuration names, looked at before a start or reload relies on them. */
#ifndef INGEST_CONFIG_FILES_H
#define INGEST_CONFIG_FILES_H

#include "core/error.h"
#include "ingest/config.h"

/* Looks whether secrets are private and long enough, what sinks need is there, no sink writes where
 * something else is, and filters compile; writes nothing. False: the error, ERROR_INVALID, names
 * the setting or the file that is wrong. */
MUST_CHECK bool config_check_files(const struct config *config, struct error *error);

/* The same, and reads keys and certificates as a start does. Takes over the configuration, which is
 * empty afterwards. */
MUST_CHECK bool config_try(struct config *config, struct error *error);

#endif
