/* The fleet as text or JSON, without a screen: what --once, --json, --count and a pipe get. Pure:
 * never an escape code, no clock, no terminal. */
#ifndef TUI_ONCE_H
#define TUI_ONCE_H

#include "core/buf.h"
#include "tui/loop.h"
#include "tui/order.h"

struct once {
    const struct fleet *fleet;
    const struct order *order; /* made for the step */
    int64_t step, now_ms;
    int columns;
    bool ascii;
};

/* "waiting" "live" "late" "down" */
extern const char *const once_endpoint_words[];
/* "healthy", "degraded", "cannot-tell". */
const char *once_health_word(enum top_health health);

/* Endpoints, totals, the table: one block with an empty line at its end. False: no memory. */
MUST_CHECK bool once_text(const struct once *once, struct buf *out);

/* One object on one line. False: no memory. */
MUST_CHECK bool once_json(const struct once *once, struct buf *out);

#endif
