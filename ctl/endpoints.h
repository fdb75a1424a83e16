/* Which ingest endpoints there are, and the token of each: --endpoint, else those of the profile.
 *
 * `--endpoint NAME=URL` and `--endpoint URL`, which is named after its host, take one thing alone
 * from a profile, even where it has one of that name: that what is there is production, where it
 * has this URL's scheme, host and port. `--endpoint NAME` is one of the profile's. The token is
 * that of
 * --ingest-token-file, $EVENTCTL_INGEST_TOKEN, or the profile's token_file, in this order.
 *
 * Life cycle: endpoints_init allocates nothing; endpoints_read; endpoints_release wipes the tokens.
 */
#ifndef CTL_ENDPOINTS_H
#define CTL_ENDPOINTS_H

#include "core/arena.h"
#include "ctl/option.h"
#include "ctl/settings.h"
#include "tui/wire.h"

struct endpoints {
    struct wire_endpoint *items; /* names differ */
    size_t count;
    char **tokens;       /* what the items point to */
    const char *ca_file; /* borrowed from the settings; NULL: the system's */
    struct arena arena;
};

void endpoints_init(struct endpoints *endpoints);
void endpoints_release(struct endpoints *endpoints);

/* At least one, each with a token; else the error says what is missing. The settings must outlive
 * the endpoints. */
MUST_CHECK bool endpoints_read(struct endpoints *endpoints, const struct options *options,
                               const struct settings *settings, struct error *error);

/* The number of the only one; or an error that says which option chooses one. */
MUST_CHECK bool endpoints_only(const struct endpoints *endpoints, size_t *number,
                               struct error *error);

#endif
