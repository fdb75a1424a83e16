/* The files that a configuration names, looked at before a start or reload relies on them. */
#ifndef INGEST_CONFIG_FILES_H
#define INGEST_CONFIG_FILES_H

#include "core/error.h"
#include "ingest/config.h"

/* Reads keys, certificates and tokens and compiles filters; writes nothing. Takes over the
 * configuration, which is empty afterwards. False: the error names the file that is wrong. */
MUST_CHECK bool config_check_files(struct config *config, struct error *error);

#endif
