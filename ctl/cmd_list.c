#include "ctl/command.h"

#include "ctl/stage.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
    const struct object *x = *(const struct object *const *)a;
    const struct object *y = *(const struct object *const *)b;
    int order = strcmp(x->name, y->name);

    return order ? order : strcmp(x->id, y->id);
}

static bool has_name(const struct object *object, const char *wanted)
{
    return !wanted || strcmp(object->name, wanted) == 0 || strcmp(object->id, wanted) == 0 ||
           strcmp(object->marker.name, wanted) == 0;
}

/* Those that go by the name: the subscription's, the object's or its id; all when it is NULL. */
static void choose(struct report *report, const char *wanted)
{
    const struct object_list *list = &report->listing.objects;

    report->objects = calloc(list->count + 1, sizeof(*report->objects));
    if (!report->objects) {
        error_no_memory(&report->error);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        if (has_name(&list->items[i], wanted))
            report->objects[report->object_count++] = &list->items[i];
    qsort(report->objects, report->object_count, sizeof(*report->objects), compare_names);
    report->has_objects = true;
    if (wanted && report->object_count == 0)
        error_set(&report->error, ERROR_FAILED, "nothing is called %s", wanted);
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct client *client = NULL;

    if (stage_settings(options, report) && stage_connect(options, STAGE_READ, report, &client) &&
        stage_listing(client, report))
        choose(report, words->count > 0 ? words->items[0] : NULL);
    client_free(client);
}

const struct command command_list = {
    .name = "list",
    .words = "",
    .summary = "what exists at the service, with its health",
    .groups = GROUP_CONNECT,
    .details = "One object a line: name, kind, state, health, marker, id.\n",
    .run = run,
};

const struct command command_show = {
    .name = "show",
    .words = "NAME",
    .summary = "all about a subscription, by its name or id",
    .groups = GROUP_CONNECT,
    .words_least = 1,
    .words_most = 1,
    .run = run,
};
