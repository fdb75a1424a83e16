#include "page.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* What a page is about to show: positions of a store, first and last inclusive. */
struct page {
    size_t size;
    bool backwards;
    uint64_t cursor; /* objects strictly after it, or before it when going backwards */
    uint64_t first;  /* sequences at the ends of what is shown */
    uint64_t last;
    bool more_before;
    bool more_after;
    json_t *entities;
};

static char *cursor_encode(uint64_t sequence)
{
    char *plain = text_format("{\"s\":%" PRIu64 "}", sequence);
    char *cursor = text_base64(plain, strlen(plain));

    free(plain);
    return cursor;
}

static bool cursor_decode(const char *cursor, uint64_t *sequence)
{
    char *plain = text_base64_decode(cursor);
    int used = 0;
    bool good = plain && sscanf(plain, "{\"s\":%" SCNu64 "}%n", sequence, &used) == 1 && used > 0;

    free(plain);
    return good;
}

bool page_size(struct call *call, size_t *size)
{
    const char *text = call_parameter(call, "pageSize");
    char *end;

    *size = SANDBOX_PAGE_DEFAULT;
    if (text) {
        long value = strtol(text, &end, 10);
        if (*end || value < 1 || value > SANDBOX_PAGE_MAX || !isdigit((unsigned char)*text)) {
            reply_error(call, 400, "invalid.query.param.value",
                        "Value [%.40s] is not valid for parameter [pageSize]. Allowable values "
                        "are: 1 to 200",
                        text);
            return false;
        }
        *size = (size_t)value;
    }
    if (*size > (size_t)call->sandbox->settings.page_size_max)
        *size = (size_t)call->sandbox->settings.page_size_max;
    return true;
}

static bool page_start(struct call *call, struct page *page)
{
    const char *after = call_parameter(call, "after");
    const char *before = call_parameter(call, "before");
    const char *cursor = before && !after ? before : after;

    memset(page, 0, sizeof *page);
    if (!page_size(call, &page->size))
        return false;
    page->backwards = before && !after;
    if (after && before)
        reply_error(call, 400, "bad.request", "Only one of before and after can be set.");
    else if (cursor && !cursor_decode(cursor, &page->cursor))
        reply_error(call, 400, "invalid.query.param.value",
                    "Value [%.80s] is not valid for parameter [%s]. Allowable values are: a cursor "
                    "from nextUri or previousUri",
                    cursor, page->backwards ? "before" : "after");
    if (call->status)
        return false;
    page->entities = json_array();
    return true;
}

/* Appends name=value to a URI under construction, `*sign` being ? first and & then. */
static char *uri_append(char *uri, char *sign, const char *name, const char *value)
{
    char *encoded = text_percent_encode(value);
    char *longer = text_format("%s%c%s=%s", uri, *sign, name, encoded);

    *sign = '&';
    free(encoded);
    free(uri);
    return longer;
}

/* The URI of this listing with its filters, and with `name`=cursor when `name` is given. */
static json_t *page_uri(const struct call *call, size_t size, const char *name, uint64_t sequence)
{
    char *uri = text_copy(strstr(call->path, "/api/") ? strstr(call->path, "/api/") : call->path);
    char number[24];
    char sign = '?';
    const struct evkeyval *parameter;

    if (name) {
        char *cursor = cursor_encode(sequence);
        uri = uri_append(uri, &sign, name, cursor);
        free(cursor);
    }
    snprintf(number, sizeof number, "%zu", size);
    uri = uri_append(uri, &sign, "pageSize", number);
    TAILQ_FOREACH(parameter, &call->query, next)
    {
        bool paging = !strcmp(parameter->key, "after") || !strcmp(parameter->key, "before");
        if ((paging && name) || !strcmp(parameter->key, "pageSize"))
            continue;
        uri = uri_append(uri, &sign, parameter->key, parameter->value);
    }
    json_t *text = text_json(uri);
    free(uri);
    return text;
}

static void page_finish(struct call *call, struct page *page)
{
    json_t *reply = json_pack("{s:o}", "entities", page->entities);

    if (page->more_after)
        json_object_set_new(reply, "nextUri", page_uri(call, page->size, "after", page->last));
    json_object_set_new(reply, "selfUri", page_uri(call, page->size, NULL, 0));
    if (page->more_before)
        json_object_set_new(reply, "previousUri",
                            page_uri(call, page->size, "before", page->first));
    reply_json(call, 200, reply);
}

/* Something to page over: what stands at a position (NULL: nothing to show) and its sequence. */
struct listing {
    const struct call *call;
    size_t length;
    const struct store *store;
    page_filter *filter;
    const char *const *strings;
};

static json_t *listing_at(const struct listing *listing, size_t position, uint64_t *sequence)
{
    if (listing->strings) {
        *sequence = position + 1;
        return json_string(listing->strings[position]);
    }
    const struct object *object = store_at(listing->store, position);
    json_t *shown = store_shown(listing->store, object);
    *sequence = object->sequence;
    if (!shown || (listing->filter && !listing->filter(listing->call, shown)))
        return NULL;
    return json_incref(shown);
}

static bool listing_any(const struct listing *listing, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        uint64_t sequence;
        json_t *entity = listing_at(listing, i, &sequence);
        json_decref(entity);
        if (entity)
            return true;
    }
    return false;
}

static void page_add(struct page *page, uint64_t sequence, json_t *entity)
{
    bool first = !json_array_size(page->entities);

    if (page->backwards)
        json_array_insert_new(page->entities, 0, entity);
    else
        json_array_append_new(page->entities, entity);
    if (first || page->backwards)
        page->first = sequence;
    if (first || !page->backwards)
        page->last = sequence;
}

static void page_fill(struct page *page, const struct listing *listing, size_t start)
{
    size_t i = start;

    while (json_array_size(page->entities) < page->size &&
           (page->backwards ? i > 0 : i < listing->length)) {
        uint64_t sequence;
        json_t *entity = listing_at(listing, page->backwards ? i - 1 : i, &sequence);
        if (entity)
            page_add(page, sequence, entity);
        i += page->backwards ? (size_t)-1 : 1;
    }
    page->more_after = page->backwards ? listing_any(listing, start, listing->length)
                                       : listing_any(listing, i, listing->length);
    page->more_before =
        page->backwards ? listing_any(listing, 0, i) : listing_any(listing, 0, start);
    /* An empty page still has neighbours: they start where its cursor stands. */
    if (!json_array_size(page->entities))
        page->first = page->last = page->cursor + !page->backwards;
}

void page_reply(struct call *call, struct store *store, page_filter *filter)
{
    struct page page;
    struct listing listing = {.call = call, .store = store, .filter = filter};

    store_tick(store);
    if (!page_start(call, &page))
        return;
    listing.length = store_length(store);
    uint64_t sequence = page.backwards && page.cursor ? page.cursor - 1 : page.cursor;
    page_fill(&page, &listing, store_position_after(store, sequence));
    page_finish(call, &page);
}

void page_reply_strings(struct call *call, const char *const *strings, size_t count)
{
    struct page page;
    struct listing listing = {.call = call, .strings = strings, .length = count};

    if (!page_start(call, &page))
        return;
    uint64_t start = page.backwards && page.cursor ? page.cursor - 1 : page.cursor;
    page_fill(&page, &listing, start < count ? start : count);
    page_finish(call, &page);
}
