/*
 * Small text helpers that every part of the sandbox shares: clocks, ids, encodings.
 *
 * Invariants: nothing here keeps state; whatever is returned as `char *` is the caller's to
 * free(). Running out of memory ends the process: a test server has nothing better to do.
 */
#ifndef SANDBOX_TEXT_H
#define SANDBOX_TEXT_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_UUID_SIZE = 37, TEXT_TIME_SIZE = 25 };

/* Milliseconds of CLOCK_MONOTONIC: for limits and lags, never shown to a client. */
int64_t text_monotonic_ms(void);

/* Milliseconds since the epoch. */
int64_t text_wall_ms(void);

/* Writes `ms` (since the epoch) as ISO-8601 UTC with milliseconds and a Z. */
void text_time(int64_t ms, char out[TEXT_TIME_SIZE]);

/*
 * Reads an ISO-8601 UTC time of `length` bytes: seconds and fraction may be missing, a final Z
 * may too. Returns false, and leaves *ms alone, when it is none.
 */
bool text_time_parse(const char *text, size_t length, int64_t *ms);

/* The well-formed version 4 UUID of a counter: `prefix` tells counters apart. */
void text_uuid(uint32_t prefix, uint64_t counter, char out[TEXT_UUID_SIZE]);

/* A well-formed UUID that depends on `name` alone. */
void text_uuid_of_name(const char *name, char out[TEXT_UUID_SIZE]);

bool text_is_uuid(const char *text);

/* A random, URL-safe token of `bytes` random bytes. */
char *text_random(size_t bytes);

char *text_base64(const void *data, size_t length);

/* NULL when `text` is not base64 (the URL-safe alphabet and missing padding are accepted). */
char *text_base64_decode(const char *text);

/* Percent-encodes everything but RFC 3986's unreserved characters. */
char *text_percent_encode(const char *text);

/* Length as Java and JavaScript count it: in UTF-16 units. `text` is valid UTF-8. */
size_t text_utf16_length(const char *text);

/*
 * A JSON string of any bytes: those that are no UTF-8 become '?'. For text that came in a
 * request line, which nothing has validated.
 */
json_t *text_json(const char *text);

/* printf into memory of the right size. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_vformat(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* strdup, malloc-and-clear, realloc that do not fail. */
char *text_copy(const char *text);
void *text_zeroed(size_t bytes);
void *text_resized(void *memory, size_t bytes);

#endif
