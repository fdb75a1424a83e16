/* Answering from a recording: the same questions get, at the recording's time, what they got then.
 *
 * A sample (/v1/status, /metrics) is answered once for each line, at the line's time: so an
 * endpoint that was silent then is silent now. Anything else is answered by what is newest. */
#include "tui/wire_state.h"

#include "core/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An answer that came so soon after the question is waited for; what came later was not asked. */
enum { SOON_MS = 15000 };

/* -- life cycle ---------------------------------------------------------------------------------
 */

static struct replay *replay_open(const char *path, struct error *error)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    struct stat stat;

    if (!replay || !(replay->path = strdup(path))) {
        free(replay);
        error_no_memory(error);
        return NULL;
    }
    replay->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (replay->fd < 0 || fstat(replay->fd, &stat) < 0)
        error_set(error, ERROR_INVALID, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(stat.st_mode))
        error_set(error, ERROR_INVALID, "%s is no regular file", path);
    else
        return replay;
    replay_free(replay);
    return NULL;
}

struct wire *wire_replay(const char *path, struct error *error)
{
    struct replay *replay = replay_open(path, error);
    struct wire *wire = NULL;

    if (replay && replay_load(&wire, replay, error)) {
        wire->replay = replay;
        wire->now_ms = replay->first_ms;
        return wire;
    }
    replay_free(replay);
    wire_free(wire);
    return NULL;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    for (size_t i = 0; i < REPLAY_BUCKETS; i++)
        while (replay->buckets[i]) {
            struct replay_key *key = replay->buckets[i];
            replay->buckets[i] = key->next;
            free(key->lines.items);
            free(key->method);
            free(key->path);
            free(key);
        }
    free(replay->genesys.items);
    json_decref(replay->genesys_now);
    if (replay->fd >= 0)
        close(replay->fd);
    free(replay->path);
    free(replay);
}

void replay_span(const struct replay *replay, int64_t *first_ms, int64_t *last_ms,
                 int64_t *interval_ms)
{
    *first_ms = replay ? replay->first_ms : 0;
    *last_ms = replay ? replay->last_ms : 0;
    *interval_ms = replay ? replay->interval_ms : 0;
}

/* -- lines --------------------------------------------------------------------------------------
 */

json_t *replay_line_read(const struct replay *replay, const struct replay_line *line)
{
    char *text = malloc(line->length + 1);
    size_t have = 0;
    json_t *json;

    while (text && have < line->length) {
        ssize_t got =
            pread(replay->fd, text + have, line->length - have, line->offset + (off_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    json = text && have == line->length ? json_read(text, have, 0, NULL) : NULL;
    free(text);
    return json;
}

/* How many lines are not after now. */
static size_t lines_until(const struct replay_lines *lines, int64_t now_ms)
{
    size_t low = 0, high = lines->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->items[middle].at_ms <= now_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* When a question can be answered: *line is the answer (NULL: it was never recorded). -1: never. */
static int64_t answer_time(const struct wire *wire, const struct wire_under_way *asked,
                           struct replay_key **key, const struct replay_line **line)
{
    const struct replay_lines *lines;
    size_t past;

    *line = NULL;
    *key = replay_key_find(wire->replay, asked->endpoint, asked->method, asked->path);
    if (!*key)
        return wire->now_ms;
    lines = &(*key)->lines;
    past = lines_until(lines, wire->now_ms);
    if ((*key)->change) {
        *line = (*key)->given < lines->count ? &lines->items[(*key)->given] : NULL;
        return wire->now_ms;
    }
    if (past > ((*key)->sample ? (*key)->given : 0)) {
        *line = &lines->items[past - 1];
        return wire->now_ms;
    }
    if (past == lines->count)
        return -1;
    *line = &lines->items[past];
    if ((*key)->sample || (*line)->at_ms - wire->now_ms <= SOON_MS)
        return (*line)->at_ms;
    *line = NULL;
    return wire->now_ms;
}

int64_t replay_wait_ms(const struct wire *wire)
{
    int64_t least = -1;

    for (const struct wire_under_way *asked = wire->under_way; asked; asked = asked->next) {
        const struct replay_line *line;
        struct replay_key *key;
        int64_t at_ms = answer_time(wire, asked, &key, &line);
        int64_t wait_ms = at_ms - wire->now_ms;
        if (at_ms >= 0 && (least < 0 || wait_ms < least))
            least = wait_ms > 0 ? wait_ms : 0;
    }
    return least < INT32_MAX ? least : INT32_MAX;
}

/* -- answers ------------------------------------------------------------------------------------
 */

static enum error_code status_code(long status)
{
    return status == 401 || status == 403 ? ERROR_AUTH : ERROR_FAILED;
}

/* Reads the line into the answer; *text keeps the body alive. */
static void fill(struct ingest_answer *answer, const json_t *line, char **text)
{
    const json_t *body = json_object_get(line, "body");
    const json_t *date = json_object_get(line, "date_s");
    const char *end = json_text(line, "end"), *error = json_text(line, "error");
    const char *plain = json_text(line, "text");

    answer->took_ms = json_integer_value(json_object_get(line, "took_ms"));
    if (end) {
        answer->end = strcmp(end, "lost") == 0 ? INGEST_LOST : INGEST_NOT_SENT;
        error_set(&answer->error, ERROR_FAILED, "%s", error ? error : end);
        return;
    }
    answer->end = INGEST_ANSWERED;
    answer->status = (long)json_integer_value(json_object_get(line, "status"));
    answer->date_s = json_is_integer(date) ? json_integer_value(date) : -1;
    *text = body ? json_write(body, JSON_COMPACT) : strdup(plain ? plain : "");
    if (*text) {
        answer->body = *text;
        answer->length = strlen(*text);
    }
    if (error)
        error_set(&answer->error, status_code(answer->status), "%s", error);
    else if (answer->status < 200 || answer->status >= 300)
        error_set(&answer->error, status_code(answer->status), "HTTP %ld", answer->status);
}

static void answer_one(struct wire *wire, struct wire_under_way *asked,
                       const struct replay_key *key, const struct replay_line *line)
{
    struct ingest_answer answer = {
        .end = INGEST_NOT_SENT, .body = "", .date_s = -1, .error = ERROR_INIT};
    json_t *json = line ? replay_line_read(wire->replay, line) : NULL;
    char *text = NULL;

    if (json)
        fill(&answer, json, &text);
    else if (line)
        error_set(&answer.error, ERROR_FAILED, "the recording cannot be read any more");
    else
        error_set(&answer.error, ERROR_FAILED,
                  key ? "not in the recording at this time" : "not in the recording");
    json_decref(json);
    asked->done(asked->context, &answer);
    free(text);
}

/* Those that are asked meanwhile wait for the next step. */
void replay_step(struct wire *wire)
{
    unsigned last = wire->last_number;
    struct wire_under_way *asked = wire->under_way;

    while (asked && asked->number <= last) {
        const struct replay_line *line;
        struct replay_key *key;
        int64_t at_ms = answer_time(wire, asked, &key, &line);
        if (at_ms < 0 || at_ms > wire->now_ms) {
            asked = asked->next;
            continue;
        }
        if (key && line)
            key->given = key->change ? key->given + 1 : (size_t)(line - key->lines.items) + 1;
        wire_take_out(wire, asked);
        answer_one(wire, asked, key, line);
        under_way_free(asked);
        asked = wire->under_way; /* a callback may have cancelled any */
    }
}

const json_t *replay_genesys(struct replay *replay, int64_t now_ms)
{
    size_t past = lines_until(&replay->genesys, now_ms);
    const struct replay_line *line = past > 0 ? &replay->genesys.items[past - 1] : NULL;
    json_t *json;

    if (line && line != replay->genesys_of) {
        json = replay_line_read(replay, line);
        json_decref(replay->genesys_now);
        replay->genesys_now = json_incref(json_object_get(json, "genesys"));
        replay->genesys_of = line;
        json_decref(json);
    }
    return line ? replay->genesys_now : NULL;
}
