#include "ingest/config_files.h"

#include "core/match.h"
#include "ingest/admin_token.h"
#include "ingest/live.h"
#include "ingest/sink.h"

/* By opening it as a start does; but for a file, which opening would make. */
static bool check_sink(const struct config_sink *config, struct error *error)
{
    struct sink *sink;

    if (config->type != SINK_HTTP)
        return true;
    sink = sink_open(config, error);
    sink_close(sink);
    return sink != NULL;
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
    struct admin_token token;

    if (!admin_token_read(&token, config->admin.token_file, error))
        return false;
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
