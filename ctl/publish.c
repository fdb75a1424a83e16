#include "ctl/publish.h"

#include "core/json.h"
#include "ctl/ask.h"
#include "ctl/confirm.h"
#include "ctl/report.h"
#include "ctl/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 5, NAMES_MAX_BYTES = 4096 };

void publish_init(struct publish *publish)
{
    *publish = (struct publish){.ask = NULL};
}

void publish_release(struct publish *publish)
{
    for (size_t i = 0; i < publish->count; i++)
        publication_release(&publish->endpoints[i].publication);
    free(publish->endpoints);
    json_decref(publish->wish);
    ask_free(publish->ask);
    publish_init(publish);
}

/* -- what differs ------------------------------------------------------------------------------ */

static bool open_endpoints(const struct options *options, struct report *report)
{
    struct publish *publish = &report->publish;
    const struct endpoints *endpoints = &report->endpoints;

    if (!endpoints_read(&report->endpoints, options, &report->settings, &report->error))
        return false;
    publish->ask = ask_new(endpoints, options, &report->error);
    if (!publish->ask)
        return false;
    publish->endpoints = calloc(endpoints->count + 1, sizeof(*publish->endpoints));
    if (!publish->endpoints)
        return error_no_memory(&report->error);
    for (size_t i = 0; i < endpoints->count; i++)
        publish->endpoints[publish->count++] = (struct publish_endpoint){
            .name = endpoints->items[i].name, .production = endpoints->items[i].production};
    return true;
}

/* A kept plan carries what is wished for; one of an older eventctl does not. */
static bool take_wish(const struct options *options, struct report *report)
{
    bool kept = report->plan == &report->saved.plan;

    json_decref(report->publish.wish);
    report->publish.wish =
        kept ? json_incref(report->saved.wish)
             : publication_wish(&report->desired,
                                options->targets.count ? options->targets.items : NULL);
    if (kept && !report->publish.wish)
        report_note(report, "the plan is of an older eventctl: it publishes nothing");
    return kept || report->publish.wish || error_no_memory(&report->error);
}

bool publish_plan(const struct options *options, struct report *report)
{
    struct publish *publish = &report->publish;

    if (options->endpoints.count + report->settings.endpoint_count == 0)
        return true;
    if (!take_wish(options, report))
        return false;
    if (!publish->wish)
        return true;
    if (!publish->ask && !open_endpoints(options, report))
        return false;
    for (size_t i = 0; i < publish->count; i++) {
        struct publish_endpoint *endpoint = &publish->endpoints[i];
        endpoint->error = ERROR_INIT;
        endpoint->known = publish_compare(report, i, &report->listing, &endpoint->publication, NULL,
                                          &endpoint->error);
        endpoint->state = !endpoint->known                  ? OUTCOME_NOT_SENT
                          : endpoint->publication.count > 0 ? OUTCOME_WOULD
                                                            : OUTCOME_NOTHING;
        if (endpoint->error.code == ERROR_INTERRUPTED)
            return error_set(&report->error, ERROR_INTERRUPTED, "interrupted");
    }
    return true;
}

bool publish_compare(struct report *report, size_t number, const struct remote_listing *listing,
                     struct publication *publication, char state[PUBLICATION_STATE + 1],
                     struct error *error)
{
    struct publication_input input = {.wish = report->publish.wish,
                                      .live = &listing->objects,
                                      .complete = true,
                                      .plan = report->plan,
                                      .organization_id = report->identity.organization_id,
                                      .owner = report->plan == &report->saved.plan
                                                   ? report->saved.owner
                                                   : report->manifest.owner};
    struct publication made;
    json_t *document = NULL;
    struct buf body;
    bool ok;

    for (enum via via = 0; via < VIA_COUNT; via++)
        input.complete &= listing->listed[via] != REMOTE_FORBIDDEN;
    buf_init(&body, ASK_BODY_MAX_BYTES);
    ok = ask_get(report->publish.ask, number, "/v1/subscriptions", &body, error);
    if (ok) {
        document = json_read(buf_text(&body), body.length, 0, NULL);
        ok = (publication_make(&made, document, &input, error) &&
              (!state || publication_state(document, state))) ||
             ask_misread(report->publish.ask, number, error);
    }
    if (ok) {
        publication_release(publication);
        *publication = made;
    }
    json_decref(document);
    buf_release(&body);
    return ok;
}

/* -- how much it is ---------------------------------------------------------------------------- */

size_t publish_count(const struct publish *publish)
{
    size_t count = 0;

    for (size_t i = 0; i < publish->count; i++)
        count += publish->endpoints[i].publication.count;
    return count;
}

size_t publish_count_action(const struct publish_endpoint *endpoint, enum publication_action action)
{
    size_t count = 0;

    for (size_t i = 0; i < endpoint->publication.count; i++)
        count += endpoint->publication.changes[i].action == action;
    return count;
}

bool publish_known(const struct publish *publish, struct error *error)
{
    for (size_t i = 0; i < publish->count; i++)
        if (!publish->endpoints[i].known)
            return error_set(error, publish->endpoints[i].error.code, "%s",
                             publish->endpoints[i].error.text);
    return true;
}

bool publish_confirm(const struct options *options, struct report *report)
{
    bool ok = true;

    for (size_t i = 0; i < report->publish.count && ok; i++) {
        const struct publish_endpoint *endpoint = &report->publish.endpoints[i];
        char question[256];
        if (!endpoint->production || endpoint->state != OUTCOME_WOULD)
            continue;
        snprintf(question, sizeof(question), "Publish %zu change%s at production endpoint %s?",
                 endpoint->publication.count, endpoint->publication.count == 1 ? "" : "s",
                 endpoint->name);
        ok = confirm_ask(&(struct confirm){.question = question,
                                           .name = endpoint->name,
                                           .does = "publishes",
                                           .nothing = "nothing was written",
                                           .yes = options->yes},
                         &report->error);
    }
    return ok;
}

/* -- what became of it ------------------------------------------------------------------------- */

void publish_withdraw(struct publish *publish)
{
    for (size_t i = 0; i < publish->count; i++)
        if (publish->endpoints[i].state == OUTCOME_WOULD)
            publish->endpoints[i].state = OUTCOME_NOT_SENT;
}

static bool is_left(const struct publish_endpoint *endpoint)
{
    return endpoint->state != OUTCOME_DONE && endpoint->state != OUTCOME_NOTHING;
}

bool publish_is_left(const struct publish *publish)
{
    for (size_t i = 0; i < publish->count; i++)
        if (is_left(&publish->endpoints[i]))
            return true;
    return false;
}

static void add_name(struct buf *out, const char *name, const char **last, size_t *count)
{
    if (*last && strcmp(*last, name) == 0) /* a trigger's events are entries of one name */
        return;
    if (*count < NAMES_MOST)
        buf_printf(out, "%s%s", *count ? ", " : "", name);
    *last = name;
    ++*count;
}

void publish_add_names(struct buf *out, const struct publish *publish,
                       const struct publish_endpoint *endpoint)
{
    const char *last = NULL;
    size_t count = 0, i;
    const json_t *entry;

    for (i = 0; i < endpoint->publication.count; i++)
        add_name(out, endpoint->publication.changes[i].name, &last, &count);
    json_array_foreach(json_object_get(publish->wish, "entries"), i, entry)
    {
        if (!endpoint->known)
            add_name(out, json_text(entry, "name"), &last, &count);
    }
    if (count > NAMES_MOST)
        buf_printf(out, " and %zu more", count - NAMES_MOST);
}

void publish_judge(struct report *report)
{
    const struct publish *publish = &report->publish;
    enum error_code code = stage_stop ? ERROR_INTERRUPTED : ERROR_PARTIAL;
    struct buf text;

    buf_init(&text, NAMES_MAX_BYTES);
    for (size_t i = 0; i < publish->count; i++) {
        const struct publish_endpoint *endpoint = &publish->endpoints[i];
        if (!is_left(endpoint))
            continue;
        buf_printf(&text, "%snot published at %s: ", text.length ? "; " : "", endpoint->name);
        publish_add_names(&text, publish, endpoint);
        if (endpoint->error.code != ERROR_NONE)
            buf_printf(&text, " (%s)", endpoint->error.text);
    }
    if (text.length > 0)
        error_set(&report->error, code, "%s", buf_text(&text));
    buf_release(&text);
}
