/* Allocations that fail on purpose.
 *
 * The programs here are linked with --wrap for malloc and its kin, so that every allocation of
 * eventctl's own code comes by here, and jansson's do by core/json.c. libyaml, libcurl and OpenSSL
 * keep theirs.
 *
 * A scenario is run again and again: the first time its first allocation fails, then its second,
 * until it needs no more of them. Each run has to end in the right result or in an error that was
 * told; memory errors and leaks are the sanitizers' to find.
 */
#ifndef TESTS_ALLOC_H
#define TESTS_ALLOC_H

#include "core/buf.h"

enum alloc_mode {
    ALLOC_ONE, /* the n-th alone: what comes after it works again */
    ALLOC_ALL  /* the n-th and all after it */
};

/* From here on allocations count and, until alloc_off, fail as told. `nth` 0: none fails. */
void alloc_on(size_t nth, enum alloc_mode mode);
void alloc_off(void);

/* Whether an allocation has failed since alloc_on. */
bool alloc_has_failed(void);

/* One run of a scenario. What it sets up and looks at stands outside of alloc_on and alloc_off;
 * what came of it, as text, is appended to `result`. False: it ended in an error. Something that is
 * wrong either way is told with alloc_wrong. */
typedef bool (*alloc_scenario)(size_t nth, enum alloc_mode mode, struct buf *result);

/* Says what a run got wrong; it counts as failed. */
void alloc_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a scenario for every n, in both modes. */
void alloc_try(const char *name, alloc_scenario scenario);

/* Prints "N passed, N failed"; what main returns. */
int alloc_end(void);

#endif
