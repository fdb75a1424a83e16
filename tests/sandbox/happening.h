/*
 * Something that happened in a conversation, as the targets that it matched share it.
 *
 * Invariants: it is made with one reference; its texts are made when they are first asked for,
 * which has to be before happening_close lets go of the documents that they are made of.
 */
#ifndef SANDBOX_HAPPENING_H
#define SANDBOX_HAPPENING_H

#include "text.h"

struct happening {
    unsigned references;
    char interaction[TEXT_UUID_SIZE];
    const char *type;  /* the guide's word for it; NULL: it has none */
    const char *topic; /* the notification topic, with {id} */
    uint64_t sequence; /* unique among all of one seed, and growing within a conversation */
    bool twice;        /* is delivered once more after it was acknowledged */
    json_t *payload;   /* the guide's; NULL when there is no type */
    json_t *body;      /* the topic's eventBody */
    char *payload_text;
    char *body_text;
};

struct happening *happening_keep(struct happening *happening);
void happening_release(struct happening *happening);

/* Compact JSON; borrowed. */
const char *happening_payload(struct happening *happening);
const char *happening_body(struct happening *happening);

/* Nothing is matched against it any more: only the texts stay. */
void happening_close(struct happening *happening);

#endif
