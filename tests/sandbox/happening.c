#include "happening.h"

#include <stdlib.h>

struct happening *happening_keep(struct happening *happening)
{
    happening->references++;
    return happening;
}

void happening_close(struct happening *happening)
{
    json_decref(happening->payload);
    json_decref(happening->body);
    happening->payload = NULL;
    happening->body = NULL;
}

void happening_release(struct happening *happening)
{
    if (--happening->references)
        return;
    happening_close(happening);
    free(happening->payload_text);
    free(happening->body_text);
    free(happening);
}

static const char *text_of(char **text, const json_t *document)
{
    if (!*text)
        *text = json_dumps(document, JSON_COMPACT);
    if (!*text)
        abort();
    return *text;
}

const char *happening_payload(struct happening *happening)
{
    return text_of(&happening->payload_text, happening->payload);
}

const char *happening_body(struct happening *happening)
{
    return text_of(&happening->body_text, happening->body);
}
