#include "ctl/follow.h"

#include "ctl/stage.h"

enum {
    EVERY_MS = 250,
    FAILURES_MOST = 10 /* in a row, one each EVERY_MS and more */
};

/* -- looking ----------------------------------------------------------------------------------- */

/* One page. The caller releases it; false leaves it released. */
static bool look(struct follow *follow, const struct letter_filter *filter, const char *state,
                 int64_t after_id, struct letter_page *page, struct error *error)
{
    struct buf path, body;
    bool ok;

    buf_init(&path, 64 * 1024);
    buf_init(&body, ASK_BODY_MAX_BYTES);
    letter_page_init(page);
    letter_list_path(&path, filter, after_id, 1);
    if (state)
        buf_printf(&path, "&state=%s", state);
    ok = path.failed ? error_no_memory(error)
                     : ask_get(follow->ask, follow->endpoint, buf_text(&path), &body, error) &&
                           (letter_page_read(page, buf_text(&body), body.length, error) ||
                            ask_misread(follow->ask, follow->endpoint, error));
    buf_release(&path);
    buf_release(&body);
    return ok;
}

static bool count(struct follow *follow, const struct letter_filter *filter, const char *state,
                  int64_t *found, struct error *error)
{
    struct letter_page page;

    if (!look(follow, filter, state, 0, &page, error))
        return false;
    *found = page.total;
    letter_page_release(&page);
    return true;
}

/* -- by a filter ------------------------------------------------------------------------------- */

/* What it selects may come back for another reason, and at another time. */
static struct letter_filter coming_back(const struct letter_filter *filter)
{
    struct letter_filter wide = *filter;

    wide.reason = NULL;
    wide.since_ms = wide.until_ms = 0;
    wide.came_back = 1;
    return wide;
}

bool follow_begin(struct follow *follow, struct error *error)
{
    struct letter_filter wide = coming_back(follow->filter), narrow = *follow->filter;
    int64_t all = 0, selected = 0;

    narrow.came_back = 1;
    if (!follow->filter->ids && (!count(follow, &wide, "waiting", &all, error) ||
                                 !count(follow, &narrow, "waiting", &selected, error)))
        return false;
    follow->others = all - selected;
    return true;
}

/* -- by ids ------------------------------------------------------------------------------------ */

/* Where the letter is: still replaying, waiting again, or gone, which is delivered. */
static bool look_at(struct follow *follow, int64_t id, bool *replaying, bool *waiting,
                    struct error *error)
{
    struct letter_filter any;
    struct letter_page page;
    bool there;

    letter_filter_init(&any);
    if (!look(follow, &any, NULL, id - 1, &page, error))
        return false;
    there = page.count > 0 && page.letters[0].id == id;
    *replaying = there && page.letters[0].replaying;
    *waiting = there && !page.letters[0].replaying;
    letter_page_release(&page);
    return true;
}

/* -- until its end ----------------------------------------------------------------------------- */

/* What is known so far. */
struct view {
    int64_t left, came_back;
    size_t settled; /* ids that are not replaying any more: the first so many */
    bool whole;     /* all is known */
};

static bool look_by_ids(struct follow *follow, struct view *view, struct error *error)
{
    const struct letter_filter *filter = follow->filter;
    bool replaying = false, waiting;

    for (; view->settled < filter->id_count; view->settled++) {
        if (!look_at(follow, filter->ids[view->settled], &replaying, &waiting, error))
            return false;
        if (replaying)
            break;
        view->came_back += waiting;
    }
    view->left = (int64_t)(filter->id_count - view->settled);
    view->whole = view->left == 0;
    return true;
}

static bool look_by_filter(struct follow *follow, struct view *view, struct error *error)
{
    const struct letter_filter wide = coming_back(follow->filter);
    int64_t back = 0;

    if (!count(follow, follow->filter, "replaying", &view->left, error))
        return false;
    if (view->left > 0)
        return true;
    if (!count(follow, &wide, "waiting", &back, error))
        return false;
    view->came_back = back > follow->others ? back - follow->others : 0;
    view->whole = true;
    return true;
}

bool follow_end(struct follow *follow, int64_t total, int64_t *delivered, int64_t *came_back,
                struct error *error)
{
    const char *name = ask_endpoints(follow->ask)->items[follow->endpoint].name;
    struct view view = {.left = total};
    struct error why = ERROR_INIT;
    int failures = 0;

    while (!view.whole && !stage_stop && failures < FAILURES_MOST) {
        bool ok = (follow->filter->ids ? look_by_ids : look_by_filter)(follow, &view, &why);
        failures = ok ? 0 : failures + 1;
        if (view.left < total)
            progress_show(follow->progress, (size_t)(total - view.left), (size_t)total, 0);
        if (!view.whole && failures < FAILURES_MOST) {
            why = ERROR_INIT;
            ask_wait(follow->ask, EVERY_MS);
        }
    }
    progress_clear(follow->progress);
    if (!view.whole && stage_stop)
        return error_set(error, ERROR_INTERRUPTED, "interrupted; the replay goes on at endpoint %s",
                         name);
    if (!view.whole)
        return error_set(error, ERROR_FAILED, "not followed to its end; the replay goes on: %s",
                         why.text);
    *came_back = view.came_back < total ? view.came_back : total;
    *delivered = total - *came_back;
    return true;
}
