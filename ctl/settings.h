/* How to reach the service: flag > environment > project file > user file.
 *
 * The files are YAML: `profile:` names the default, `profiles:` holds them by name. A project's
 * file (.eventctl.yaml in the working folder) may not name a credential helper, a client secret
 * file, a proxy or endpoints: it comes with a checkout, and must not run commands, pick files of a
 * user or choose where secrets are sent.
 *
 * Always holds: the texts are owned by the settings; secrets are wiped on release.
 */
#ifndef CTL_SETTINGS_H
#define CTL_SETTINGS_H

#include "api/client.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/diag.h"
#include "ctl/option.h"

/* An ingest endpoint of the profile. */
struct settings_endpoint {
    const char *name, *url;
    const char *token_file; /* NULL: none */
    bool production;
};

struct settings {
    struct arena arena;
    struct source project_file, user_file;
    const char *profile; /* "" when none is used */
    const char *region;
    const char *api_url, *login_url;
    const char *organization; /* the only one to be touched; NULL: any */
    const char *client_ids[2];
    char *secrets[2]; /* malloc'ed; NULL: none */
    const char *secret_files[2];
    const char *credential_helper;
    const char *ca_file, *proxy;
    int64_t token_refresh_percent;
    const struct settings_endpoint *endpoints;
    size_t endpoint_count;
    bool sandbox; /* the API is on this machine */
};

void settings_init(struct settings *settings);
void settings_release(struct settings *settings);

/* All but the secrets. Findings in the files go to `diags`. */
MUST_CHECK bool settings_read(struct settings *settings, const struct options *options,
                              struct diag_list *diags, struct error *error);

/* Appends one line for each key of a profile; (1) marks those that a project's file may not have.
 */
void settings_help(struct buf *out);

/* The secrets, from descriptor, file, environment or helper. A helper is ended when a signal sets
 * *stop, or after the --timeout. */
MUST_CHECK bool settings_read_secrets(struct settings *settings, const struct options *options,
                                      const volatile sig_atomic_t *stop, struct error *error);

#endif
