#include "ingest/config_files.h"

#include "core/match.h"
#include "ingest/admin_token.h"
#include "ingest/live.h"
#include "ingest/sink.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SECRET_LEAST_BYTES = 16 }; /* shorter ones can be guessed */

/* --- each file that is read ----------------------------------------------------------------- */

struct named_file {
    const char *path;  /* NULL: the setting is not used */
    off_t least_bytes; /* 0: it is no secret; else it must be private as well */
};
/* False ends the walk. */
typedef bool (*visit_file)(void *context, const struct named_file *file, struct error *error);

static bool visit_source(const struct config_source *source, visit_file visit, void *context,
                         struct error *error)
{
    bool secret = source->scheme == SCHEME_HMAC || source->scheme == SCHEME_API_KEY;

    for (size_t i = 0; i < source->key_count; i++)
        if (!visit(context,
                   &(struct named_file){source->keys[i].file, secret ? SECRET_LEAST_BYTES : 0},
                   error))
            return error_wrap(error, "sources.%s.keys.%s", source->name, source->keys[i].id);
    return true;
}

static bool visit_all(const struct config *config, visit_file visit, void *context,
                      struct error *error)
{
    const struct config_listen *listen = &config->listen;
    const struct named_file of_listen[] = {
        {listen->certificate, 0}, {listen->key, 1}, {listen->client_ca, 0}};

    for (size_t i = 0; i < sizeof(of_listen) / sizeof(of_listen[0]); i++)
        if (!visit(context, &of_listen[i], error))
            return error_wrap(error, "listen");
    if (!visit(context, &(struct named_file){config->admin.token_file, 1}, error))
        return error_wrap(error, "admin");
    for (size_t i = 0; i < config->source_count; i++)
        if (!visit_source(&config->sources[i], visit, context, error))
            return false;
    for (size_t i = 0; i < config->sink_count; i++)
        if (!visit(context, &(struct named_file){config->sinks[i].token_file, 1}, error) ||
            !visit(context, &(struct named_file){config->sinks[i].ca_file, 0}, error))
            return error_wrap(error, "sinks.%s", config->sinks[i].name);
    return true;
}

/* Whoever can read a secret can send, replay, discard or publish. The group's bits are not looked
 * at: for a file with an access list, such as systemd's credentials, they are its mask. What cannot
 * be read is said by who reads it. */
static bool check_secret(void *context, const struct named_file *file, struct error *error)
{
    struct stat status;

    (void)context;
    if (!file->path || !file->least_bytes || stat(file->path, &status) != 0)
        return true;
    if (status.st_mode & S_IRWXO)
        return error_set(error, ERROR_INVALID, "%s is open to everybody: chmod 600", file->path);
    if (S_ISREG(status.st_mode) && status.st_size < file->least_bytes)
        return error_set(error, ERROR_INVALID, "%s has less than %d bytes", file->path,
                         (int)file->least_bytes);
    return true;
}

/* --- sinks ----------------------------------------------------------------------------------- */

/* The one name of a file that need not be there, though its folder must. */
static bool find_place(const char *path, char place[PATH_MAX])
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;

    if (realpath(path, place))
        return true;
    if (errno != ENOENT || length >= sizeof(folder) || !*name)
        return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    if (!realpath(length ? folder : ".", place) ||
        strlen(place) + strlen(name) + 2 > (size_t)PATH_MAX) {
        errno = ENOENT;
        return false;
    }
    length = strlen(place);
    snprintf(place + length, PATH_MAX - length, "%s%s", length > 1 ? "/" : "", name);
    return true;
}

static bool check_apart(void *context, const struct named_file *file, struct error *error)
{
    char place[PATH_MAX];

    return !file->path || !realpath(file->path, place) || strcmp(place, context) != 0 ||
           error_set(error, ERROR_INVALID, "a sink would write to %s", file->path);
}

static bool check_other_sinks(const struct config *config, size_t n, const char *place,
                              struct error *error)
{
    char other[PATH_MAX];

    for (size_t i = 0; i < n; i++)
        if (config->sinks[i].path && find_place(config->sinks[i].path, other) &&
            strcmp(place, other) == 0)
            return error_set(error, ERROR_INVALID, "%s is the file of sinks.%s too", place,
                             config->sinks[i].name);
    return true;
}

static bool check_out_of_data(const struct config *config, const char *place, struct error *error)
{
    char data[PATH_MAX];
    size_t length;

    if (!find_place(config->data, data))
        return true;
    length = strlen(data);
    return strncmp(place, data, length) != 0 || place[length] != '/' ||
           error_set(error, ERROR_INVALID, "%s is within the data folder", place);
}

static bool check_file_sink(const struct config *config, size_t n, struct error *error)
{
    const char *path = config->sinks[n].path;
    char place[PATH_MAX];
    struct stat status;

    if (!find_place(path, place))
        return error_set(error, ERROR_INVALID, "%s: %s", path, strerror(errno));
    if (stat(place, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(error, ERROR_INVALID, "%s is no file", path);
    return check_other_sinks(config, n, place, error) && check_out_of_data(config, place, error) &&
           visit_all(config, check_apart, place, error);
}

/* One that speaks HTTP by opening it as a start does; opening a file would make it. */
static bool check_sink(const struct config *config, size_t n, struct error *error)
{
    const struct config_sink *sink = &config->sinks[n];
    struct sink *opened;

    if (sink->type == SINK_NDJSON)
        return check_file_sink(config, n, error) || error_wrap(error, "sinks.%s", sink->name);
    opened = sink_open(sink, error);
    sink_close(opened);
    return opened != NULL;
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool check_filter(const struct config_subscription *subscription, struct error *error)
{
    struct match *match = match_new(subscription->filter, subscription->filter_count, error);

    if (!match)
        return error_wrap(error, "subscriptions.%s.filter", subscription->id);
    match_free(match);
    return true;
}

static bool check_data(const char *path, struct error *error)
{
    struct stat status;

    return stat(path, &status) != 0 || S_ISDIR(status.st_mode) ||
           error_set(error, ERROR_INVALID, "data: %s is no folder", path);
}

static bool check_all(const struct config *config, struct error *error)
{
    struct admin_token token;

    if (!check_data(config->data, error) || !visit_all(config, check_secret, NULL, error) ||
        !admin_token_read(&token, config->admin.token_file, error))
        return false;
    for (size_t i = 0; i < config->sink_count; i++)
        if (!check_sink(config, i, error))
            return false;
    for (size_t i = 0; i < config->subscription_count; i++)
        if (!check_filter(&config->subscriptions[i], error))
            return false;
    return true;
}

bool config_check_files(const struct config *config, struct error *error)
{
    if (check_all(config, error))
        return true;
    error->code = ERROR_INVALID; /* a file that is not there is a fault of the configuration */
    return false;
}

bool config_try(struct config *config, struct error *error)
{
    struct live *live;

    if (!config_check_files(config, error)) {
        config_release(config);
        return false;
    }
    live = live_new(config, NULL, 0, error);
    if (live)
        live_drop(live);
    else
        error->code = ERROR_INVALID;
    config_init(config);
    return live != NULL;
}
