/* A text that somebody wrote, and places in it.
 *
 * Always holds: `text` ends in NUL, is valid UTF-8 and holds no NUL byte (source_read refuses
 * anything else, and anything over the limit). Lines and columns count from 1; a column counts
 * characters, not bytes. A source outlives every place that names it.
 */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include "core/error.h"

#include <signal.h>
#include <stddef.h>

struct source {
    char *path; /* as the user gave it; "-" is standard input */
    char *text;
    size_t length_bytes;
};

/* A place; source == NULL means no place is known, line == 0 the file as a whole. */
struct place {
    const struct source *source;
    unsigned line, column;
};

enum { SOURCE_LIMIT_BYTES = 32 * 1024 * 1024 };

struct diag_list;

/* Reads a file, or standard input for "-"; a byte-order mark is left out. False: what is wrong
 * stands in `diags` with its place (rules file-read, file-too-large, not-utf8, nul-byte), and
 * *source keeps its path, which the findings name, but has no text. It must be released either
 * way, after the findings were shown. */
MUST_CHECK bool source_read(struct source *source, const char *path, struct diag_list *diags);
/* The same, but false without a finding once a signal has set *stop (NULL: none does): somebody may
 * never end what they type. */
MUST_CHECK bool source_read_until(struct source *source, const char *path,
                                  const volatile sig_atomic_t *stop, struct diag_list *diags);
/* The same of bytes in memory (copied). */
MUST_CHECK bool source_from_text(struct source *source, const char *path, const char *text,
                                 size_t length_bytes, struct diag_list *diags);
void source_release(struct source *source);

/* The line's first byte and, in *length_bytes, its length without the line end; NULL when
 * there is no such line. */
const char *source_line(const struct source *source, unsigned line, size_t *length_bytes);

#endif
