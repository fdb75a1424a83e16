#include "ingest/admin_token.h"

#include "core/file.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_LEAST = 16, TOKEN_MOST = 1024 };

static_assert(sizeof(((struct admin_token *)0)->digest) == SHA256_DIGEST_LENGTH, "SHA-256");

bool admin_token_read(struct admin_token *token, const char *path, struct error *error)
{
    struct buf text;
    bool ok;

    buf_init(&text, TOKEN_MOST);
    ok = file_read(path, &text, error);
    while (ok && text.length && strchr("\r\n", text.data[text.length - 1]))
        text.length--;
    if (ok && text.length < TOKEN_LEAST)
        ok =
            error_set(error, ERROR_INVALID, "%s: a token has at least %d bytes", path, TOKEN_LEAST);
    if (ok)
        SHA256((const unsigned char *)text.data, text.length, token->digest);
    if (text.data)
        OPENSSL_cleanse(text.data, text.size);
    buf_release(&text);
    return ok || error_wrap(error, "admin.token_file");
}

bool admin_token_is(const struct admin_token *token, const char *header)
{
    static const char scheme[] = "Bearer ";
    unsigned char digest[SHA256_DIGEST_LENGTH];

    if (!header || strncasecmp(header, scheme, strlen(scheme)))
        return false;
    /* Digests are of one length, so that the comparison takes the same time for every token. */
    header += strlen(scheme);
    SHA256((const unsigned char *)header, strlen(header), digest);
    return !CRYPTO_memcmp(digest, token->digest, sizeof digest);
}
