/* Reading a recording once, line by line, into an index: what stays in memory is where each line
 * is, and which question it answers. */
#include "tui/wire_state.h"

#include "core/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024 };
#define AT_MOST_MS    INT64_C(1000000000000000) /* some 30,000 years: sums with it do not overflow */
#define INTERVAL_MOST INT64_C(86400000)

struct loading {
    struct wire **wire;
    struct replay *replay;
    size_t number; /* of the line, from 1 */
    struct error *error;
};

static bool refuse(struct loading *loading, const char *why)
{
    return error_set(loading->error, ERROR_INVALID, "%s:%zu: %s", loading->replay->path,
                     loading->number, why);
}

/* -- the index ----------------------------------------------------------------------------------
 */

static size_t key_hash(size_t endpoint, const char *method, const char *path)
{
    uint64_t hash = UINT64_C(14695981039346656037) + endpoint;

    for (const char *texts[] = {method, path}, **text = texts; text < texts + 2; text++)
        for (const char *at = *text; *at; at++)
            hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    return (size_t)((hash ^ hash >> 32) % REPLAY_BUCKETS);
}

struct replay_key *replay_key_find(struct replay *replay, size_t endpoint, const char *method,
                                   const char *path)
{
    struct replay_key *key = replay->buckets[key_hash(endpoint, method, path)];

    while (key && (key->endpoint != endpoint || strcmp(key->method, method) != 0 ||
                   strcmp(key->path, path) != 0))
        key = key->next;
    return key;
}

static struct replay_key *key_add(struct replay *replay, size_t endpoint, const char *method,
                                  const char *path)
{
    struct replay_key **bucket = &replay->buckets[key_hash(endpoint, method, path)];
    struct replay_key *key = calloc(1, sizeof(*key));

    if (!key)
        return NULL;
    key->endpoint = endpoint;
    key->method = strdup(method);
    key->path = strdup(path);
    key->change = strcmp(method, "GET") != 0;
    key->sample =
        !key->change && (strcmp(path, "/v1/status") == 0 || strcmp(path, "/metrics") == 0);
    key->next = *bucket;
    *bucket = key;
    return key->method && key->path ? key : NULL;
}

static bool lines_add(struct replay_lines *lines, struct replay_line line)
{
    if (lines->count == lines->size) {
        size_t size = lines->size ? 2 * lines->size : 4;
        struct replay_line *items = reallocarray(lines->items, size, sizeof(*items));
        if (!items)
            return false;
        lines->items = items;
        lines->size = size;
    }
    lines->items[lines->count++] = line;
    return true;
}

/* -- lines --------------------------------------------------------------------------------------
 */

static bool load_endpoint(struct loading *loading, const json_t *endpoint)
{
    const char *name = json_text(endpoint, "name"), *url = json_text(endpoint, "url");

    if (!name || !url)
        return refuse(loading, "an endpoint without name or url");
    for (size_t i = 0; i < (*loading->wire)->count; i++)
        if (strcmp((*loading->wire)->endpoints[i].name, name) == 0)
            return refuse(loading, "two endpoints have one name");
    if (!wire_add(*loading->wire, name, url, json_is_true(json_object_get(endpoint, "production"))))
        return error_no_memory(loading->error);
    return true;
}

static bool load_head(struct loading *loading, const json_t *line)
{
    const json_t *format = json_object_get(line, "recording");
    const json_t *endpoints = json_object_get(line, "endpoints"), *endpoint;
    json_int_t started = json_integer_value(json_object_get(line, "started_ms"));
    json_int_t interval = json_integer_value(json_object_get(line, "interval_ms"));
    size_t i;

    if (!json_is_integer(format) || json_array_size(endpoints) == 0)
        return refuse(loading, "this is no recording of `eventctl top --record`");
    if (json_integer_value(format) != RECORD_FORMAT)
        return refuse(loading, "a recording of another form than this version reads");
    if (started < 0 || started > AT_MOST_MS || interval < 1 || interval > INTERVAL_MOST ||
        json_array_size(endpoints) > RECORD_ENDPOINTS_MOST)
        return refuse(loading, "started_ms, interval_ms or the number of endpoints is impossible");
    *loading->wire = wire_new(json_array_size(endpoints));
    if (!*loading->wire)
        return error_no_memory(loading->error);
    loading->replay->first_ms = loading->replay->last_ms = started;
    loading->replay->interval_ms = interval;
    json_array_foreach(endpoints, i, endpoint) if (!load_endpoint(loading, endpoint)) return false;
    return true;
}

/* The lines that this one stands among; NULL: error is set. */
static struct replay_lines *lines_of(struct loading *loading, const json_t *line)
{
    const char *name = json_text(line, "endpoint"), *method = json_text(line, "method");
    const char *path = json_text(line, "path"), *end = json_text(line, "end");
    const struct wire *wire = *loading->wire;
    struct replay_key *key;
    size_t endpoint = 0;

    if (json_is_object(json_object_get(line, "genesys")))
        return &loading->replay->genesys;
    while (name && endpoint < wire->count && strcmp(wire->endpoints[endpoint].name, name) != 0)
        endpoint++;
    if (!name || endpoint == wire->count || !method || !path)
        refuse(loading, "endpoint, method or path is missing or unknown");
    else if (end ? strcmp(end, "not-sent") != 0 && strcmp(end, "lost") != 0
                 : !json_is_integer(json_object_get(line, "status")))
        refuse(loading, "neither a status nor an end that is known");
    if (loading->error->code != ERROR_NONE)
        return NULL;
    key = replay_key_find(loading->replay, endpoint, method, path);
    if (!key)
        key = key_add(loading->replay, endpoint, method, path);
    if (!key)
        error_no_memory(loading->error);
    return key ? &key->lines : NULL;
}

/* A clock that was set back while recording changes nothing: times follow the file's order. */
static bool load_exchange(struct loading *loading, const json_t *line, struct replay_line where)
{
    struct replay *replay = loading->replay;
    const json_t *at = json_object_get(line, "at_ms");
    struct replay_lines *lines;

    if (!json_is_integer(at) || json_integer_value(at) < 0 || json_integer_value(at) > AT_MOST_MS)
        return refuse(loading, "at_ms is missing or impossible");
    where.at_ms = json_integer_value(at);
    lines = lines_of(loading, line);
    if (!lines)
        return false;
    if (where.at_ms < replay->last_ms && replay->any)
        where.at_ms = replay->last_ms;
    if (!replay->any && where.at_ms < replay->first_ms)
        replay->first_ms = where.at_ms;
    replay->any = true;
    replay->last_ms = where.at_ms;
    return lines_add(lines, where) || error_no_memory(loading->error);
}

/* `whole`: it ended in a line end. The last may have been cut when the recorder died. */
static bool load_line(struct loading *loading, const struct buf *text, off_t offset, bool whole)
{
    json_t *line = json_read(buf_text(text), text->length, 0, NULL);
    bool ok;

    loading->number++;
    if (!json_is_object(line)) {
        json_decref(line);
        if (!whole && loading->number > 1)
            return true;
        return refuse(loading, loading->number == 1
                                   ? "this is no recording of `eventctl top --record`"
                                   : "a line that is no JSON object");
    }
    ok = loading->number == 1
             ? load_head(loading, line)
             : load_exchange(loading, line,
                             (struct replay_line){.offset = offset, .length = text->length});
    json_decref(line);
    return ok;
}

/* Adds what is before the next line end, and moves *at behind it. True: a line is whole. */
static bool take_line(struct buf *line, const char *chunk, size_t length, size_t *at)
{
    const char *end = memchr(chunk + *at, '\n', length - *at);
    size_t count = (end ? (size_t)(end - chunk) : length) - *at;

    buf_add(line, chunk + *at, count);
    *at += count + (end ? 1 : 0);
    return end;
}

bool replay_load(struct wire **wire, struct replay *replay, struct error *error)
{
    struct loading loading = {.wire = wire, .replay = replay, .error = error};
    char *chunk = malloc(CHUNK_BYTES);
    off_t offset = 0, next = 0;
    struct buf line;
    ssize_t got = 0;

    buf_init(&line, RECORD_LINE_MOST);
    if (!chunk)
        error_no_memory(error);
    while (error->code == ERROR_NONE && (got = read(replay->fd, chunk, CHUNK_BYTES)) > 0)
        for (size_t at = 0; at < (size_t)got && error->code == ERROR_NONE;) {
            size_t before = at;
            bool whole = take_line(&line, chunk, (size_t)got, &at);
            next += (off_t)(at - before);
            if (line.failed)
                error_set(error, ERROR_INVALID, "%s:%zu: a line that is too long", replay->path,
                          loading.number + 1);
            if (!whole || line.failed || !load_line(&loading, &line, offset, true))
                continue;
            buf_reset(&line);
            offset = next;
        }
    if (got < 0)
        error_set(error, ERROR_FAILED, "%s: %s", replay->path, strerror(errno));
    if (error->code == ERROR_NONE && (line.length > 0 || loading.number == 0))
        (void)!load_line(&loading, &line, offset, false);
    buf_release(&line);
    free(chunk);
    return error->code == ERROR_NONE;
}
