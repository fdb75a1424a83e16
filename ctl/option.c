#include "ctl/option.h"

#include "core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct options, member)
#define HOUR_MS    (3600 * 1000LL)

const struct option_row option_table[] = {
    {"file", 'f', "PATH", OPTION_LIST, AT(files), GROUP_MANIFEST | GROUP_BASELINE, 0, 0,
     "manifest file or folder, - for standard input; repeatable (eventctl.yaml)"},
    {"disable", 0, "RULE", OPTION_LIST, AT(disabled), GROUP_MANIFEST, 0, 0,
     "switch a lint rule off; repeatable (`eventctl help rules` lists them)"},
    {"online", 0, NULL, OPTION_FLAG, AT(online), GROUP_VALIDATE, 0, 0,
     "also ask the service: organisation, topics, permissions"},
    {"target", 0, "NAME", OPTION_LIST, AT(targets), GROUP_PLAN | GROUP_APPLY | GROUP_RECONCILE, 0,
     0, "only this subscription; repeatable"},
    {"prune", 0, NULL, OPTION_FLAG, AT(prune), GROUP_PLAN | GROUP_APPLY | GROUP_RECONCILE, 0, 0,
     "delete what is ours and no longer in the manifest"},
    {"out", 0, "FILE", OPTION_TEXT, AT(out), GROUP_SAVE, 0, 0, "keep the plan for `apply FILE`"},
    {"expires", 0, "DURATION", OPTION_DURATION, AT(expires_ms), GROUP_SAVE, 1000, 720 * HOUR_MS,
     "how long a kept plan may be applied (1h)"},
    {"detailed-exitcode", 0, NULL, OPTION_FLAG, AT(detailed_exitcode), GROUP_SAVE, 0, 0,
     "exit 2 when there are changes"},
    {"yes", 'y', NULL, OPTION_FLAG, AT(yes), GROUP_APPLY | GROUP_ACT | GROUP_OVERRIDE, 0, 0,
     "do not ask"},
    {"max-updates", 0, "PERCENT", OPTION_NUMBER, AT(max_updates), GROUP_APPLY | GROUP_RECONCILE, 0,
     100, "of ten or more objects, the most that may be updated (30)"},
    {"max-deletes", 0, "PERCENT", OPTION_NUMBER, AT(max_deletes), GROUP_APPLY | GROUP_RECONCILE, 0,
     100, "of ten or more objects, the most that may be deleted (30)"},
    {"allow-downgrade", 0, NULL, OPTION_FLAG, AT(allow_downgrade), GROUP_APPLY, 0, 0,
     "replace a newer version by the manifest's older one"},
    {"no-verify", 0, NULL, OPTION_FLAG, AT(no_verify), GROUP_APPLY | GROUP_OVERRIDE, 0, 0,
     "do not read again afterwards whether all is as it should be"},
    {"settle", 0, "DURATION", OPTION_DURATION, AT(settle_ms),
     GROUP_APPLY | GROUP_OVERRIDE | GROUP_RECONCILE, 1, HOUR_MS,
     "how long reads may lag behind writes (10s)"},
    {"profile", 0, "NAME", OPTION_TEXT, AT(profile),
     GROUP_CONNECT | GROUP_MANIFEST | GROUP_ENDPOINT, 0, 0,
     "profile of the configuration file ($EVENTCTL_PROFILE)"},
    {"config", 0, "FILE", OPTION_TEXT, AT(config), GROUP_CONNECT | GROUP_MANIFEST | GROUP_ENDPOINT,
     0, 0, "configuration file instead of the user's ($EVENTCTL_CONFIG)"},
    {"region", 0, "DOMAIN", OPTION_TEXT, AT(region), GROUP_CONNECT | GROUP_MANIFEST, 0, 0,
     "such as mypurecloud.de ($EVENTCTL_REGION)"},
    {"api-url", 0, "URL", OPTION_TEXT, AT(api_url), GROUP_CONNECT | GROUP_MANIFEST, 0, 0,
     "instead of the region's ($EVENTCTL_API_URL)"},
    {"login-url", 0, "URL", OPTION_TEXT, AT(login_url), GROUP_CONNECT | GROUP_MANIFEST, 0, 0,
     "instead of the region's ($EVENTCTL_LOGIN_URL)"},
    {"organization", 0, "NAME", OPTION_TEXT, AT(organization), GROUP_CONNECT, 0, 0,
     "refuse any other, by name or id ($EVENTCTL_ORGANIZATION)"},
    {"client-id", 0, "ID", OPTION_TEXT, AT(client_id), GROUP_CONNECT, 0, 0,
     "OAuth client ($EVENTCTL_CLIENT_ID)"},
    {"client-secret-file", 0, "FILE", OPTION_TEXT, AT(client_secret_file), GROUP_CONNECT, 0, 0,
     "its secret (or $EVENTCTL_CLIENT_SECRET)"},
    {"client-secret-fd", 0, "N", OPTION_NUMBER, AT(client_secret_fd), GROUP_CONNECT, 0, 1023,
     "its secret, read from a file descriptor"},
    {"ca-file", 0, "FILE", OPTION_TEXT, AT(ca_file), GROUP_CONNECT | GROUP_ENDPOINT, 0, 0,
     "certificates to trust instead of the system's ($EVENTCTL_CA_FILE)"},
    {"proxy", 0, "URL", OPTION_TEXT, AT(proxy), GROUP_CONNECT, 0, 0,
     "instead of $https_proxy and the like"},
    {"timeout", 0, "DURATION", OPTION_DURATION, AT(timeout_ms), GROUP_CONNECT | GROUP_ENDPOINT, 1,
     HOUR_MS, "of one request, or of the credential helper (60s)"},
    {"connect-timeout", 0, "DURATION", OPTION_DURATION, AT(connect_timeout_ms),
     GROUP_CONNECT | GROUP_ENDPOINT, 1, HOUR_MS, "of one connection (10s)"},
    {"retries", 0, "N", OPTION_NUMBER, AT(retries), GROUP_CONNECT, 0, 100,
     "after a first attempt, where repeating is safe (5)"},
    {"connections", 0, "N", OPTION_NUMBER, AT(connections), GROUP_CONNECT, 1, 64,
     "at once, at the most (8)"},
    {"no-token-cache", 0, NULL, OPTION_FLAG, AT(no_token_cache), GROUP_CONNECT, 0, 0,
     "log in anew and keep no token"},
    {"endpoint", 0, "[NAME=]URL|NAME", OPTION_LIST, AT(endpoints), GROUP_ENDPOINT, 0, 0,
     "ingest endpoint's admin URL, or one of the profile; repeatable (all of the profile)"},
    {"ingest-token-file", 0, "FILE", OPTION_TEXT, AT(ingest_token_file), GROUP_ENDPOINT, 0, 0,
     "their token (or $EVENTCTL_INGEST_TOKEN, or the profile's token_file)"},
    {"subscription", 0, "NAME|ID", OPTION_TEXT, AT(subscription), GROUP_LETTERS, 0, 0,
     "only this subscription's dead letters"},
    {"cause", 0, "REASON", OPTION_TEXT, AT(cause), GROUP_LETTERS, 0, 0,
     "only those that died of it, such as http-500"},
    {"type", 0, "TYPE", OPTION_TEXT, AT(type), GROUP_LETTERS | GROUP_SHAPES, 0, 0,
     "only this event type"},
    {"interaction", 0, "ID", OPTION_TEXT, AT(interaction), GROUP_LETTERS, 0, 0,
     "only this interaction's"},
    {"since", 0, "TIME", OPTION_TEXT, AT(since), GROUP_LETTERS, 0, 0,
     "only those that died since then: 2h ago, or a time such as 2026-07-01T12:00:00Z"},
    {"until", 0, "TIME", OPTION_TEXT, AT(until), GROUP_LETTERS, 0, 0,
     "only those that died before then"},
    {"came-back", 0, NULL, OPTION_FLAG, AT(came_back), GROUP_LETTERS, 0, 0,
     "only those that were replayed and failed again"},
    {"state", 0, "STATE", OPTION_TEXT, AT(state), GROUP_LIST, 0, 0,
     "only those that are waiting, or replaying"},
    {"limit", 0, "N", OPTION_NUMBER, AT(limit), GROUP_LIST, 1, 1000000,
     "the most that are listed of an endpoint (100)"},
    {"all", 0, NULL, OPTION_FLAG, AT(all), GROUP_CHANGE, 0, 0, "all dead letters"},
    {"rate", 0, "N", OPTION_RATE, AT(rate), GROUP_REPLAY, 0, 0,
     "events a second, such as 10 or 0.5 (0: all at once)"},
    {"no-wait", 0, NULL, OPTION_FLAG, AT(no_wait), GROUP_REPLAY, 0, 0,
     "do not wait until they are delivered or have come back"},
    {"raw", 0, NULL, OPTION_FLAG, AT(raw), GROUP_LETTER, 0, 0,
     "the body alone, byte by byte; not to a terminal"},
    {"reason", 0, "TEXT", OPTION_TEXT, AT(reason), GROUP_ACT | GROUP_OVERRIDE, 0, 0,
     "why this is done; it is kept with what is done, and needed unless --dry-run"},
    {"dry-run", 0, NULL, OPTION_FLAG, AT(dry_run), GROUP_ACT | GROUP_OVERRIDE, 0, 0,
     "only say what would be done"},
    {"output", 'o', "FORMAT[=FILE]", OPTION_LIST, AT(outputs), GROUP_REPORT, 0, 0,
     "text or json; repeatable"},
    {"color", 0, "WHEN", OPTION_TEXT, AT(color), GROUP_ALL, 0, 0, "auto, always or never"},
    {"quiet", 'q', NULL, OPTION_FLAG, AT(quiet), GROUP_ALL, 0, 0,
     "no progress and no remarks on stderr"},
    {"verbose", 'v', NULL, OPTION_FLAG, AT(verbose), GROUP_ALL, 0, 0,
     "say what is sent and waited for"},
    {"help", 'h', NULL, OPTION_FLAG, AT(help), GROUP_ALL, 0, 0, "this text"},
    {"filter", 0, "TEXT", OPTION_TEXT, AT(filter), GROUP_TOP, 0, 0,
     "only rows for which it holds, such as \"state:fail depth>100\""},
    {"sort", 0, "COLUMN", OPTION_TEXT, AT(sort), GROUP_TOP, 0, 0, "rows by this column (state)"},
    {"interval", 0, "DURATION", OPTION_DURATION, AT(interval_ms), GROUP_TOP | GROUP_RECONCILE, 100,
     HOUR_MS, "between two questions to an endpoint (1s), or two runs of reconcile (60s)"},
    {"count", 0, "N", OPTION_NUMBER, AT(count), GROUP_TOP, 1, 1000000000,
     "no screen: print so many times, one an interval"},
    {"once", 0, NULL, OPTION_FLAG, AT(once), GROUP_TOP | GROUP_RECONCILE, 0, 0,
     "print once, without a screen, after two samples of each endpoint; of reconcile: one run"},
    {"json", 0, NULL, OPTION_FLAG, AT(json), GROUP_TOP, 0, 0,
     "no screen: print JSON, one object a line"},
    {"record", 0, "FILE", OPTION_TEXT, AT(record), GROUP_TOP, 0, 0,
     "keep what the endpoints answer in a new file"},
    {"replay", 0, "FILE", OPTION_TEXT, AT(replay), GROUP_TOP, 0, 0,
     "show such a file instead of asking endpoints"},
    {"read-only", 0, NULL, OPTION_FLAG, AT(read_only), GROUP_TOP, 0, 0,
     "no pausing, replaying or discarding"},
    {"ascii", 0, NULL, OPTION_FLAG, AT(ascii), GROUP_TOP, 0, 0, "draw with ASCII alone"},
    {"mouse", 0, NULL, OPTION_FLAG, AT(mouse), GROUP_TOP, 0, 0, "take the mouse too"},
    {"batch-size", 0, "N", OPTION_NUMBER, AT(batch_size), GROUP_OVERRIDE, 1, 1000,
     "events of a batch at the most, while the override holds"},
    {"batch-window", 0, "DURATION", OPTION_DURATION, AT(batch_window_ms), GROUP_OVERRIDE, 10, 60000,
     "how long events of a batch are waited for, likewise"},
    {"for", 0, "DURATION", OPTION_DURATION, AT(for_ms), GROUP_OVERRIDE, 1000, 168 * HOUR_MS,
     "how long the override holds"},
    {"cancel", 0, NULL, OPTION_FLAG, AT(cancel), GROUP_OVERRIDE, 0, 0,
     "take the override back now"},
    {"mode", 0, "MODE", OPTION_TEXT, AT(mode), GROUP_RECONCILE, 0, 0,
     "heal what differs, or only report it (report)"},
    {"metrics-file", 0, "FILE", OPTION_TEXT, AT(metrics_file), GROUP_RECONCILE, 0, 0,
     "keep metrics there, as OpenMetrics text, for a collector of files"},
    {"baseline", 0, "FILE", OPTION_TEXT, AT(baseline), GROUP_BASELINE, 0, 0,
     "the shapes that are known (shapes.json beside the manifest)"},
    {NULL, 0, NULL, OPTION_FLAG, 0, 0, 0, 0, NULL},
};

enum { ROWS = sizeof(option_table) / sizeof(option_table[0]) - 1 };
_Static_assert(ROWS <= 128, "as many bits has struct option_set");

static const struct option_row *find_long(const char *name, size_t length)
{
    for (const struct option_row *row = option_table; row->name; row++)
        if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
            return row;
    return NULL;
}

static const struct option_row *find_letter(char letter)
{
    for (const struct option_row *row = option_table; row->name; row++)
        if (row->letter && row->letter == letter)
            return row;
    return NULL;
}

static bool unknown_option(const char *argument, struct error *error)
{
    const char *names[ROWS + 1];
    const char *nearest;
    char word[64];
    size_t length = strcspn(argument, "=");

    for (size_t i = 0; i < ROWS; i++)
        names[i] = option_table[i].name;
    names[ROWS] = NULL;
    snprintf(word, sizeof(word), "%.*s", (int)(length < 63 ? length : 63),
             argument + strspn(argument, "-"));
    word[strcspn(word, "=")] = '\0';
    nearest = text_nearest(word, names);
    return error_set(error, ERROR_INVALID, "unknown option %.*s%s%s%s", (int)length, argument,
                     nearest ? "; did you mean --" : "", nearest ? nearest : "",
                     nearest ? "?" : "");
}

static bool set_number(const struct option_row *row, const char *text, int64_t *number,
                       struct error *error)
{
    char *end;

    if (row->type == OPTION_DURATION) {
        if (!text_parse_duration(text, number))
            return error_set(error, ERROR_INVALID,
                             "--%s takes a duration such as 500ms, 10s or 1h, not \"%s\"",
                             row->name, text);
    } else {
        *number = strtoll(text, &end, 10);
        if (!*text || *end)
            return error_set(error, ERROR_INVALID, "--%s takes a whole number, not \"%s\"",
                             row->name, text);
    }
    if (*number < row->least || *number > row->most)
        return error_set(error, ERROR_INVALID, "--%s %s is out of its range, %lld to %lld%s",
                         row->name, text, (long long)row->least, (long long)row->most,
                         row->type == OPTION_DURATION ? " ms" : "");
    return true;
}

static bool set_rate(const struct option_row *row, const char *text, double *rate,
                     struct error *error)
{
    char *end;

    *rate = strtod(text, &end);
    if (!*text || *end || text[strspn(text, "0123456789.")] || !isfinite(*rate))
        return error_set(error, ERROR_INVALID, "--%s takes a number such as 10 or 0.5, not \"%s\"",
                         row->name, text);
    return true;
}

/* Stores a value; `text` is NULL for a flag. */
static bool set_value(const struct option_row *row, const char *text, struct options *options,
                      struct error *error)
{
    void *place = (char *)options + row->offset;
    struct option_list *list = place;

    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return true;
    case OPTION_TEXT:
        *(const char **)place = text;
        return true;
    case OPTION_LIST:
        if (list->count == OPTION_LIST_MOST)
            return error_set(error, ERROR_INVALID, "--%s more than %d times", row->name,
                             OPTION_LIST_MOST);
        list->items[list->count++] = text;
        return true;
    case OPTION_NUMBER:
    case OPTION_DURATION:
        return set_number(row, text, place, error);
    case OPTION_RATE:
        return set_rate(row, text, place, error);
    }
    return false;
}

/* One option at argv[*at]; moves *at past its value. */
static bool take_option(int argc, char **argv, int *at, struct options *options,
                        struct option_set *used, struct error *error)
{
    const char *argument = argv[*at];
    bool is_long = argument[1] == '-';
    const char *name = argument + (is_long ? 2 : 1);
    size_t length = strcspn(name, "=");
    const struct option_row *row = find_long(name, length);
    const char *value = name[length] == '=' && row ? name + length + 1 : NULL;

    if (!row && !is_long) {
        row = find_letter(name[0]);
        if (row && name[1] && !row->argument)
            row = NULL; /* flags are not bundled */
        value = row && name[1] ? name + 1 : NULL;
    }
    if (!row)
        return unknown_option(argument, error);
    used->bits[(row - option_table) / 64] |= UINT64_C(1) << (row - option_table) % 64;
    if (!row->argument && value)
        return error_set(error, ERROR_INVALID, "--%s takes no value", row->name);
    if (row->argument && !value) {
        if (*at + 1 >= argc)
            return error_set(error, ERROR_INVALID, "--%s needs a value: %s", row->name,
                             row->argument);
        value = argv[++*at];
    }
    return set_value(row, value, options, error);
}

bool option_parse(int argc, char **argv, struct options *options, struct option_words *words,
                  struct option_set *used, struct error *error)
{
    bool only_words = false;

    *options = (struct options){.client_secret_fd = -1,
                                .retries = 5,
                                .max_updates = 30,
                                .max_deletes = 30,
                                .expires_ms = HOUR_MS,
                                .settle_ms = 10000,
                                .limit = 100};
    words->count = 0;
    *used = (struct option_set){.bits = {0}};
    for (int at = 1; at < argc; at++) {
        const char *argument = argv[at];
        if (!only_words && strcmp(argument, "--") == 0)
            only_words = true;
        else if (!only_words && argument[0] == '-' && argument[1])
            (void)!take_option(argc, argv, &at, options, used, error);
        else if (words->count < sizeof(words->items) / sizeof(words->items[0]))
            words->items[words->count++] = argument;
        else
            error_set(error, ERROR_INVALID, "too many words: \"%s\"", argument);
    }
    return error->code == ERROR_NONE;
}

/* Whether a command of these groups takes it. */
static bool is_taken(const struct option_row *row, unsigned groups)
{
    unsigned implied = GROUP_ALL | (groups & GROUP_TOP ? 0 : GROUP_REPORT);

    return row->groups & (groups | implied);
}

bool option_check(const char *command, unsigned groups, const struct option_set *used,
                  struct error *error)
{
    for (size_t i = 0; i < ROWS; i++)
        if ((used->bits[i / 64] >> i % 64 & 1) && !is_taken(&option_table[i], groups))
            return error_set(error, ERROR_INVALID, "`eventctl %s` has no option --%s", command,
                             option_table[i].name);
    return true;
}

void option_help(struct buf *out, unsigned groups)
{
    for (const struct option_row *row = option_table; row->name; row++) {
        char left[64];
        if (!is_taken(row, groups))
            continue;
        snprintf(left, sizeof(left), "%s%c%s--%s%s%s", row->letter ? "-" : " ",
                 row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name,
                 row->argument ? " " : "", row->argument ? row->argument : "");
        buf_printf(out, "  %-34s %s\n", left, row->help);
    }
}
