/* One subscription in words. Private to view_subscription*.c. */
#ifndef TUI_VIEW_SUBSCRIPTION_TEXT_H
#define TUI_VIEW_SUBSCRIPTION_TEXT_H

#include "tui/view_paper.h"

/* Figures, the Genesys side, drift, and what each endpoint says of it. */
void subscription_write(struct paper *paper, const struct top *top, const struct row_view *view);

#endif
