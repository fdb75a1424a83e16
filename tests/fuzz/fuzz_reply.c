/* Whatever the service answers: the first byte chooses the reader ('0'…), the rest is the body.
 *
 * What can be read as an entity is written again and must read back as the same fields.
 */
#include "api/driver.h"
#include "api/reply.h"
#include "api/token.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_login(long status, const char *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    struct reply_token token;

    if ((reply_read_login(status, bytes, length, "", &token, &error) == LOGIN_GRANTED) !=
        (token.text != NULL))
        abort();
    secret_free(token.text);
}

static void read_error(const json_t *body)
{
    static const long statuses[] = {400, 401, 403, 404, 409, 429, 500};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct reply_context context = {"PUT", "/api/v2/x", statuses[i], "", "a:b:c"};
        struct error error = ERROR_INIT;
        reply_set_error(&error, &context, body);
        if (error.code == ERROR_NONE)
            abort();
        for (const char *c = error.text; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7F)
                abort();
    }
}

static void read_page(const json_t *body)
{
    struct error error = ERROR_INIT;
    const json_t *entities;
    char *next;
    bool good = reply_read_page(body, "https://api.example.com", &entities, &next, &error);

    if (good != (error.code == ERROR_NONE) || (next && strncmp(next, "/api/v2/", 8) != 0))
        abort();
    free(next);
}

/* Adds what the service adds to what is sent. */
static void complete(json_t *body)
{
    json_object_set_new(body, "id", json_string("x-1"));
    if (!json_object_get(body, "version"))
        json_object_set_new(body, "version", json_integer(1));
}

static void read_entity(enum via via, const json_t *entity)
{
    const struct driver *driver = driver_find(via);
    struct error error = ERROR_INIT;
    struct object object, again;
    json_t *body;

    if (!driver->entity_read(entity, &object, &error)) {
        if (error.code == ERROR_NONE || object.id)
            abort();
        return;
    }
    object.marker =
        (struct marker){.present = true, .version = 1, .organization = "o", .name = "n"};
    body = driver->entity_body(&object, object.version);
    if (body) { /* none: it nests deeper than canonical text may */
        complete(body);
        if (!driver->entity_read(body, &again, &error))
            abort();
        if (strcmp(object.fields[FIELD_ENABLED], again.fields[FIELD_ENABLED]) != 0)
            abort();
        object_release(&again);
    }
    json_decref(body);
    object_release(&object);
}

static void read_headers(const char *bytes, size_t length)
{
    char id[REPLY_CORRELATION_SIZE];
    char *text = malloc(length + 1);

    if (!text)
        return;
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (reply_read_retry_after(text, 1800000000) < -1 || reply_read_number(text) < -1)
        abort();
    reply_read_correlation(bytes, length, id);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data + 1;
    struct remote_identity identity;
    struct error error = ERROR_INIT;
    json_t *body;

    if (size == 0)
        return 0;
    body = reply_parse(bytes, size - 1, &error);
    switch (data[0] % 8) {
    case 0:
        read_login(200, bytes, size - 1);
        break;
    case 1:
        read_login(400, bytes, size - 1);
        break;
    case 2:
        read_error(body);
        break;
    case 3:
        read_page(body);
        break;
    case 4:
        if (reply_read_identity(body, &identity, &error) != (identity.organization_id[0] != '\0'))
            abort();
        break;
    case 5:
        read_entity(VIA_EVENT_STREAMS, body);
        break;
    case 6:
        read_entity(VIA_TRIGGER, body);
        break;
    default:
        read_headers(bytes, size - 1);
    }
    json_decref(body);
    return 0;
}
