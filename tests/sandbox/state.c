#include "state.h"

#include "keys.h"
#include "store.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct state {
    struct sandbox *sandbox;
    char *path;
    char *temporary;
    struct event *save; /* pending while something is unsaved */
};

static void state_save(struct state *state)
{
    json_t *document = json_pack(
        "{s:o, s:o, s:I}", "subscriptions", store_save(state->sandbox->subscriptions), "triggers",
        store_save(state->sandbox->triggers), "key", (json_int_t)keys_number(state->sandbox->keys));

    if (json_dump_file(document, state->temporary, JSON_COMPACT) ||
        rename(state->temporary, state->path))
        fprintf(stderr, "genesys-sandbox: cannot write the state file %s\n", state->path);
    json_decref(document);
}

static void on_save(evutil_socket_t fd, short events, void *state)
{
    (void)fd;
    (void)events;
    state_save(state);
}

struct state *state_open(struct sandbox *sandbox, const char *path)
{
    json_error_t error;

    if (!access(path, F_OK)) {
        json_t *document = json_load_file(path, 0, &error);
        bool loaded =
            document &&
            store_load(sandbox->subscriptions, json_object_get(document, "subscriptions")) &&
            store_load(sandbox->triggers, json_object_get(document, "triggers"));
        json_int_t key = json_integer_value(json_object_get(document, "key"));
        if (key > 1)
            keys_set_number(sandbox->keys, (unsigned)key);
        json_decref(document);
        if (!loaded) {
            fprintf(stderr, "genesys-sandbox: %s is not a state file\n", path);
            return NULL;
        }
    }
    struct state *state = text_zeroed(sizeof *state);
    state->sandbox = sandbox;
    state->path = text_copy(path);
    state->temporary = text_format("%s.tmp", path);
    state->save = event_new(sandbox->base, -1, 0, on_save, state);
    return state;
}

void state_touch(struct sandbox *sandbox)
{
    const struct timeval now = {0, 0};

    if (sandbox->state && !event_pending(sandbox->state->save, EV_TIMEOUT, NULL))
        event_add(sandbox->state->save, &now);
}

void state_close(struct state *state)
{
    if (!state)
        return;
    if (event_pending(state->save, EV_TIMEOUT, NULL))
        state_save(state);
    event_free(state->save);
    free(state->path);
    free(state->temporary);
    free(state);
}
