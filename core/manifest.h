/* A manifest: the subscriptions that should exist, read from YAML files.
 *
 * One table of keys (core/keys.c, in the form of core/spec.h) says for each key its place, type,
 * range and meaning; the parser, its "did you mean", and the JSON Schema (`eventctl schema`) all
 * come from it.
 *
 * Always holds after manifest_read returned true: names are unique, every subscription has its
 * defaults filled in and passes the schema; lint findings may still stand in the list of
 * findings. Subscriptions are ordered by name. All texts live in the manifest's arena; places
 * point into its sources.
 *
 * Life cycle: manifest_init allocates nothing; manifest_read; manifest_release frees everything.
 */
#ifndef CORE_MANIFEST_H
#define CORE_MANIFEST_H

#include "core/arena.h"
#include "core/diag.h"
#include "core/digest.h"
#include "core/filter.h"

#include <stdint.h>

struct manifest_event {
    const char *name;
    struct place place;
};

struct subscription {
    const char *name; /* [a-z0-9][a-z0-9._-]{0,63} */
    struct place place;
    int64_t version; /* 1..1000000 */
    enum via via;
    const char *description; /* "" when there is none */
    struct manifest_event *events;
    size_t event_count; /* at least 1, no two alike */
    struct criterion *filter;
    size_t filter_count;
    bool enabled; /* true unless told */
    bool protect;
    /* via: event-streams */
    const char *url;
    struct place url_place;
    bool batched;
    int64_t window_ms; /* meaningful when batched; 100 unless told */
    int64_t size;      /* events; meaningful when batched; 50 unless told */
    /* via: trigger */
    const char *workflow;    /* a flow's id (UUID) */
    const char *data_format; /* "Json" or "TopLevelPrimitives" (unless told) */
    int64_t ttl_s;           /* 0: none */
    int64_t delay_s;         /* 0: none */
};

struct manifest {
    struct arena arena;
    struct source **sources; /* each owned */
    size_t source_count;
    const char *organization; /* name or id; never "" */
    const char *owner;        /* tells manifests of one organisation apart; "" unless told */
    struct subscription *subscriptions;
    size_t subscription_count;
    char hash[DIGEST_HEX + 1]; /* over the bytes of all files, in order, and the values of
                                  the variables that they use */
};

/* A text that is read as if it were a file. */
struct manifest_text {
    const char *path; /* what findings call it */
    const char *text;
    size_t length_bytes;
};

struct manifest_options {
    const struct manifest_text *texts; /* read before the paths */
    size_t text_count;
    const char *const *paths; /* files and folders (their *.yaml and *.yml, sorted), or "-" */
    size_t path_count;
    const volatile sig_atomic_t *stop; /* set by a signal: false, and no finding; NULL: never */
    bool sandbox;                      /* loopback and plain HTTP receivers are no finding */
    /* Looks a variable up (NULL: unset); getenv unless told. The value is copied. */
    const char *(*variable)(void *context, const char *name);
    void *variable_context;
};

void manifest_init(struct manifest *manifest);
void manifest_release(struct manifest *manifest);

/* Reads, merges, checks and lints. True when it adds no error to the findings (warnings may be).
 * `variables` and `defaults` count in the file that has them; `lint: disable:` in all of them.
 * False leaves the manifest released except for its sources, which the findings name; it must
 * still be released. */
MUST_CHECK bool manifest_read(struct manifest *manifest, const struct manifest_options *options,
                              struct diag_list *diags);

/* Adds the findings of the lint rules. Called by manifest_read; apart for tests. */
void lint_manifest(const struct manifest *manifest, const struct manifest_options *options,
                   struct diag_list *diags);

/* The JSON Schema (draft 2020-12) of a manifest, pretty-printed, from the table of keys. The caller
 * frees it; NULL when there is no memory. */
char *manifest_schema(void);

#endif
