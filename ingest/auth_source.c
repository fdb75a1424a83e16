#include "ingest/auth_source.h"

#include "core/file.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_ID_MOST = 128 };

/* -- loading keys -------------------------------------------------------------------------- */

bool auth_source_load_public(const struct auth_source *source, struct auth_key *key,
                             const struct buf *bytes, struct error *error)
{
    return auth_key_load_public(key, buf_text(bytes), bytes->length, source->config->rsa_bits_most,
                                error);
}

/* An editor's newline at the end is not part of a secret. */
static size_t secret_length(const struct buf *bytes)
{
    size_t length = bytes->length;

    if (length > 0 && bytes->data[length - 1] == '\n')
        length--;
    if (length > 0 && length < bytes->length && bytes->data[length - 1] == '\r')
        length--;
    return length;
}

bool auth_source_load_mac(const struct auth_source *source, struct auth_key *key,
                          const struct buf *bytes, struct error *error)
{
    (void)source;
    return auth_key_load_mac(key, buf_text(bytes), secret_length(bytes), error);
}

bool auth_source_load_digest(const struct auth_source *source, struct auth_key *key,
                             const struct buf *bytes, struct error *error)
{
    (void)source;
    return auth_key_load_digest(key, buf_text(bytes), secret_length(bytes), error);
}

static bool load_file(const struct auth_source *source, struct auth_key *key, const char *path,
                      struct error *error)
{
    struct buf bytes;
    bool ok;

    buf_init(&bytes, KEY_PEM_BYTES_MOST);
    ok = file_read(path, &bytes, error);
    if (ok && !source->scheme->load(source, key, &bytes, error))
        ok = error_wrap(error, "%s", path);
    if (bytes.data)
        OPENSSL_cleanse(bytes.data, bytes.size);
    buf_release(&bytes);
    return ok;
}

static bool id_fits(const char *id, struct error *error)
{
    if (!id || !*id || strlen(id) > KEY_ID_MOST)
        return error_set(error, ERROR_INVALID, "a key's id has 1 to %d characters", KEY_ID_MOST);
    for (const char *c = id; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == ',')
            return error_set(error, ERROR_INVALID,
                             "a key's id holds visible characters, and no comma");
    return true;
}

static bool load_key(const struct auth_source *source, struct auth_key *key,
                     const struct config_key *config, struct error *error)
{
    key->id = config->id;
    key->name = config->name;
    if (!id_fits(config->id, error))
        return false;
    if (!source->scheme->load)
        return (config->name && *config->name) ||
               error_set(error, ERROR_INVALID, "no name of a certificate");
    if (!config->file)
        return error_set(error, ERROR_INVALID, "no file");
    return load_file(source, key, config->file, error);
}

static bool load_published(struct arena *arena, struct auth_source *source, struct auth_key *key,
                           const struct auth_published_key *published, struct error *error)
{
    key->id = published->id ? arena_text(arena, published->id) : "";
    key->subscription = published->subscription ? arena_text(arena, published->subscription) : NULL;
    key->published = true;
    if (!key->id || (published->subscription && !key->subscription))
        return error_no_memory(error);
    if (!published->pem)
        return error_set(error, ERROR_INVALID, "no key");
    return id_fits(key->id, error) &&
           auth_key_load_public(key, published->pem, strlen(published->pem),
                                source->config->rsa_bits_most, error);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct auth_key *)a)->id, ((const struct auth_key *)b)->id);
}

/* Sorts the keys by id, and joins those that are one key published more than once. */
static bool join_keys(struct auth_source *source, struct error *error)
{
    size_t kept = 0;

    qsort(source->keys, source->key_count, sizeof(*source->keys), compare_keys);
    for (size_t i = 1; i < source->key_count; i++) {
        struct auth_key *last = &source->keys[kept], *key = &source->keys[i];
        if (strcmp(last->id, key->id) != 0) {
            if (++kept != i) {
                source->keys[kept] = *key;
                *key = (struct auth_key){.id = NULL};
            }
            continue;
        }
        if (!(last->published || key->published) || !auth_key_same(last, key))
            return error_set(error, ERROR_INVALID, "two keys with the id %s", key->id);
        if (!last->subscription || !key->subscription ||
            strcmp(last->subscription, key->subscription) != 0)
            last->subscription = NULL;
        last->published = last->published && key->published;
        auth_key_release(key);
    }
    source->key_count = source->key_count ? kept + 1 : 0;
    return true;
}

static bool load_keys(struct arena *arena, struct auth_source *source,
                      const struct auth_published_key *published, size_t published_count,
                      struct error *error)
{
    const struct config_source *config = source->config;
    size_t from_outside = source->scheme->takes_public ? published_count : 0;
    size_t most = config->key_count + from_outside;

    if (config->key_count == 0 && !source->scheme->takes_public)
        return error_set(error, ERROR_INVALID, "has no key");
    source->keys = arena_alloc(arena, (most + 1) * sizeof(*source->keys));
    if (!source->keys)
        return error_no_memory(error);
    for (size_t i = 0; i < config->key_count; i++)
        if (!load_key(source, &source->keys[source->key_count++], &config->keys[i], error))
            return error_wrap(error, "key %s", config->keys[i].id ? config->keys[i].id : "");
    for (size_t i = 0; i < from_outside; i++)
        if (!load_published(arena, source, &source->keys[source->key_count++], &published[i],
                            error))
            return error_wrap(error, "published key %s", published[i].id ? published[i].id : "");
    return join_keys(source, error);
}

/* -- loading sources ----------------------------------------------------------------------- */

static const struct {
    const char *text;
    enum piece_kind kind;
} placeholders[] = {{"{t}", PIECE_TIME}, {"{body}", PIECE_BODY}};
enum { PLACEHOLDERS = sizeof(placeholders) / sizeof(placeholders[0]) };

/* The piece that the text begins with; its length 0 when there is a brace that means nothing. */
static struct text_piece read_piece(const char *text)
{
    for (size_t i = 0; i < PLACEHOLDERS; i++)
        if (strncmp(text, placeholders[i].text, strlen(placeholders[i].text)) == 0)
            return (struct text_piece){.kind = placeholders[i].kind,
                                       .length = strlen(placeholders[i].text)};
    return (struct text_piece){.kind = PIECE_LITERAL, .text = text, .length = strcspn(text, "{}")};
}

/* Time and body side by side could be split otherwise than they were joined. */
static bool pieces_fit(const struct auth_source *source)
{
    size_t counts[PIECE_KINDS] = {0};

    for (size_t i = 0; i < source->piece_count; i++) {
        counts[source->pieces[i].kind]++;
        if (i > 0 && source->pieces[i].kind != PIECE_LITERAL &&
            source->pieces[i - 1].kind != PIECE_LITERAL)
            return false;
    }
    return counts[PIECE_BODY] == 1 && counts[PIECE_TIME] == (source->scheme->signs_time ? 1 : 0);
}

static bool read_pieces(struct auth_source *source, struct error *error)
{
    const char *text = source->config->signed_text ? source->config->signed_text : "";
    const char *whole = text;

    while (*text && source->piece_count < TEXT_PIECES_MOST) {
        struct text_piece piece = read_piece(text);
        if (piece.length == 0)
            break;
        source->pieces[source->piece_count++] = piece;
        text += piece.length;
    }
    return (!*text && pieces_fit(source)) ||
           error_set(error, ERROR_INVALID, "cannot sign \"%s\": the text has {body} once and %s",
                     whole,
                     source->scheme->signs_time ? "{t} once, something between them"
                                                : "no {t}, since its header has no time");
}

static bool read_header_name(struct arena *arena, struct auth_source *source, struct error *error)
{
    const struct config_source *config = source->config;
    char *name;

    if (!config->header || !*config->header)
        return error_set(error, ERROR_INVALID, "has no header");
    name = arena_text(arena, config->header);
    if (!name)
        return error_no_memory(error);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    source->header = name;
    source->prefix_bytes = config->prefix ? strlen(config->prefix) : 0;
    return true;
}

bool auth_source_load(struct auth_source *source, struct arena *arena,
                      const struct auth_published_key *published, size_t published_count,
                      struct error *error)
{
    const struct config_source *config = source->config;

    if (source->scheme->in_header && !read_header_name(arena, source, error))
        return false;
    if (source->scheme->signs_text && config->encoding != ENCODING_BASE64 &&
        config->encoding != ENCODING_HEX)
        return error_set(error, ERROR_INVALID, "an unknown encoding (%d)", config->encoding);
    if (source->scheme->signs_text && !read_pieces(source, error))
        return false;
    return load_keys(arena, source, published, published_count, error);
}

void auth_source_release(struct auth_source *source)
{
    for (size_t i = 0; i < source->key_count; i++)
        auth_key_release(&source->keys[i]);
}
