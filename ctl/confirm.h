/* Asking for consent before something is changed: at a terminal, or given by --yes. */
#ifndef CTL_CONFIRM_H
#define CTL_CONFIRM_H

#include "core/error.h"

struct confirm {
    const char *question; /* "Apply 2 changes to acme-dev?"; made safe here */
    const char *name;     /* must be typed, for --yes does not do at a terminal; NULL: y or yes */
    const char *does;     /* what --yes does without asking: "applies" */
    const char *nothing;  /* of a refusal: "nothing was written" */
    bool yes;
};

/* True: go on. Else ERROR_INVALID without a terminal, ERROR_FAILED for a no, ERROR_INTERRUPTED. */
MUST_CHECK bool confirm_ask(const struct confirm *confirm, struct error *error);

#endif
