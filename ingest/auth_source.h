/* One source, ready to verify: its scheme, header, keys, and what is signed. Private to auth.c,
 * which has the table of schemes.
 */
#ifndef INGEST_AUTH_SOURCE_H
#define INGEST_AUTH_SOURCE_H

#include "core/arena.h"
#include "ingest/auth_key.h"

enum { TEXT_PIECES_MOST = 8 };

/* What is signed, as the configuration says it: "{t}.{body}" has three pieces. */
enum piece_kind { PIECE_LITERAL, PIECE_TIME, PIECE_BODY, PIECE_KINDS };
struct text_piece {
    enum piece_kind kind;
    const char *text; /* LITERAL */
    size_t length;
};

struct scheme {
    int scheme;
    bool in_header;    /* the source has a header */
    bool signs_text;   /* … whose signature is over a text */
    bool signs_time;   /* … that holds a time */
    bool takes_public; /* published keys count for it, so it may begin with none */
    bool (*load)(const struct auth_source *source, struct auth_key *key, const struct buf *bytes,
                 struct error *error); /* NULL: its keys are names */
    struct auth_verdict (*verify)(const struct auth_source *source,
                                  const struct http_reader *request,
                                  const struct auth_sender *sender);
};

struct auth_source {
    const struct config_source *config;
    const struct scheme *scheme;
    const EVP_MD *sha256;
    const char *header; /* lower-case */
    size_t prefix_bytes;
    struct auth_key *keys; /* by id; read-only but for their spare copies */
    size_t key_count;
    struct text_piece pieces[TEXT_PIECES_MOST];
    size_t piece_count;
};

/* Fills a source whose config, scheme and sha256 are set. False: the error says why, without its
 * name; the keys are to be released all the same. */
MUST_CHECK bool auth_source_load(struct auth_source *source, struct arena *arena,
                                 const struct auth_published_key *published, size_t published_count,
                                 struct error *error);
void auth_source_release(struct auth_source *source);

/* For the table of schemes: how a key's file is taken. */
MUST_CHECK bool auth_source_load_public(const struct auth_source *source, struct auth_key *key,
                                        const struct buf *bytes, struct error *error);
MUST_CHECK bool auth_source_load_mac(const struct auth_source *source, struct auth_key *key,
                                     const struct buf *bytes, struct error *error);
MUST_CHECK bool auth_source_load_digest(const struct auth_source *source, struct auth_key *key,
                                        const struct buf *bytes, struct error *error);

#endif
