#include "api/pager.h"

#include "api/hashes.h"
#include "api/reply.h"

#include <stdlib.h>
#include <string.h>

struct pager {
    struct client *client;
    char *permission;
    char *path;         /* of the page that is asked for */
    struct hashes seen; /* the paths so far */
    size_t pages, repeats;
    pager_page page;
    pager_done done;
    void *context;
};

static void pager_free(struct pager *pager)
{
    free(pager->permission);
    free(pager->path);
    hashes_release(&pager->seen);
    free(pager);
}

static void on_page(void *context, struct reply *reply);

static bool ask(struct pager *pager, int64_t delay_ms, struct error *error)
{
    struct request request = {.method = "GET",
                              .path = pager->path,
                              .permission = pager->permission,
                              .delay_ms = delay_ms};
    size_t *slot = hashes_slot(&pager->seen, hashes_of(pager->path));

    if (!slot)
        return error_no_memory(error);
    if (*slot != 0)
        return error_set(error, ERROR_FAILED, "the pages come round again for ever");
    *slot = 1;
    return client_start(pager->client, &request, on_page, pager, error);
}

/* Reads the page and asks for the next. True: another one is on its way. */
static bool take_page(struct pager *pager, const struct reply *reply, struct error *error)
{
    const json_t *entities = NULL;
    char *next = NULL;
    size_t fresh = 0;

    if (!reply_read_page(reply->body, client_api_url(pager->client), &entities, &next, error))
        return false;
    pager->pages++;
    if (!pager->page(pager->context, entities, &fresh, error)) {
        free(next);
        return false;
    }
    pager->repeats = fresh > 0 ? 0 : pager->repeats + 1;
    if (next && pager->repeats > PAGER_REPEATS_MAX)
        error_set(error, ERROR_FAILED, "the pages bring nothing new for ever");
    if (next && pager->pages >= PAGER_PAGES_MAX)
        error_set(error, ERROR_FAILED, "more than %d pages", PAGER_PAGES_MAX);
    free(pager->path);
    pager->path = next;
    return next && error->code == ERROR_NONE && ask(pager, 0, error);
}

static void on_page(void *context, struct reply *reply)
{
    struct pager *pager = context;
    struct error error = reply->error;
    char path[256];

    snprintf(path, sizeof(path), "%s", pager->path);
    if (error.code == ERROR_NONE && take_page(pager, reply, &error))
        return;
    if (reply->error.code == ERROR_NONE && error.code != ERROR_INTERRUPTED)
        error_wrap(&error, "GET %s (correlation id %s)", path, reply->correlation_id);
    pager->done(pager->context, reply, pager->pages, &error);
    pager_free(pager);
}

bool pager_start(struct client *client, const char *path, const char *permission, int64_t delay_ms,
                 pager_page page, pager_done done, void *context, struct error *error)
{
    struct pager *pager = calloc(1, sizeof(*pager));
    bool ok;

    if (!pager)
        return error_no_memory(error);
    hashes_init(&pager->seen);
    pager->client = client;
    pager->page = page;
    pager->done = done;
    pager->context = context;
    ok = ((pager->path = strdup(path)) && (pager->permission = strdup(permission))) ||
         error_no_memory(error);
    if (ok && ask(pager, delay_ms, error))
        return true;
    pager_free(pager);
    return false;
}
