#include "ingest/config_files.h"

#include "core/file.h"
#include "core/match.h"
#include "ingest/live.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX_BYTES = 1024 * 1024, TOKEN_LEAST_BYTES = 16 };

/* Can be read and has at least so many bytes. NULL is no file and fine. */
static bool check_readable(const char *path, size_t least_bytes, struct error *error)
{
    struct buf bytes;
    bool ok;

    if (!path)
        return true;
    buf_init(&bytes, FILE_MAX_BYTES);
    ok = file_read(path, &bytes, error);
    while (ok && bytes.length > 0 && strchr("\r\n", bytes.data[bytes.length - 1]))
        bytes.length--;
    if (ok && bytes.length < least_bytes)
        ok = error_set(error, ERROR_INVALID, "%s has less than %zu bytes", path, least_bytes);
    if (bytes.data)
        OPENSSL_cleanse(bytes.data, bytes.size);
    buf_release(&bytes);
    return ok;
}

/* Whoever can read it can replay, discard and publish. The group's bits are not looked at: for a
 * file with an access list, such as systemd's credentials, they are its mask. */
static bool check_private(const char *path, struct error *error)
{
    struct stat status;

    if (stat(path, &status) != 0 || (status.st_mode & S_IRWXO) == 0)
        return true; /* what cannot be read is said by check_readable */
    return error_set(error, ERROR_INVALID, "%s is open to everybody: chmod 600", path);
}

static bool check_sink(const struct config_sink *sink, struct error *error)
{
    return (check_readable(sink->ca_file, 1, error) &&
            check_readable(sink->token_file, 1, error)) ||
           error_wrap(error, "sinks.%s", sink->name);
}

static bool check_filter(const struct config_subscription *subscription, struct error *error)
{
    struct match *match = match_new(subscription->filter, subscription->filter_count, error);

    if (!match)
        return error_wrap(error, "subscriptions.%s.filter", subscription->id);
    match_free(match);
    return true;
}

static bool check_before_live(const struct config *config, struct error *error)
{
    if (!check_readable(config->admin.token_file, TOKEN_LEAST_BYTES, error) ||
        !check_private(config->admin.token_file, error))
        return error_wrap(error, "admin.token_file");
    for (size_t i = 0; i < config->sink_count; i++)
        if (!check_sink(&config->sinks[i], error))
            return false;
    for (size_t i = 0; i < config->subscription_count; i++)
        if (!check_filter(&config->subscriptions[i], error))
            return false;
    return true;
}

bool config_check_files(struct config *config, struct error *error)
{
    struct live *live;

    if (!check_before_live(config, error)) {
        config_release(config);
        return false;
    }
    live = live_new(config, NULL, 0, error);
    if (live)
        live_drop(live);
    config_init(config);
    return live != NULL;
}
