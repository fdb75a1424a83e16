#include "ctl/resume.h"

#include "core/clock.h"
#include "ctl/stage.h"

#include <stdio.h>
#include <string.h>

enum { GAP_MS = 250, GAP_MOST_MS = 4000 };

/* One look at the service. */
struct look {
    size_t unseen; /* answered creates that are neither listed nor to be had by their id */
    const struct journal_create *first;
    int64_t left_ms; /* how long what is out of sight is still waited for */
};

/* Lists anew: what was noted of an earlier listing is noted again. */
static bool list(const struct resume *resume)
{
    struct report *report = resume->report;

    remote_listing_release(&report->listing);
    remote_listing_init(&report->listing);
    buf_reset(&report->notes);
    return stage_listing(resume->client, report);
}

static bool is_named(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->listing.objects.count; i++)
        if (strcmp(report->listing.objects.items[i].name, name) == 0)
            return true;
    return false;
}

/* Takes up what is not listed yet and can be had by its id. */
static bool fetch(const struct resume *resume, const struct journal_create *create, bool *found)
{
    struct object object;
    bool ok =
        remote_get(resume->client, create->via, create->id, &object, found, &resume->report->error);

    if (ok && *found)
        ok = object_list_add(&resume->report->listing.objects, &object) ||
             error_no_memory(&resume->report->error);
    object_release(&object);
    return ok;
}

/* A clock that was set back must not make us wait for longer than settle_ms, or for ever. */
static int64_t age_ms(const struct journal_create *create)
{
    int64_t age = clock_unix_us() / 1000 - create->at_ms;

    return age < 0 ? 0 : age;
}

/* A create without an answer. */
static void look_for_doubtful(const struct resume *resume, const struct journal_create *create,
                              struct look *look)
{
    int64_t left_ms = resume->settle_ms - age_ms(create);

    if (left_ms > look->left_ms && !is_named(resume->report, create->name))
        look->left_ms = left_ms;
}

static bool mark_seen(const struct resume *resume)
{
    struct object_index index;

    if (!object_index_make(&index, &resume->report->listing.objects))
        return error_no_memory(&resume->report->error);
    journal_see(resume->journal, &index);
    object_index_release(&index);
    return true;
}

/* Once one is out of sight the others are not asked for: there may be thousands. */
static bool look_for_done(const struct resume *resume, const struct journal_create *create,
                          struct look *look)
{
    bool found = false;

    if (create->seen)
        return true;
    if (look->unseen == 0 && !fetch(resume, create, &found))
        return false;
    if (!found && look->unseen++ == 0)
        look->first = create;
    return true;
}

static bool look_once(const struct resume *resume, int64_t since_ms, struct look *look)
{
    struct journal_last last;
    bool ok;

    *look = (struct look){.unseen = 0};
    journal_get_last(resume->journal, &last);
    ok = list(resume) && mark_seen(resume);
    for (size_t i = 0; ok && i < last.create_count; i++)
        if (last.creates[i].done)
            ok = look_for_done(resume, &last.creates[i], look);
        else
            look_for_doubtful(resume, &last.creates[i], look);
    if (look->unseen > 0) {
        int64_t left_ms = resume->settle_ms - (clock_monotonic_ms() - since_ms);
        look->left_ms = left_ms > look->left_ms ? left_ms : look->left_ms;
    }
    return ok;
}

static bool refuse(const struct resume *resume, const struct look *look)
{
    char others[64] = "";

    if (look->unseen > 1)
        snprintf(others, sizeof(others), " and up to %zu others", look->unseen - 1);
    return error_set(&resume->report->error, ERROR_VERIFY,
                     "%s (%s)%s, created by the last apply, cannot be seen at the service yet; "
                     "nothing was written, so that nothing is made twice. Try again later, or "
                     "with a longer --settle; if it was deleted since, remove %s",
                     look->first->name, look->first->id, others, journal_path(resume->journal));
}

bool resume_listing(const struct resume *resume)
{
    int64_t since_ms = clock_monotonic_ms(), gap_ms = GAP_MS;
    struct look look;

    for (;;) {
        if (!look_once(resume, since_ms, &look))
            return false;
        if (look.left_ms <= 0)
            break;
        if (stage_stop)
            return error_set(&resume->report->error, ERROR_INTERRUPTED, "interrupted");
        client_pause(resume->client, look.left_ms < gap_ms ? look.left_ms : gap_ms);
        gap_ms = gap_ms * 2 < GAP_MOST_MS ? gap_ms * 2 : GAP_MOST_MS;
    }
    return look.unseen == 0 || refuse(resume, &look);
}
