/* The file of an NDJSON sink: whole lines are appended or nothing is; rotated by size and age;
 * found again when somebody moved or deleted it. Only for sink_ndjson.c.
 *
 * Always holds after a call: the file ends with a whole line. Where cutting back what a failed
 * write left did not succeed, it is tried again before anything else is written.
 *
 * It is locked (flock): of two writers one would cut off the other's lines.
 */
#ifndef INGEST_SINK_FILE_H
#define INGEST_SINK_FILE_H

#include "core/error.h"
#include "ingest/config.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How each line begins. */
#define SINK_FILE_LINE_START "{\"received\":\""

struct sink_file {
    const struct config_sink *config; /* path, rotate_bytes, rotate_ms, keep, sync */
    int fd;                           /* -1: not open now */
    int64_t born_us;                  /* since the epoch */
    off_t whole_bytes;                /* it is to be cut back to that; -1: it is whole */
};

/* Opens or creates it, mode 0640. A last line without an end, as a crash leaves it, is cut off: it
 * was never counted as delivered and will be written again. False: the error names the file; also
 * when that last line is none of ours: then it is some other file, and stays as it is. */
MUST_CHECK bool sink_file_open(struct sink_file *file, const struct config_sink *config,
                               struct error *error);
void sink_file_close(struct sink_file *file);

/* Appends whole lines in one write, and syncs them if so configured. Rotates before, when it is
 * time. False: nothing was appended, the error says why. */
MUST_CHECK bool sink_file_append(struct sink_file *file, const char *lines, size_t length_bytes,
                                 int64_t now_us, struct error *error);

#endif
