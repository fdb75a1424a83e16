/* Numbers as an operator reads them: short, and never a lie. NAN and SAMPLE_UNKNOWN are "?".
 * What is too small to be told is "<0.01", what is too large ">999E" or ">99999d", INFINITY "inf".
 * All write at most `size` bytes with the NUL, and give `out` back. */
#ifndef TUI_FORMAT_H
#define TUI_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FORMAT_SIZE = 32 };

char *format_count(char *out, size_t size, double count); /* 0 17 9999 12.3k 4.5M 1.2G */
char *format_rate(char *out, size_t size,
                  double a_second); /* 0 0.02 0.4 3.1 120 12.3k; "0" only for zero */
char *format_growth(char *out, size_t size, double a_minute); /* +12 -3 0 */
char *format_seconds(char *out, size_t size,
                     double seconds);                     /* 0.4ms 12ms 1.2s 45s 3m20 2h05 4d02h */
char *format_bytes(char *out, size_t size, double bytes); /* 512B 1.2K 64M 1.5G */
/* Time until a queue is empty: "12s", "now" (empty), "never" (it does not shrink), "?". */
char *format_drain(char *out, size_t size, double depth, double seconds);
/* Since the epoch, as UTC: "14:02:09", or "11-23 14:02" on another day than now. */
char *format_time(char *out, size_t size, int64_t ms, int64_t now_ms);

#endif
