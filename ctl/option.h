/* The options of the command line: declared once, in option_table.
 *
 * Parsing, "did you mean", `eventctl help` and the check that a command takes an option all
 * come from that table. Values land in one struct options; texts are borrowed from argv.
 */
#ifndef CTL_OPTION_H
#define CTL_OPTION_H

#include "core/buf.h"
#include "core/error.h"

#include <stdint.h>

enum { OPTION_LIST_MOST = 256, OPTION_WORDS_MOST = 1024 };

/* A list of texts that ends with NULL. */
struct option_list {
    const char *items[OPTION_LIST_MOST + 1];
    size_t count;
};

enum option_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
    struct option_list files, outputs, targets, disabled;
    const char *color, *out;
    bool help, quiet, verbose;
    /* connection */
    const char *profile, *config, *region, *api_url, *login_url, *organization;
    const char *client_id, *client_secret_file, *ca_file, *proxy;
    int64_t client_secret_fd; /* -1: not given */
    int64_t timeout_ms, connect_timeout_ms, retries, connections;
    bool no_token_cache;
    /* plan and apply */
    bool detailed_exitcode, prune, allow_downgrade, yes, no_verify, online;
    int64_t max_updates, max_deletes; /* percent */
    int64_t expires_ms, settle_ms;
    /* ingest endpoints */
    struct option_list endpoints;
    const char *ingest_token_file;
    /* dead letters; and what is done to them, or to a subscription */
    const char *baseline; /* of shapes */
    const char *subscription, *cause, *type, *interaction, *since, *until, *state;
    bool came_back, all, raw, dry_run, no_wait;
    int64_t limit;
    double rate; /* a second; 0: all at once */
    const char *reason;
    /* top */
    const char *filter, *sort, *record, *replay;
    int64_t interval_ms, count; /* 0: not given */
    bool once, json, read_only, ascii, mouse;
    /* override */
    int64_t batch_size, batch_window_ms, for_ms; /* 0: not given */
    bool cancel;
    /* reconcile */
    const char *mode, *metrics_file;
};

/* Which commands take an option. */
enum option_group {
    GROUP_ALL = 1,      /* every command */
    GROUP_CONNECT = 2,  /* those that speak to Genesys Cloud */
    GROUP_MANIFEST = 4, /* those that read a manifest */
    GROUP_PLAN = 8,     /* those that make a plan */
    GROUP_APPLY = 16,
    GROUP_SAVE = 32, /* plan alone */
    GROUP_VALIDATE = 64,
    GROUP_ENDPOINT = 1 << 7, /* those that speak to ingest endpoints */
    GROUP_LETTERS = 1 << 8,  /* those that select dead letters */
    GROUP_LIST = 1 << 9,     /* of these, those that list */
    GROUP_CHANGE = 1 << 10,  /* and those that change */
    GROUP_REPLAY = 1 << 11,
    GROUP_LETTER = 1 << 12, /* that shows one */
    GROUP_ACT = 1 << 13,    /* those that change something at an endpoint */
    GROUP_SHAPES = 1 << 14, /* those that look at the shapes of events */
    GROUP_TOP = 1 << 15,
    GROUP_OVERRIDE = 1 << 16,
    GROUP_RECONCILE = 1 << 17,
    GROUP_BASELINE = 1 << 18, /* of those that look at shapes, those with a baseline */
    GROUP_REPORT = 1 << 19,   /* every command but top, which prints no report */
};

enum option_type {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_LIST,
    OPTION_NUMBER,
    OPTION_DURATION,
    OPTION_RATE /* a finite number that is not negative, into a double */
};

struct option_row {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* what help calls it; NULL for a flag */
    enum option_type type;
    size_t offset; /* in struct options */
    unsigned groups;
    int64_t least, most; /* of a number, or of a duration in ms */
    const char *help;
};

/* Ends with a NULL name. */
extern const struct option_row option_table[];

/* The words that are no options, in order. */
struct option_words {
    const char *items[OPTION_WORDS_MOST];
    size_t count;
};

/* Which rows of the table were given. */
struct option_set {
    uint64_t bits[2];
};

/* Reads all of argv[1..]. Goes on after an error, so that -o is known when the error is
 * reported; returns false with the first. */
MUST_CHECK bool option_parse(int argc, char **argv, struct options *options,
                             struct option_words *words, struct option_set *used,
                             struct error *error);

/* Refuses an option that no group of the command has. */
MUST_CHECK bool option_check(const char *command, unsigned groups, const struct option_set *used,
                             struct error *error);

/* Appends the help lines of all options of these groups. */
void option_help(struct buf *out, unsigned groups);

#endif
