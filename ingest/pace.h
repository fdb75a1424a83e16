/* Makes one connection's writes to its database gentle: after each PACE_BYTES they are synced and
 * the thread rests for a moment. A checkpoint copies tens of megabytes; synced as one heap they
 * would stand before the commit that comes meanwhile (measured: 10 to 15 ms, every second; paced,
 * about one).
 *
 * It stands between SQLite and the methods of the file (sqlite3_io_methods, a public interface).
 */
#ifndef INGEST_PACE_H
#define INGEST_PACE_H

#include <sqlite3.h>
#include <stdbool.h>

enum { PACE_BYTES = 512 * 1024, PACE_REST_US = 1000 };

struct pace;

/* Of the connection's main database; off at first. NULL: no memory, or no such file. It must live
 * until the connection is closed. */
struct pace *pace_new(sqlite3 *db);
void pace_free(struct pace *pace);

/* By the thread that uses the connection. A sync that fails makes the write fail with
 * SQLITE_IOERR_FSYNC. */
void pace_set(struct pace *pace, bool on);

#endif
