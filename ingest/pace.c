#include "ingest/pace.h"

#include <stdlib.h>
#include <time.h>

struct pace {
    sqlite3_io_methods methods; /* first: a file's pMethods points here */
    const sqlite3_io_methods *real;
    int bytes; /* written since the last sync */
    bool on;
};

static int rest(struct pace *pace, sqlite3_file *file)
{
    struct timespec moment = {.tv_nsec = PACE_REST_US * 1000};

    pace->bytes = 0;
    if (pace->real->xSync(file, SQLITE_SYNC_NORMAL) != SQLITE_OK)
        return SQLITE_IOERR_FSYNC;
    nanosleep(&moment, NULL);
    return SQLITE_OK;
}

static int write_gently(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 offset)
{
    struct pace *pace = (struct pace *)file->pMethods;
    int code = pace->real->xWrite(file, data, bytes, offset);

    if (code != SQLITE_OK || !pace->on)
        return code;
    pace->bytes += bytes;
    return pace->bytes < PACE_BYTES ? SQLITE_OK : rest(pace, file);
}

struct pace *pace_new(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    struct pace *pace;

    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
        !file->pMethods)
        return NULL;
    pace = calloc(1, sizeof(*pace));
    if (!pace)
        return NULL;
    pace->real = file->pMethods;
    pace->methods = *file->pMethods;
    pace->methods.xWrite = write_gently;
    file->pMethods = &pace->methods;
    return pace;
}

void pace_free(struct pace *pace)
{
    free(pace);
}

void pace_set(struct pace *pace, bool on)
{
    pace->bytes = 0;
    pace->on = on;
}
