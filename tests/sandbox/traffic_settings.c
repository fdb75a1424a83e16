#include "traffic_settings.h"

#include "numbers.h"
#include "text.h"

#include <string.h>

#define AT(member) offsetof(struct traffic_settings, member)

static const double exact = 9007199254740991; /* the largest of a double's integers */

static const struct number numbers[] = {
    {"conversations_per_s", AT(conversations_per_s), 0, 100000, 10, false},
    {"seed", AT(seed), 0, exact, 1, true},
    {"conversations", AT(conversations), 0, 1e12, 0, true},
    {"pace_ms", AT(pace_ms), 0, 3600000, 200, false},
    {"abandon_percent", AT(abandon_percent), 0, 100, 8, false},
    {"transfer_percent", AT(transfer_percent), 0, 100, 10, false},
    {"duplicate_percent", AT(duplicate_percent), 0, 100, 0, false},
    {"reorder_percent", AT(reorder_percent), 0, 100, 0, false},
    {"schema_change_after", AT(schema_change_after), -1, 1e12, -1, true},
    {.name = NULL},
};

static const struct number media[] = {
    {"voice", AT(media[TRAFFIC_VOICE]), 0, 1e6, 6, false},
    {"chat", AT(media[TRAFFIC_CHAT]), 0, 1e6, 3, false},
    {"message", AT(media[TRAFFIC_MESSAGE]), 0, 1e6, 1, false},
    {"email", AT(media[TRAFFIC_EMAIL]), 0, 1e6, 0, false},
    {.name = NULL},
};

static const struct number surge[] = {
    {"after_s", AT(surge.after_s), 0, 1e6, 0, false},
    {"for_s", AT(surge.for_s), 0, 1e6, 0, false},
    {"times", AT(surge.times), 0, 10000, 1, false},
    {.name = NULL},
};

/* The members that are objects; one that is named is set as a whole. */
static const struct group {
    const char *name;
    const struct number *numbers;
    double unnamed; /* what those of its members are that it does not name; -1: their fallback */
} groups[] = {{"media", media, 0}, {"surge", surge, -1}};

enum { GROUPS = sizeof groups / sizeof *groups };

void traffic_settings_init(struct traffic_settings *settings)
{
    numbers_reset(numbers, settings);
    for (int i = 0; i < GROUPS; i++)
        numbers_reset(groups[i].numbers, settings);
}

static bool group_set(const struct group *group, struct traffic_settings *settings,
                      const json_t *value)
{
    const char *name;
    json_t *one;

    numbers_reset(group->numbers, settings);
    if (json_is_null(value))
        return true;
    for (int i = 0; group->unnamed >= 0 && group->numbers[i].name; i++)
        *(double *)((char *)settings + group->numbers[i].at) = group->unnamed;
    json_object_foreach((json_t *)value, name, one)
    {
        if (!numbers_set(group->numbers, settings, name, one))
            return false;
    }
    return json_is_object(value);
}

static bool member_set(struct traffic_settings *settings, const char *name, const json_t *value)
{
    for (int i = 0; i < GROUPS; i++) {
        if (!strcmp(groups[i].name, name))
            return group_set(&groups[i], settings, value);
    }
    return numbers_set(numbers, settings, name, value);
}

char *traffic_settings_read(struct traffic_settings *settings, const json_t *document)
{
    struct traffic_settings wanted = *settings;
    const char *name;
    json_t *value;
    double weights = 0;

    if (!json_is_object(document))
        return text_copy("the body is no object");
    json_object_foreach((json_t *)document, name, value)
    {
        if (!member_set(&wanted, name, value))
            return text_format("\"%s\" is unknown or its value wrong", name);
    }
    for (int i = 0; i < TRAFFIC_MEDIA; i++)
        weights += wanted.media[i];
    if (weights <= 0)
        return text_copy("\"media\" has no weight above 0");
    *settings = wanted;
    return NULL;
}

json_t *traffic_settings_report(const struct traffic_settings *settings)
{
    json_t *report = json_object();

    numbers_report(numbers, settings, report);
    for (int i = 0; i < GROUPS; i++) {
        json_t *group = json_object();
        numbers_report(groups[i].numbers, settings, group);
        json_object_set_new(report, groups[i].name, group);
    }
    return report;
}
