/* Reading what the service answers: pure functions over bytes and JSON values, none of which
 * touches a socket. Whatever the bytes are, they end in a value or an error.
 *
 * Texts of the service are made safe for a terminal before they land in an error.
 * (genesys-api.md, section 4)
 */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "api/remote.h"

enum {
    REPLY_TOKEN_MAX_BYTES = 8192,
    REPLY_TOKEN_LIFE_MAX_S = 172800,
    REPLY_TOKEN_LIFE_DEFAULT_S = 300, /* when expires_in is missing: the least there is */
    REPLY_URI_MAX_BYTES = 8192,
    REPLY_CORRELATION_SIZE = 80
};

/* Parses a body. NULL: *error says why ("no JSON: …"). */
json_t *reply_parse(const char *bytes, size_t length_bytes, struct error *error);

/* What a login may end in. */
enum reply_login {
    LOGIN_GRANTED,
    LOGIN_REFUSED, /* these credentials will never do: *error is ERROR_AUTH */
    LOGIN_LATER    /* limited, or the service is unwell: worth repeating; *error is ERROR_FAILED */
};

struct reply_token {
    char *text;         /* GRANTED: the caller wipes and frees it */
    int64_t lifetime_s; /* 1..REPLY_TOKEN_LIFE_MAX_S */
};

/* Reads a login's answer. Neither token nor secret ever stands in *error. */
enum reply_login reply_read_login(long status, const char *bytes, size_t length_bytes,
                                  const char *correlation_id, struct reply_token *token,
                                  struct error *error);

/* What is known of a request that was answered with an error. */
struct reply_context {
    const char *method, *path;
    long status;
    const char *correlation_id; /* "": not known */
    const char *permission;     /* what a 403 most likely misses; NULL: not known */
};

/* Turns an error answer into *error: 401 and 403 are ERROR_AUTH; a conflict (409, or a PUT's 400
 * whose message speaks of a version) ERROR_STALE; else ERROR_FAILED. `body` may be NULL or
 * anything. */
void reply_set_error(struct error *error, const struct reply_context *context, const json_t *body);

MUST_CHECK bool reply_read_identity(const json_t *body, struct remote_identity *identity,
                                    struct error *error);

/* A list page: *entities (borrowed) and *next, a path under /api/v2/ that the caller frees; NULL
 * on the last page. An absolute URI must have the origin of api_url. */
MUST_CHECK bool reply_read_page(const json_t *body, const char *api_url, const json_t **entities,
                                char **next, struct error *error);

/* Retry-After: seconds or an HTTP date → milliseconds, at least 0; -1 when it is neither. */
int64_t reply_read_retry_after(const char *value, int64_t now_unix_s);

/* Up to 18 digits, white space around them allowed → the number; -1 when it is anything else. */
int64_t reply_read_number(const char *value);

/* Copies what is harmless of a correlation id. */
void reply_read_correlation(const char *value, size_t length_bytes,
                            char out[REPLY_CORRELATION_SIZE]);

#endif
