/* One line of OpenMetrics 1.0 or of Prometheus's text format: a series and its value. Private to
 * ingest_sample*.c. Pure: borrows the text, changes nothing.
 *
 * Timestamps and exemplars are looked at for their form, and skipped.
 */
#ifndef API_INGEST_SAMPLE_LINE_H
#define API_INGEST_SAMPLE_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum { LINE_LABELS_MOST = 32 };

struct line_piece {
    const char *text;
    size_t length;
};
struct line_label {
    struct line_piece name, value; /* value: between its quotes, as it stands */
    bool escaped;
};

struct line {
    struct line_piece name;
    struct line_label labels[LINE_LABELS_MOST];
    size_t label_count;
    struct line_piece value; /* a number, as it stands */
    double number;           /* the same */
};

/* `text` is without its end of line, and neither a comment nor blank. False: it is garbage. */
bool line_read(struct line *line, const char *text, size_t length);

/* NULL: it has no such label, which Prometheus holds to be the same as "". */
const struct line_label *line_find(const struct line *line, const char *name);

/* Writes out what escapes stand for; at most the value's length. Returns how many bytes. */
size_t line_unescape(const struct line_label *label, char *out);

/* False: it is no number. */
bool line_number(const struct line_piece *text, double *number);

bool line_piece_is(const struct line_piece *piece, const char *text);

#endif
