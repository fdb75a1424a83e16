/* The clients' secrets: from a descriptor, a file, the environment or a helper. */
#include "ctl/settings.h"

#include "core/file.h"
#include "ctl/helper.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_MAX_BYTES = 4096 };

static bool take_secret(char **secret, struct buf *text, const char *from, struct error *error)
{
    while (text->length > 0 && strchr("\r\n", text->data[text->length - 1]))
        text->data[--text->length] = '\0';
    if (text->length == 0 || text->failed)
        error_set(error, ERROR_AUTH, "%s holds no client secret", from);
    else if (!(*secret = strdup(text->data)))
        error_no_memory(error);
    if (text->data)
        OPENSSL_cleanse(text->data, text->length);
    buf_release(text);
    return *secret != NULL;
}

static bool secret_from_file(char **secret, const char *path, struct error *error)
{
    struct error why = ERROR_INIT;
    struct buf text;

    buf_init(&text, SECRET_MAX_BYTES);
    if (!file_read(path, &text, &why)) {
        buf_release(&text);
        return error_set(error, ERROR_AUTH, "the client's secret cannot be read: %s", why.text);
    }
    return take_secret(secret, &text, path, error);
}

static bool secret_from_stream(char **secret, FILE *stream, const char *from, struct error *error)
{
    struct buf text;
    int c;

    buf_init(&text, SECRET_MAX_BYTES);
    while (!text.failed && (c = getc(stream)) != EOF)
        buf_add_char(&text, (char)c);
    return take_secret(secret, &text, from, error);
}

static bool secret_from_fd(char **secret, int fd, struct error *error)
{
    FILE *stream = fdopen(fd, "r");
    bool ok;

    if (!stream)
        return error_set(error, ERROR_INVALID, "--client-secret-fd %d: %s", fd, strerror(errno));
    ok = secret_from_stream(secret, stream, "--client-secret-fd", error);
    fclose(stream);
    return ok;
}

static bool secret_from_helper(char **secret, const struct helper_options *helper,
                               struct error *error)
{
    struct buf text;
    bool ok;

    buf_init(&text, SECRET_MAX_BYTES);
    ok = helper_run(helper, &text, error);
    return take_secret(secret, &text, "the credential helper's output", error) && ok;
}

static bool secret_from_environment(char **secret, const char *variable, struct error *error)
{
    *secret = strdup(getenv(variable));
    return *secret || error_no_memory(error);
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

bool settings_read_secrets(struct settings *settings, const struct options *options,
                           const volatile sig_atomic_t *stop, struct error *error)
{
    const struct helper_options helper = {settings->credential_helper, options->timeout_ms, stop};
    bool ok = true;

    if (options->client_secret_fd >= 0)
        ok = secret_from_fd(&settings->secrets[0], (int)options->client_secret_fd, error);
    else if (options->client_secret_file)
        ok = secret_from_file(&settings->secrets[0], options->client_secret_file, error);
    else if (is_set("EVENTCTL_CLIENT_SECRET"))
        ok = secret_from_environment(&settings->secrets[0], "EVENTCTL_CLIENT_SECRET", error);
    else if (settings->secret_files[0])
        ok = secret_from_file(&settings->secrets[0], settings->secret_files[0], error);
    else if (settings->credential_helper)
        ok = secret_from_helper(&settings->secrets[0], &helper, error);
    if (ok && is_set("EVENTCTL_NEXT_CLIENT_SECRET"))
        ok = secret_from_environment(&settings->secrets[1], "EVENTCTL_NEXT_CLIENT_SECRET", error);
    else if (ok && settings->secret_files[1])
        ok = secret_from_file(&settings->secrets[1], settings->secret_files[1], error);
    if (ok && !settings->api_url)
        ok = error_set(error, ERROR_INVALID,
                       "where to? give a region (--region, EVENTCTL_REGION) or an API URL "
                       "(--api-url, EVENTCTL_API_URL)");
    if (ok && !settings->login_url)
        ok = error_set(error, ERROR_INVALID,
                       "no login URL: --login-url or EVENTCTL_LOGIN_URL goes with the API URL");
    if (ok && (!settings->client_ids[0] || !settings->secrets[0]))
        ok = error_set(error, ERROR_AUTH,
                       "no %s: set EVENTCTL_CLIENT_ID and EVENTCTL_CLIENT_SECRET, or see `eventctl "
                       "help environment`",
                       settings->client_ids[0] ? "client secret" : "client id");
    if (ok && !settings->client_ids[1] != !settings->secrets[1])
        ok = error_set(error, ERROR_AUTH,
                       "the second client has no %s: EVENTCTL_NEXT_CLIENT_ID and "
                       "EVENTCTL_NEXT_CLIENT_SECRET belong together",
                       settings->client_ids[1] ? "secret" : "id");
    return ok;
}
