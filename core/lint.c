/* Lint: what is valid, and still not what a careful reviewer would let pass.
 *
 * Each rule is a row of diag_rule_table (core/diag.c) and a function here or in lint_filter.c.
 */
#include "core/event.h"
#include "core/lint_filter.h"
#include "core/manifest.h"
#include "core/marker.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    WINDOW_LEAST_MS = 50,
    WINDOW_MOST_MS = 10000,
    SIZE_LEAST = 2,
    COMPARING_MOST_STEPS = 50 * 1000 * 1000 /* well under a second */
};

/* --- events and delivery -------------------------------------------------------------------- */

static void lint_events(const struct subscription *subscription, struct diag_list *diags)
{
    for (size_t i = 0; i < subscription->event_count; i++) {
        const struct manifest_event *event = &subscription->events[i];
        if (event_is_catch_all(event->name))
            diag_add(diags, "catch-all", event->place, "name the events that are needed",
                     "\"%s\" asks for every event", event->name);
        else if (subscription->via == VIA_TRIGGER && !event_find(event->name))
            diag_add(diags, "unknown-topic", event->place,
                     "`eventctl validate --online` asks the service for its topics",
                     "\"%s\" is no topic that is known here", event->name);
    }
}

/* True for an event that comes several times in each conversation. */
static bool is_busy(const char *name)
{
    const struct event *event = event_find(name);

    return event_is_catch_all(name) || (event && event->high_volume);
}

static void lint_immediate(const struct subscription *subscription, struct diag_list *diags)
{
    if (subscription->via != VIA_EVENT_STREAMS || subscription->batched)
        return;
    for (size_t i = 0; i < subscription->event_count; i++)
        if (is_busy(subscription->events[i].name)) {
            diag_add(diags, "immediate-high-volume", subscription->events[i].place,
                     "delivery: {batching: {mode: batched, window: 100ms, size: 50}}",
                     "\"%s\" comes often, and is delivered one by one: bursts overwhelm a "
                     "receiver, and events are lost when it answers 503",
                     subscription->events[i].name);
            return;
        }
}

static void lint_busy_topic(const struct subscription *subscription, struct diag_list *diags)
{
    if (subscription->via != VIA_TRIGGER || subscription->filter_count > 0)
        return;
    for (size_t i = 0; i < subscription->event_count; i++) {
        const struct event *event = event_find(subscription->events[i].name);
        if (event && event->high_volume && !event->adds.field)
            diag_add(diags, "busy-topic-without-filter", subscription->events[i].place,
                     "filter: [{field: mediaType, op: eq, value: VOICE}]",
                     "every \"%s\" starts the workflow; the organisation has 6,000 starts a "
                     "minute for all its triggers",
                     event->name);
    }
}

static void lint_window(const struct subscription *subscription, struct diag_list *diags)
{
    if (!subscription->batched)
        return;
    if (subscription->window_ms < WINDOW_LEAST_MS || subscription->size < SIZE_LEAST)
        diag_add(diags, "window-range", subscription->place, "window: 100ms, size: 50",
                 "a window of %lld ms and a size of %lld put hardly any events together",
                 (long long)subscription->window_ms, (long long)subscription->size);
    else if (subscription->window_ms > WINDOW_MOST_MS)
        diag_add(diags, "window-range", subscription->place, "window: 100ms to 10s",
                 "a window of %lld ms delays events by as much",
                 (long long)subscription->window_ms);
}

static void lint_times(const struct subscription *subscription, struct diag_list *diags)
{
    if (subscription->ttl_s > 0 && subscription->delay_s > 0)
        diag_add(diags, "ttl-and-delay", subscription->place,
                 "delete one of them, here or in the defaults",
                 "the service takes a ttl or a delay, not both");
}

static void lint_description(const struct manifest *manifest,
                             const struct subscription *subscription, struct diag_list *diags)
{
    size_t units = text_utf16_length(subscription->description), room;

    if (units == 0) {
        diag_add(diags, "missing-description", subscription->place,
                 "description: what it is for, and for whom", "\"%s\" has no description",
                 subscription->name);
        return;
    }
    if (!manifest->organization)
        return;
    room = marker_room(manifest->organization, manifest->owner ? manifest->owner : "",
                       subscription->name, subscription->version, subscription->via);
    if (units > room)
        diag_add(diags, "description-too-long", subscription->place, "shorten the description",
                 "the description has %zu characters, and beside eventctl's mark there is room "
                 "for %zu",
                 units, room);
}

/* --- URLs ------------------------------------------------------------------------------------- */

/* Addresses that mean something only inside a network (RFC 1918, 3927, 4193, 6762). */
static bool is_private_host(const char *host)
{
    static const char *const prefixes[] = {"10.", "192.168.", "169.254.", "fc", "fd", "fe80:"};
    static const char *const suffixes[] = {".local", ".internal", ".lan", ".localhost", ".test"};
    bool address6 = strchr(host, ':') != NULL;
    bool address4 = host[strspn(host, "0123456789.")] == '\0';
    size_t length = strlen(host);
    int second = 0;

    for (size_t i = 0; i < 6; i++)
        if ((i < 3 ? address4 : address6) &&
            strncasecmp(host, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    for (size_t i = 0; i < 5; i++)
        if (length > strlen(suffixes[i]) &&
            strcasecmp(host + length - strlen(suffixes[i]), suffixes[i]) == 0)
            return true;
    if (address4 && sscanf(host, "172.%d.", &second) == 1)
        return second >= 16 && second <= 31;
    return !address6 && !strchr(host, '.');
}

/* True when a query parameter's name says that it holds a secret. */
static bool has_query_secret(const char *url)
{
    static const char *const words[] = {"token", "key",       "secret", "password",   "passwd",
                                        "sig",   "signature", "auth",   "credential", NULL};
    const char *at = url + strcspn(url, "?#");

    while (*at == '?' || *at == '&') {
        size_t name = strcspn(++at, "=&#");
        for (const char *const *word = words; *word; word++) {
            const char *found = strcasestr(at, *word);
            if (found && (size_t)(found - at) + strlen(*word) <= name)
                return true;
        }
        at += strcspn(at, "&#");
    }
    return false;
}

static void lint_url(const struct subscription *subscription, bool sandbox, struct diag_list *diags)
{
    struct place place = subscription->url_place;
    struct text_url url;

    if (!text_parse_url(subscription->url, &url))
        return;
    if (!sandbox && url.loopback)
        diag_add(diags, "insecure-url", place, "a host that the service can reach, by HTTPS",
                 "the service cannot deliver to this machine (%s)", url.host);
    else if (!sandbox && !url.https)
        diag_add(diags, "insecure-url", place, "https://…", "events would travel unencrypted to %s",
                 url.host);
    if (!sandbox && !url.loopback && is_private_host(url.host))
        diag_add(diags, "unreachable-url", place, "a host name that the internet knows",
                 "the service cannot reach %s, a private address", url.host);
    if (url.has_userinfo)
        diag_add(diags, "url-userinfo", place, "delete what stands before the \"@\"",
                 "a name or password stands in the URL, and URLs are logged");
    if (has_query_secret(subscription->url))
        diag_add(diags, "url-query-secret", place,
                 "deliveries are signed: let the receiver check X-Genesys-Signature",
                 "the URL's query seems to hold a secret, and URLs are logged");
}

static int compare_url_places(const void *a, const void *b)
{
    const struct place *x = &(*(const struct subscription *const *)a)->url_place;
    const struct place *y = &(*(const struct subscription *const *)b)->url_place;

    if (x->source != y->source)
        return (uintptr_t)x->source < (uintptr_t)y->source ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

/* Each URL once, however many subscriptions have it from their defaults. */
static void lint_urls(const struct manifest *manifest, bool sandbox, struct diag_list *diags)
{
    size_t count = 0;
    const struct subscription **with_url =
        calloc(manifest->subscription_count + 1, sizeof(const struct subscription *));

    if (!with_url) {
        diags->no_memory = true;
        return;
    }
    for (size_t i = 0; i < manifest->subscription_count; i++)
        if (manifest->subscriptions[i].url)
            with_url[count++] = &manifest->subscriptions[i];
    qsort(with_url, count, sizeof(const struct subscription *), compare_url_places);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_url_places(&with_url[i - 1], &with_url[i]) != 0)
            lint_url(with_url[i], sandbox, diags);
    free(with_url);
}

/* --- overlapping subscriptions ---------------------------------------------------------------- */

/* One event of one subscription, by the digest of what makes deliveries the same. */
struct delivered {
    uint64_t hash;
    const struct subscription *subscription;
    const char *topic;
};

static const char *target_of(const struct subscription *subscription)
{
    return subscription->via == VIA_TRIGGER ? subscription->workflow : subscription->url;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash * 1099511628211u;
}

/* Criteria are summed up, so that their order means nothing. */
static uint64_t hash_delivered(const struct subscription *subscription, const char *topic)
{
    uint64_t hash = hash_text(14695981039346656037u + subscription->via, topic);

    hash = hash_text(hash, target_of(subscription));
    for (size_t i = 0; i < subscription->filter_count; i++) {
        const struct criterion *criterion = &subscription->filter[i];
        hash +=
            hash_text(hash_text((uint64_t)criterion->op + 1, criterion->field), criterion->value);
    }
    return hash;
}

static int compare_delivered(const void *a, const void *b)
{
    const struct delivered *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->subscription < y->subscription ? -1 : x->subscription > y->subscription;
}

static bool has_criterion(const struct subscription *subscription, const struct criterion *wanted)
{
    for (size_t i = 0; i < subscription->filter_count; i++) {
        const struct criterion *criterion = &subscription->filter[i];
        if (criterion->op == wanted->op && strcmp(criterion->field, wanted->field) == 0 &&
            strcmp(criterion->value, wanted->value) == 0)
            return true;
    }
    return false;
}

/* Equal digests are only a reason to look. */
static bool is_same_delivery(const struct delivered *a, const struct delivered *b)
{
    const struct subscription *x = a->subscription, *y = b->subscription;

    if (x == y || x->via != y->via || x->filter_count != y->filter_count ||
        strcmp(a->topic, b->topic) != 0 || strcmp(target_of(x), target_of(y)) != 0)
        return false;
    for (size_t i = 0; i < x->filter_count; i++)
        if (!has_criterion(y, &x->filter[i]))
            return false;
    return true;
}

/* What an event is delivered as: one topic may have two names, and not the same criteria. */
static const char *delivered_as(const struct subscription *subscription, const char *name)
{
    const struct event *event = event_find(name);
    bool renamed = subscription->via == VIA_TRIGGER && event && event->topic && !event->adds.field;

    return renamed ? event->topic : name;
}

static size_t collect_delivered(const struct manifest *manifest, struct delivered *list)
{
    size_t count = 0;

    for (size_t i = 0; i < manifest->subscription_count; i++) {
        const struct subscription *subscription = &manifest->subscriptions[i];
        for (size_t k = 0; subscription->enabled && k < subscription->event_count; k++) {
            const char *topic = delivered_as(subscription, subscription->events[k].name);
            list[count++] =
                (struct delivered){hash_delivered(subscription, topic), subscription, topic};
        }
    }
    return count;
}

static void lint_overlaps(const struct manifest *manifest, struct diag_list *diags)
{
    size_t events = 0, count;
    struct delivered *list;

    for (size_t i = 0; i < manifest->subscription_count; i++)
        events += manifest->subscriptions[i].event_count;
    list = calloc(events + 1, sizeof(*list));
    if (!list) {
        diags->no_memory = true;
        return;
    }
    count = collect_delivered(manifest, list);
    qsort(list, count, sizeof(*list), compare_delivered);
    for (size_t i = 1; i < count; i++) {
        const struct subscription *a = list[i - 1].subscription, *b = list[i].subscription;
        if (list[i].hash != list[i - 1].hash || !is_same_delivery(&list[i - 1], &list[i]))
            continue;
        diag_add(diags, "overlapping-subscriptions", b->place,
                 "put them together, or make their filters differ",
                 "\"%s\" and \"%s\" deliver the same \"%s\" to the same target", a->name, b->name,
                 list[i].topic);
        diag_add_other(diags, a->place);
    }
    free(list);
}

void lint_manifest(const struct manifest *manifest, const struct manifest_options *options,
                   struct diag_list *diags)
{
    size_t budget = COMPARING_MOST_STEPS;

    for (size_t i = 0; i < manifest->subscription_count; i++) {
        const struct subscription *subscription = &manifest->subscriptions[i];
        lint_events(subscription, diags);
        lint_immediate(subscription, diags);
        lint_busy_topic(subscription, diags);
        lint_window(subscription, diags);
        lint_times(subscription, diags);
        lint_description(manifest, subscription, diags);
        lint_filter(subscription, diags, &budget);
    }
    lint_urls(manifest, options->sandbox, diags);
    lint_overlaps(manifest, diags);
}
