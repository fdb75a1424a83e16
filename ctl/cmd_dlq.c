/* Looking at dead letters: nothing is consumed by it. */
#include "ctl/command.h"

#include "core/clock.h"
#include "ctl/ask.h"
#include "ctl/selection.h"
#include "ctl/stage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_MOST = 1000, PATH_MAX_BYTES = 64 * 1024 };

/* -- list -------------------------------------------------------------------------------------- */

static bool check_state(const char *state, struct error *error)
{
    return !state || strcmp(state, "waiting") == 0 || strcmp(state, "replaying") == 0 ||
           error_set(error, ERROR_INVALID, "--state takes waiting or replaying, not \"%s\"", state);
}

/* The next page of the list; *after_id is where the one after it goes on, 0 after the last. */
static bool read_page(struct ask *ask, size_t endpoint, const struct letter_filter *filter,
                      const struct options *options, struct outcome_list *list, int64_t *after_id)
{
    int64_t left = options->limit - (int64_t)list->shown;
    struct letter_page *page = outcome_add_page(list);
    struct buf path, body;
    bool ok;

    if (!page)
        return error_no_memory(&list->error);
    buf_init(&path, PATH_MAX_BYTES);
    buf_init(&body, ASK_BODY_MAX_BYTES);
    letter_list_path(&path, filter, *after_id, (int)(left < PAGE_MOST ? left : PAGE_MOST));
    if (options->state)
        buf_printf(&path, "&state=%s", options->state);
    ok = path.failed ? error_set(&list->error, ERROR_INVALID, "the filter is too long")
                     : ask_get(ask, endpoint, buf_text(&path), &body, &list->error);
    ok = ok && (letter_page_read(page, buf_text(&body), body.length, &list->error) ||
                ask_misread(ask, endpoint, &list->error));
    buf_release(&path);
    buf_release(&body);
    if (!ok)
        return false;
    list->shown += page->count;
    list->total = page->total;
    list->bytes = page->bytes;
    *after_id = page->next_id > *after_id ? page->next_id : 0; /* never in circles */
    return true;
}

static void list_endpoint(struct ask *ask, size_t endpoint, const struct letter_filter *filter,
                          const struct options *options, struct outcome_list *list)
{
    int64_t after_id = 0;

    do {
        if (!read_page(ask, endpoint, filter, options, list, &after_id))
            return;
    } while (after_id > 0 && (int64_t)list->shown < options->limit);
}

/* What one endpoint cannot tell does not hide what others can. */
static void list_all(struct ask *ask, const struct options *options,
                     const struct letter_filter *filters, const bool *there, struct report *report)
{
    const struct endpoints *endpoints = &report->endpoints;

    if (!outcome_make_lists(&report->outcome, endpoints->count)) {
        error_no_memory(&report->error);
        return;
    }
    for (size_t i = 0; i < endpoints->count; i++) {
        struct outcome_list *list = &report->outcome.lists[i];
        list->endpoint = endpoints->items[i].name;
        if (there[i])
            list_endpoint(ask, i, &filters[i], options, list);
        if (list->error.code != ERROR_NONE)
            error_set(&report->error, list->error.code, "%s", list->error.text);
    }
}

static void run_list(const struct options *options, const struct option_words *words,
                     struct report *report)
{
    struct letter_filter *filters = NULL;
    struct selection selection;
    struct roster roster;
    struct ask *ask = NULL;
    bool *there = NULL;

    roster_init(&roster);
    if (!check_state(options->state, &report->error) ||
        !selection_read(&selection, options, words, clock_unix_us() / 1000, &report->error) ||
        !stage_endpoints(options, report, &ask))
        goto cleanup;
    filters = calloc(report->endpoints.count, sizeof(*filters));
    there = calloc(report->endpoints.count, sizeof(*there));
    if (!filters || !there)
        error_no_memory(&report->error);
    else if (selection_at(&selection, false, ask, &roster, filters, there, &report->error))
        list_all(ask, options, filters, there, report);
cleanup:
    free(filters);
    free(there);
    roster_release(&roster);
    ask_free(ask);
}

/* -- show -------------------------------------------------------------------------------------- */

static bool check_raw(const struct options *options, struct error *error)
{
    if (!options->raw)
        return true;
    if (options->outputs.count > 0)
        return error_set(error, ERROR_INVALID, "--raw prints the body alone: no -o beside it");
    return !isatty(STDOUT_FILENO) ||
           error_set(error, ERROR_INVALID,
                     "a body may hold what moves a terminal: --raw goes to a file or a pipe");
}

static void show(struct ask *ask, size_t endpoint, int64_t id, struct report *report)
{
    struct outcome_list *list;
    struct letter_page *page;
    char path[64];
    struct buf body;

    buf_init(&body, ASK_BODY_MAX_BYTES);
    snprintf(path, sizeof(path), "/v1/dlq/%" PRId64, id);
    if (!outcome_make_lists(&report->outcome, 1) ||
        !(page = outcome_add_page(list = &report->outcome.lists[0]))) {
        error_no_memory(&report->error);
        goto cleanup;
    }
    list->endpoint = report->endpoints.items[endpoint].name;
    if (!ask_get(ask, endpoint, path, &body, &report->error))
        goto cleanup;
    if (!letter_page_read(page, buf_text(&body), body.length, &report->error))
        (void)!ask_misread(ask, endpoint, &report->error);
    else if (page->count != 1 || page->letters[0].id != id)
        error_set(&report->error, ERROR_FAILED, "endpoint %s: it answered with another letter",
                  list->endpoint);
    else
        list->shown = 1;
cleanup:
    buf_release(&body);
}

static void run_show(const struct options *options, const struct option_words *words,
                     struct report *report)
{
    struct ask *ask = NULL;
    size_t endpoint;
    int64_t id;

    report->outcome.whole = true;
    report->outcome.raw = options->raw;
    if (check_raw(options, &report->error) &&
        selection_read_id(words->items[0], &id, &report->error) &&
        stage_endpoints(options, report, &ask) &&
        endpoints_only(&report->endpoints, &endpoint, &report->error))
        show(ask, endpoint, id, report);
    ask_free(ask);
}

/* -- the commands ------------------------------------------------------------------------------ */

const struct command command_dlq_list = {
    .name = "dlq list",
    .words = "",
    .summary = "the dead letters of ingest endpoints: what could not be delivered",
    .groups = GROUP_ENDPOINT | GROUP_LETTERS | GROUP_LIST,
    .details = "One a line, by id, with why and when it died; of all endpoints that are given.\n",
    .run = run_list,
};

const struct command command_dlq_show = {
    .name = "dlq show",
    .words = "ID",
    .summary = "all about a dead letter: its story, headers and body",
    .groups = GROUP_ENDPOINT | GROUP_LETTER,
    .words_least = 1,
    .words_most = 1,
    .details = "Looking consumes nothing. A body that is JSON is indented, nothing else of it is\n"
               "changed; what could move a terminal stands as \\x1b. --raw prints its bytes.\n",
    .run = run_show,
};
