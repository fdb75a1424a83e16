/* Findings about a text: every one of a run is kept, not only the first.
 *
 * One table (diag_rule_table) declares each rule once: its stable id, what kind it is, its
 * severity and one line on what it says and why. `error[ID]` in the output, `--disable ID`,
 * `eventctl help rules` and README are all made from it. The few rules that only ingestd's
 * configuration has stand in a table of their own, so that they are no manifest's.
 *
 * Life cycle: diag_list_init allocates nothing; diag_list_release frees the findings. The sources
 * that places name are borrowed and must live as long as the list is printed.
 */
#ifndef CORE_DIAG_H
#define CORE_DIAG_H

#include "core/arena.h"
#include "core/error.h"
#include "core/source.h"

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

struct diag_rule {
    const char *id;
    enum diag_severity severity;
    bool lint; /* may be switched off; syntax and schema rules may not */
    const char *summary;
};

/* Ends with a NULL id. */
extern const struct diag_rule diag_rule_table[];
const struct diag_rule *diag_rule_find(const char *id); /* NULL when there is none */

struct diag {
    const struct diag_rule *rule;
    struct place place;
    const char *message;
    const char *hint;   /* NULL when there is none */
    struct place other; /* a second place that the message speaks of, or source == NULL */
    unsigned file;      /* the rank of the place's source, by first mention */
};

struct diag_list {
    struct arena arena;
    struct diag *entries;
    size_t count, size;
    size_t errors, warnings;     /* all that were found, kept or not */
    size_t dropped;              /* past DIAG_MOST: counted, not kept */
    const char *const *disabled; /* ids of lint rules that are off, ends with NULL; or NULL */
    bool no_memory;              /* a finding was lost: the run must fail */
};

enum { DIAG_MOST = 1000 };

void diag_list_init(struct diag_list *list);
void diag_list_release(struct diag_list *list);

/* Adds a finding of rule `id` (which must be in the table). A lint rule that is switched off is
 * not added. `hint` may be NULL; it and the message are copied. */
void diag_add(struct diag_list *list, const char *id, struct place place, const char *hint,
              const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Names a second place for the finding added last ("first given here"). */
void diag_add_other(struct diag_list *list, struct place other);

/* Orders by file (in order of first mention), line, column; stable. */
void diag_sort(struct diag_list *list);

/* Appends "file:line:col: error[RULE]: message", the line, a caret under it and the hint. The
 * text from the file is made safe for a terminal. */
struct buf;
void diag_print(struct buf *out, const struct diag *diag);

#endif
