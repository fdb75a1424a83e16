#include "ctl/roster.h"

#include "core/text.h"

#include <stdlib.h>
#include <string.h>

void roster_init(struct roster *roster)
{
    *roster = (struct roster){.samples = NULL};
}

void roster_release(struct roster *roster)
{
    for (size_t i = 0; i < roster->count; i++)
        sample_release(&roster->samples[i]);
    free(roster->samples);
    roster_init(roster);
}

bool roster_read(struct roster *roster, struct ask *ask, struct error *error)
{
    const struct endpoints *endpoints = ask_endpoints(ask);
    bool ok = true;

    roster->samples = calloc(endpoints->count + 1, sizeof(*roster->samples));
    if (!roster->samples)
        return error_no_memory(error);
    for (size_t i = 0; i < endpoints->count && ok; i++) {
        struct buf body;
        buf_init(&body, ASK_BODY_MAX_BYTES);
        sample_init(&roster->samples[roster->count++]);
        ok = ask_get(ask, i, "/v1/status", &body, error) &&
             (sample_read_status(&roster->samples[i], buf_text(&body), body.length, error) ||
              ask_misread(ask, i, error));
        buf_release(&body);
    }
    return ok;
}

static bool is_id(const struct ingest_sample *sample, const char *word)
{
    for (size_t i = 0; i < sample->subscription_count; i++)
        if (strcmp(sample->subscriptions[i].id, word) == 0)
            return true;
    for (size_t i = 0; i < sample->reason_count; i++)
        if (strcmp(sample->reasons[i].subscription, word) == 0)
            return true;
    return false;
}

bool roster_is(const struct roster *roster, size_t endpoint,
               const struct sample_subscription *subscription, const char *word)
{
    return strcmp(subscription->id, word) == 0 ||
           (strcmp(subscription->name, word) == 0 && !is_id(&roster->samples[endpoint], word));
}

bool roster_id(const struct roster *roster, size_t endpoint, const char *word, const char **id,
               struct error *error)
{
    const struct ingest_sample *sample = &roster->samples[endpoint];

    *id = is_id(sample, word) ? word : NULL;
    for (size_t i = 0; i < sample->subscription_count && *id != word; i++) {
        const struct sample_subscription *subscription = &sample->subscriptions[i];
        if (strcmp(subscription->name, word) != 0)
            continue;
        if (*id)
            return error_set(error, ERROR_INVALID,
                             "several subscriptions are named %s, such as %s and %s: give an id",
                             word, *id, subscription->id);
        *id = subscription->id;
    }
    return true;
}

/* All names and ids, which are borrowed; the caller frees the list. */
static const char **list_words(const struct roster *roster)
{
    const char **words;
    size_t count = 0, most = 1;

    for (size_t i = 0; i < roster->count; i++)
        most += 2 * roster->samples[i].subscription_count;
    words = calloc(most, sizeof(*words));
    for (size_t i = 0; i < roster->count && words; i++)
        for (size_t j = 0; j < roster->samples[i].subscription_count; j++) {
            const struct sample_subscription *one = &roster->samples[i].subscriptions[j];
            if (one->name[0])
                words[count++] = one->name;
            words[count++] = one->id;
        }
    return words;
}

bool roster_unknown(const struct roster *roster, const char *word, struct error *error)
{
    const char **words = list_words(roster);
    const char *nearest = words ? text_nearest(word, words) : NULL;

    error_set(error, ERROR_INVALID, "no subscription is called %s%s%s%s", word,
              nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    free(words);
    return false;
}
