#include "api/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void secret_free(char *text)
{
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

char *secret_basic(const char *id, const char *secret)
{
    char *pair = NULL, *value;
    int length = asprintf(&pair, "%s:%s", id, secret);

    if (length < 0)
        return NULL;
    value = malloc(6 + ((size_t)length + 2) / 3 * 4 + 1);
    if (value) {
        memcpy(value, "Basic ", 6);
        EVP_EncodeBlock((unsigned char *)value + 6, (const unsigned char *)pair, length);
    }
    secret_free(pair);
    return value;
}

void token_init(struct token *token)
{
    *token = (struct token){.text = NULL};
}

void token_release(struct token *token)
{
    unsigned serial = token->serial;

    secret_free(token->text);
    token_init(token);
    token->serial = serial;
}

void token_take(struct token *token, char *text, int64_t now_ms, int64_t age_ms,
                int64_t lifetime_ms, unsigned refresh_percent, double random)
{
    token_release(token);
    token->text = text;
    token->serial++;
    token->granted_ms = now_ms - age_ms;
    token->expires_ms = token->granted_ms + lifetime_ms;
    token->due_ms = token->granted_ms + lifetime_ms * refresh_percent / 100 -
                    (int64_t)((double)lifetime_ms * 0.05 * random);
}

bool token_is_usable(const struct token *token, int64_t now_ms)
{
    return token->text && now_ms < token->expires_ms;
}

bool token_is_due(const struct token *token, int64_t now_ms)
{
    return !token->text || now_ms >= token->due_ms;
}
