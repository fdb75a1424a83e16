/* Writing a recording: one line of JSON an exchange, written whole at once. wire.h tells the form.
 *
 * What is asked with (tokens, request bodies) never comes here. */
#include "tui/wire_state.h"

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct recorder {
    int fd; /* -1: it has ended */
    char *path;
    struct error error;
    bool told;
};

/* By enum ingest_end; NULL: answered. */
static const char *const end_words[] = {
    [INGEST_ANSWERED] = NULL, [INGEST_NOT_SENT] = "not-sent", [INGEST_LOST] = "lost"};

static void recorder_end(struct recorder *recorder, const char *why)
{
    error_set(&recorder->error, ERROR_FAILED, "the recording %s ended: %s", recorder->path, why);
    if (recorder->fd >= 0)
        close(recorder->fd);
    recorder->fd = -1;
}

/* Takes the line over. */
static void write_line(struct recorder *recorder, json_t *line)
{
    char *text = line ? json_write(line, JSON_COMPACT) : NULL;
    size_t length = text ? strlen(text) : 0;

    json_decref(line);
    if (!text) {
        recorder_end(recorder, "there is no memory");
        return;
    }
    text[length] = '\n'; /* in the place of the NUL */
    if (!file_write_all(recorder->fd, text, length + 1))
        recorder_end(recorder, strerror(errno));
    free(text);
}

/* -- beginning and end --------------------------------------------------------------------------
 */

static json_t *endpoints_to_json(const struct wire *wire)
{
    json_t *array = json_array();

    for (size_t i = 0; i < wire->count; i++)
        json_array_append_new(array, json_pack("{s:s, s:s, s:b}", "name", wire->endpoints[i].name,
                                               "url", wire->endpoints[i].url, "production",
                                               (int)wire->endpoints[i].production));
    return array;
}

static struct recorder *recorder_open(const char *path, struct error *error)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));

    if (!recorder || !(recorder->path = strdup(path))) {
        free(recorder);
        error_no_memory(error);
        return NULL;
    }
    recorder->error = ERROR_INIT;
    recorder->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (recorder->fd >= 0)
        return recorder;
    if (errno == EEXIST)
        error_set(error, ERROR_INVALID, "%s is there already; a recording overwrites nothing",
                  path);
    else
        error_set(error, ERROR_FAILED, "%s: %s", path, strerror(errno));
    recorder_free(recorder);
    return NULL;
}

bool wire_record(struct wire *wire, const char *path, int64_t interval_ms, int64_t now_ms,
                 struct error *error)
{
    struct recorder *recorder = recorder_open(path, error);

    if (!recorder)
        return false;
    write_line(recorder,
               json_pack("{s:i, s:s, s:I, s:o, s:I}", "recording", RECORD_FORMAT, "version",
                         EVENTCTL_VERSION, "started_ms", (json_int_t)now_ms, "endpoints",
                         endpoints_to_json(wire), "interval_ms", (json_int_t)interval_ms));
    if (recorder->fd < 0) {
        error_set(error, ERROR_FAILED, "%s", recorder->error.text);
        recorder_free(recorder);
        return false;
    }
    recorder_free(wire->recorder);
    wire->recorder = recorder;
    return true;
}

bool wire_recording_is_well(struct wire *wire, struct error *error)
{
    struct recorder *recorder = wire->recorder;

    if (!recorder || recorder->fd >= 0 || recorder->told)
        return true;
    recorder->told = true;
    return error_set(error, recorder->error.code, "%s", recorder->error.text);
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->fd >= 0)
        close(recorder->fd);
    free(recorder->path);
    free(recorder);
}

/* -- lines --------------------------------------------------------------------------------------
 */

/* A text of any bytes: what is no UTF-8 stands as it would on a screen. */
static json_t *text_to_json(const char *text, size_t length)
{
    json_t *json = NULL;
    struct buf safe;

    if (text_utf8_check(text, length) == length)
        return json_stringn(text, length);
    buf_init(&safe, RECORD_LINE_MOST);
    text_add_safe(&safe, text, length);
    if (!safe.failed)
        json = json_stringn(buf_text(&safe), safe.length);
    buf_release(&safe);
    return json;
}

static void add_body(json_t *line, const struct ingest_answer *answer)
{
    json_t *body = answer->length ? json_read(answer->body, answer->length, 0, NULL) : NULL;

    if (body)
        json_object_set_new(line, "body", body);
    else
        json_object_set_new(line, "text", text_to_json(answer->body, answer->length));
}

void recorder_answer(struct recorder *recorder, const char *endpoint,
                     const struct wire_under_way *asked, const struct ingest_answer *answer,
                     int64_t now_ms)
{
    json_t *line;

    if (!recorder || recorder->fd < 0)
        return;
    line = json_pack("{s:I, s:I, s:s, s:s, s:s}", "at_ms", (json_int_t)now_ms, "took_ms",
                     (json_int_t)answer->took_ms, "endpoint", endpoint, "method", asked->method,
                     "path", asked->path);
    if (answer->error.code != ERROR_NONE)
        json_object_set_new(line, "error",
                            text_to_json(answer->error.text, strlen(answer->error.text)));
    if (end_words[answer->end]) {
        json_object_set_new(line, "end", json_string(end_words[answer->end]));
    } else {
        json_object_set_new(line, "status", json_integer(answer->status));
        if (answer->date_s >= 0)
            json_object_set_new(line, "date_s", json_integer(answer->date_s));
        add_body(line, answer);
    }
    write_line(recorder, line);
}

void recorder_genesys(struct recorder *recorder, const json_t *snapshot, int64_t now_ms)
{
    if (recorder && recorder->fd >= 0)
        write_line(recorder, json_pack("{s:I, s:O}", "at_ms", (json_int_t)now_ms, "genesys",
                                       (json_t *)(uintptr_t)snapshot));
}
