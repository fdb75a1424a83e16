/* The clocks: one that only goes forward, for waiting; one that others share, for files and
 * headers; and one between the two. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some fixed moment; never jumps. */
int64_t clock_monotonic_ms(void);

/* Seconds, or microseconds, since the epoch; may jump whenever somebody sets the clock. */
int64_t clock_unix_s(void);
int64_t clock_unix_us(void);

/* Seconds since the epoch by the time of day at the program's first call, and forward from there
 * like the monotonic clock: setting the clock while the program runs changes nothing. For spans
 * that outlive the program. */
int64_t clock_steady_s(void);

#endif
