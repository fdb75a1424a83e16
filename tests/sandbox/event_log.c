#include "event_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUFFER_BYTES = 1 << 16 };

struct event_log {
    FILE *file;
    bool failed; /* said already */
};

struct event_log *event_log_open(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file) {
        fprintf(stderr, "genesys-sandbox: cannot write the events log %s\n", path);
        return NULL;
    }
    struct event_log *log = text_zeroed(sizeof *log);
    log->file = file;
    setvbuf(file, NULL, _IOFBF, BUFFER_BYTES);
    return log;
}

void event_log_close(struct event_log *log)
{
    if (!log)
        return;
    event_log_flush(log);
    fclose(log->file);
    free(log);
}

void event_log_write(struct event_log *log, const char *what, const char *quoted_id,
                     const char *type, const struct happening *happening)
{
    if (!log)
        return;
    fprintf(log->file,
            "{\"%s\": true, \"target\": %s, \"interaction\": \"%s\", \"type\": \"%s\", "
            "\"sequence\": %" PRIu64 "}\n",
            what, quoted_id, happening->interaction, type, happening->sequence);
}

void event_log_flush(struct event_log *log)
{
    if (!log || (!fflush(log->file) && !ferror(log->file)) || log->failed)
        return;
    log->failed = true;
    fputs("genesys-sandbox: the events log cannot be written\n", stderr);
}
