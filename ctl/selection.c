#include "ctl/selection.h"

#include "core/text.h"
#include "ctl/moment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* -- reading ----------------------------------------------------------------------------------- */

bool selection_read_id(const char *word, int64_t *id, struct error *error)
{
    char *end;

    errno = 0;
    *id = strtoll(word, &end, 10);
    return (word[0] >= '0' && word[0] <= '9' && !*end && !errno && *id > 0) ||
           error_set(error, ERROR_INVALID,
                     "\"%s\" is no id of a dead letter; `eventctl dlq list` "
                     "shows them",
                     word);
}

static bool read_text(const char *option, const char *given, const char **out, struct error *error)
{
    *out = given;
    if (given && (!*given || text_utf8_check(given, strlen(given)) < strlen(given)))
        return error_set(error, ERROR_INVALID, "--%s is %s", option,
                         *given ? "not UTF-8" : "empty");
    return true;
}

static bool read_time(const char *option, const char *given, int64_t now_ms, int64_t *ms,
                      struct error *error)
{
    if (!given || moment_parse(given, now_ms, ms))
        return true;
    return error_set(error, ERROR_INVALID,
                     "--%s takes a duration such as 2h, or a time such as 2026-07-01T12:00:00Z, "
                     "not \"%s\"",
                     option, given);
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static bool read_ids(struct selection *selection, const struct option_words *words,
                     struct error *error)
{
    struct letter_filter *filter = &selection->filter;

    for (size_t i = 0; i < words->count; i++)
        if (!selection_read_id(words->items[i], &selection->ids[i], error))
            return false;
    if (words->count == 0)
        return true;
    qsort(selection->ids, words->count, sizeof(*selection->ids), compare_ids);
    filter->ids = selection->ids;
    for (size_t i = 0; i < words->count; i++)
        if (i == 0 || selection->ids[i] != selection->ids[i - 1])
            selection->ids[filter->id_count++] = selection->ids[i];
    return true;
}

bool selection_read(struct selection *selection, const struct options *options,
                    const struct option_words *words, int64_t now_ms, struct error *error)
{
    struct letter_filter *filter = &selection->filter;

    letter_filter_init(filter);
    if (options->came_back)
        filter->came_back = 1;
    if (!read_ids(selection, words, error) ||
        !read_text("subscription", options->subscription, &filter->subscription, error) ||
        !read_text("cause", options->cause, &filter->reason, error) ||
        !read_text("type", options->type, &filter->type, error) ||
        !read_text("interaction", options->interaction, &filter->interaction, error) ||
        !read_time("since", options->since, now_ms, &filter->since_ms, error) ||
        !read_time("until", options->until, now_ms, &filter->until_ms, error))
        return false;
    if (filter->since_ms && filter->until_ms && filter->since_ms >= filter->until_ms)
        return error_set(error, ERROR_INVALID, "nothing died between --since %s and --until %s",
                         options->since, options->until);
    return true;
}

bool selection_check(const struct selection *selection, const struct options *options,
                     struct error *error)
{
    struct letter_filter filter = selection->filter;
    bool ids = filter.ids, conditions;

    filter.ids = NULL;
    conditions = !letter_filter_is_empty(&filter);
    if (ids + conditions + options->all == 0)
        return error_set(error, ERROR_INVALID,
                         "nothing is selected: give ids, a filter such as --subscription, or "
                         "--all");
    return ids + conditions + options->all == 1 ||
           error_set(error, ERROR_INVALID, "%s exclude each other",
                     !options->all ? "ids and filters"
                     : ids         ? "ids and --all"
                                   : "filters and --all");
}

/* -- at an endpoint ---------------------------------------------------------------------------- */

/* What died up to now, by the endpoint's own clock. */
static void pin(struct letter_filter *filter, const struct ingest_sample *sample)
{
    if (sample->now_ms > 0 && (filter->until_ms == 0 || filter->until_ms > sample->now_ms))
        filter->until_ms = sample->now_ms;
}

bool selection_at(const struct selection *selection, bool pinned, struct ask *ask,
                  struct roster *roster, struct letter_filter *filters, bool *there,
                  struct error *error)
{
    const char *word = selection->filter.subscription;
    size_t count = ask_endpoints(ask)->count, found = 0;

    pinned = pinned && !selection->filter.ids;
    if ((word || pinned) && !roster_read(roster, ask, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        filters[i] = selection->filter;
        there[i] = true;
        if (pinned)
            pin(&filters[i], &roster->samples[i]);
        if (!word)
            continue;
        if (!roster_id(roster, i, word, &filters[i].subscription, error))
            return error_wrap(error, "endpoint %s", ask_endpoints(ask)->items[i].name);
        there[i] = filters[i].subscription;
        found += there[i];
    }
    return !word || found > 0 || roster_unknown(roster, word, error);
}

/* -- for people -------------------------------------------------------------------------------- */

enum { IDS_SHOWN = 10 };

void selection_describe(struct buf *out, const struct letter_filter *filter, int64_t count)
{
    const struct {
        const char *words, *text;
    } rows[] = {{"of subscription", filter->subscription},
                {"that died of", filter->reason},
                {"of type", filter->type},
                {"of interaction", filter->interaction}};
    const struct {
        const char *words;
        int64_t ms;
    } times[] = {{"since", filter->since_ms}, {"before", filter->until_ms}};

    if (count >= 0)
        buf_printf(out, "%lld ", (long long)count);
    buf_printf(out, "dead letter%s", count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].text)
            buf_printf(out, " %s %s", rows[i].words, rows[i].text);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (times[i].ms) {
            buf_printf(out, " %s ", times[i].words);
            moment_add(out, times[i].ms);
        }
    if (filter->came_back > 0)
        buf_add_text(out, " that came back");
    for (size_t i = 0; i < filter->id_count && i < IDS_SHOWN; i++)
        buf_printf(out, "%s%lld", i ? ", " : " (id ", (long long)filter->ids[i]);
    if (filter->id_count > 0)
        buf_add_text(out, filter->id_count > IDS_SHOWN ? ", …)" : ")");
}
