#include "ctl/command.h"

#include "core/event.h"
#include "ctl/stage.h"

#include <stdlib.h>

/* The topics of all triggers, each as often as it stands; NULL: no memory. The caller frees the
 * array. */
static const char **collect_topics(const struct manifest *manifest, size_t *count)
{
    size_t most = 0;
    const char **topics;

    for (size_t i = 0; i < manifest->subscription_count; i++)
        most += manifest->subscriptions[i].event_count;
    topics = calloc(most + 1, sizeof(*topics));
    *count = 0;
    for (size_t i = 0; topics && i < manifest->subscription_count; i++) {
        const struct subscription *subscription = &manifest->subscriptions[i];
        for (size_t e = 0; subscription->via == VIA_TRIGGER && e < subscription->event_count; e++) {
            const struct event *event = event_find(subscription->events[e].name);
            topics[(*count)++] = event ? event->topic : subscription->events[e].name;
        }
    }
    return topics;
}

/* What only the service knows: the organisation, its topics, and whether we may read. */
static void validate_online(const struct options *options, struct report *report)
{
    struct client *client = NULL;
    struct buf unknown;
    size_t count = 0;
    const char **topics = collect_topics(&report->manifest, &count);

    buf_init(&unknown, 1024 * 1024);
    if (!topics)
        error_no_memory(&report->error);
    else if (stage_connect(options, STAGE_READ, report, &client) && stage_listing(client, report) &&
             (count == 0 || remote_check_topics(client, topics, count, &unknown, &report->error)) &&
             unknown.length > 0)
        error_set(&report->error, ERROR_INVALID, "the service knows no topic %s",
                  buf_text(&unknown));
    buf_release(&unknown);
    free(topics);
    client_free(client);
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    if (stage_settings(options, report) && stage_manifest(options, words, report) &&
        options->online)
        validate_online(options, report);
}

const struct command command_validate = {
    .name = "validate",
    .words = "[PATH…]",
    .summary = "check a manifest: syntax, schema, lint rules; offline",
    .groups = GROUP_MANIFEST | GROUP_VALIDATE | GROUP_CONNECT,
    .details =
        "All findings are shown, each with its place and rule. Warnings leave the exit code 0.\n",
    .words_most = 15,
    .run = run,
};
