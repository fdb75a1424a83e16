#include "ingest/dev.h"

#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"
#include "ingest/dev_key.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEV_FILE_BYTES_MOST = 64 * 1024 };

#define EVENTS_PATH    "/events"
#define MESSAGING_PATH "/messaging"
#define EVENTS_FILE    "events.ndjson"
#define KEY_ID         "dev-key"

/* -- files --------------------------------------------------------------------------------- */

/* The folder's files, in the order in which they are made. */
enum dev_file {
    DEV_TLS_KEY,
    DEV_CERTIFICATE,
    DEV_HMAC_SECRET,
    DEV_SIGNING_KEY,
    DEV_PUBLIC_KEY,
    DEV_TOKEN,
    DEV_CONFIG,
    DEV_FILES
};

struct preparing {
    char *folder; /* absolute */
    int64_t now_s;
};

static bool make_key(const struct preparing *preparing, const struct buf *from, struct buf *out,
                     struct error *error)
{
    (void)preparing, (void)from;
    return dev_key_make(out, error);
}

static bool make_public(const struct preparing *preparing, const struct buf *from, struct buf *out,
                        struct error *error)
{
    (void)preparing;
    return dev_key_public(from, out, error);
}

static bool make_certificate(const struct preparing *preparing, const struct buf *from,
                             struct buf *out, struct error *error)
{
    return dev_key_certificate(from, preparing->now_s, out, error);
}

static bool make_secret(const struct preparing *preparing, const struct buf *from, struct buf *out,
                        struct error *error)
{
    (void)preparing, (void)from;
    return dev_key_secret(out, error);
}

static bool make_config(const struct preparing *preparing, const struct buf *from, struct buf *out,
                        struct error *error);

static const struct file_row {
    const char *name;
    bool (*make)(const struct preparing *preparing, const struct buf *from, struct buf *out,
                 struct error *error);
    bool from_last; /* made from the file of the row before, and anew whenever that is */
} files[DEV_FILES] = {
    [DEV_TLS_KEY] = {"certificate.key", make_key, false},
    [DEV_CERTIFICATE] = {"certificate.pem", make_certificate, true},
    [DEV_HMAC_SECRET] = {"hmac.secret", make_secret, false},
    [DEV_SIGNING_KEY] = {"signing.key", make_key, false},
    [DEV_PUBLIC_KEY] = {"signing.pub", make_public, true},
    [DEV_TOKEN] = {"admin.token", make_secret, false},
    [DEV_CONFIG] = {"ingestd.yaml", make_config, false},
};

/* "before: 'FOLDER/name'" */
static void add_yaml(struct buf *out, const struct preparing *preparing, const char *before,
                     const char *name)
{
    buf_printf(out, "%s: '", before);
    for (const char *c = preparing->folder; *c; c++) {
        if (*c == '\'')
            buf_add_char(out, '\'');
        buf_add_char(out, *c);
    }
    buf_printf(out, "/%s'\n", name);
}

static bool make_config(const struct preparing *preparing, const struct buf *from, struct buf *out,
                        struct error *error)
{
    (void)from;
    buf_add_text(out, "# Made by `ingestd --dev`; kept from then on, so it may be edited.\n"
                      "apiVersion: ingestd/v1\n");
    add_yaml(out, preparing, "data", "data");
    buf_add_text(out, "listen:\n  address: 127.0.0.1:8443\n");
    add_yaml(out, preparing, "  certificate", files[DEV_CERTIFICATE].name);
    add_yaml(out, preparing, "  key", files[DEV_TLS_KEY].name);
    buf_add_text(out, "admin:\n  address: 127.0.0.1:8444\n");
    add_yaml(out, preparing, "  token_file", files[DEV_TOKEN].name);
    buf_add_text(out, "sources:\n"
                      "  genesys:\n"
                      "    path: " EVENTS_PATH "\n"
                      "    scheme: genesys-signature\n"
                      "    keys:\n");
    add_yaml(out, preparing, "      " KEY_ID, files[DEV_PUBLIC_KEY].name);
    buf_add_text(out, "  messaging:\n"
                      "    path: " MESSAGING_PATH "\n"
                      "    scheme: hub-signature-256\n"
                      "    keys:\n");
    add_yaml(out, preparing, "      dev-secret", files[DEV_HMAC_SECRET].name);
    buf_add_text(out, "sinks:\n  file:\n    type: ndjson\n");
    add_yaml(out, preparing, "    path", EVENTS_FILE);
    return !out->failed || error_no_memory(error);
}

struct file_state {
    struct buf bytes;
    bool fresh; /* made just now */
};

/* May the file that is there stay? */
static bool file_stays(const struct preparing *preparing, const struct file_row *row,
                       const struct file_state *last, const struct file_state *now)
{
    if (!row->from_last)
        return true;
    if (last->fresh)
        return false;
    return row->make != make_certificate ||
           !dev_key_expired(&last->bytes, &now->bytes, preparing->now_s);
}

static bool prepare_file(const struct preparing *preparing, const struct file_row *row,
                         const struct file_state *last, struct file_state *now, struct error *error)
{
    char *path = NULL;
    bool ok = true;

    if (asprintf(&path, "%s/%s", preparing->folder, row->name) < 0)
        return error_no_memory(error);
    now->fresh = access(path, F_OK) != 0;
    if (!now->fresh) {
        ok = file_read(path, &now->bytes, error);
        now->fresh = ok && !file_stays(preparing, row, last, now);
        if (now->fresh)
            buf_reset(&now->bytes);
    }
    if (ok && now->fresh)
        ok = row->make(preparing, &last->bytes, &now->bytes, error) &&
             file_replace(path, now->bytes.data, now->bytes.length, error);
    free(path);
    return ok;
}

static void forget(struct file_state *state)
{
    if (state->bytes.data)
        OPENSSL_cleanse(state->bytes.data, state->bytes.size);
    buf_release(&state->bytes);
}

static bool prepare_files(const struct preparing *preparing, struct error *error)
{
    struct file_state states[2] = {{.fresh = false}};
    bool ok = true;

    buf_init(&states[0].bytes, DEV_FILE_BYTES_MOST);
    buf_init(&states[1].bytes, DEV_FILE_BYTES_MOST);
    for (size_t i = 0; ok && i < DEV_FILES; i++) {
        struct file_state *now = &states[i % 2], *last = &states[(i + 1) % 2];
        forget(now);
        ok = prepare_file(preparing, &files[i], last, now, error);
    }
    forget(&states[0]);
    forget(&states[1]);
    return ok;
}

/* The path stands in the configuration, which is YAML in one line, and UTF-8. */
static bool folder_fits(const char *folder, struct error *error)
{
    bool ok = *folder && text_utf8_check(folder, strlen(folder)) == strlen(folder);

    for (const char *c = folder; *c; c++)
        ok = ok && (unsigned char)*c >= ' ' && *c != 0x7F;
    return ok || error_set(error, ERROR_INVALID,
                           "a folder of another name: UTF-8 without control "
                           "characters");
}

bool dev_prepare(const char *folder, char *path_out, size_t path_size, struct error *error)
{
    struct preparing preparing = {.now_s = clock_unix_s()};
    char *data = NULL;
    bool ok = false;
    int length;

    if (!folder_fits(folder, error) || !file_make_folder(folder, error))
        return false;
    preparing.folder = realpath(folder, NULL);
    if (!preparing.folder || asprintf(&data, "%s/data", preparing.folder) < 0) {
        data = NULL;
        error_set(error, ERROR_FAILED, "%s: %m", folder);
        goto cleanup;
    }
    length = snprintf(path_out, path_size, "%s/%s", preparing.folder, files[DEV_CONFIG].name);
    if (length < 0 || (size_t)length >= path_size)
        error_set(error, ERROR_INVALID, "%s: the path is too long", folder);
    else
        ok = file_make_folder(data, error) && prepare_files(&preparing, error);
cleanup:
    free(data);
    free(preparing.folder);
    return ok;
}

/* -- what to type -------------------------------------------------------------------------- */

/* A path as a shell reads it. */
static void add_path(struct buf *out, const char *folder, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-+,:@%";

    if (*folder == '-')
        buf_add_text(out, "./");
    if (folder[strspn(folder, plain)] == '\0') {
        buf_printf(out, "%s/%s", folder, name);
        return;
    }
    buf_add_char(out, '\'');
    for (const char *c = folder; *c; c++)
        if (*c == '\'')
            buf_add_text(out, "'\\''");
        else
            buf_add_char(out, *c);
    buf_printf(out, "'/%s", name);
}

struct explaining {
    struct buf *out;
    const char *folder;
    const char *address;
};

/* One curl of the body in $body, with a header that may name $sig and $t. */
static void add_post(const struct explaining *explaining, const char *path, const char *header)
{
    struct buf *out = explaining->out;

    buf_add_text(out, "curl -i --cacert ");
    add_path(out, explaining->folder, files[DEV_CERTIFICATE].name);
    buf_printf(out,
               " https://%s%s \\\n  -H 'Content-Type: application/json' \\\n  -H \"%s\" \\\n"
               "  --data-binary \"$body\"\n",
               explaining->address, path, header);
}

/* A body of its own for each, so that none is taken for another's repetition. */
static void add_body(struct buf *out, const char *id)
{
    buf_printf(out,
               "body='{\"subscriptionId\":\"dev\",\"eventType\":\"Interaction.Created\","
               "\"payload\":{\"id\":\"%s\"}}'\n",
               id);
}

static void explain_hmac(const struct explaining *explaining)
{
    struct buf *out = explaining->out;

    buf_add_text(out, "\n# An event signed with the HMAC secret: 202\n");
    add_body(out, "dev-1");
    buf_add_text(out, "sig=$(printf %s \"$body\" | openssl dgst -sha256 -hmac \"$(cat ");
    add_path(out, explaining->folder, files[DEV_HMAC_SECRET].name);
    buf_add_text(out, ")\" -binary | openssl base64 -A)\n");
    add_post(explaining, MESSAGING_PATH, "X-Hub-Signature-256: sha256=$sig");
}

static void explain_signature(const struct explaining *explaining)
{
    struct buf *out = explaining->out;

    buf_add_text(out, "\n# One signed with the P-256 key, in Genesys's manner: 202\n");
    add_body(out, "dev-2");
    buf_add_text(out, "t=$(date +%s)\n"
                      "sig=$(printf %s \"$t.$body\" | openssl dgst -sha256 -sign ");
    add_path(out, explaining->folder, files[DEV_SIGNING_KEY].name);
    buf_add_text(out, " | openssl base64 -A)\n");
    add_post(explaining, EVENTS_PATH,
             "X-Genesys-Signature: keyId=" KEY_ID ",alg=ecdsa-p256-sha256,t=$t,sig=$sig");
}

static void explain_forged(const struct explaining *explaining)
{
    struct buf *out = explaining->out;

    buf_add_text(out, "\n# A forged one: 401\n");
    add_body(out, "dev-3");
    buf_add_text(out, "sig=$(printf %s \"$body\" | openssl dgst -sha256 -hmac guessed -binary | "
                      "openssl base64 -A)\n");
    add_post(explaining, MESSAGING_PATH, "X-Hub-Signature-256: sha256=$sig");
}

void dev_explain(struct buf *out, const char *folder, const char *address,
                 const char *admin_address)
{
    struct explaining explaining = {out, folder, address};

    explain_hmac(&explaining);
    explain_signature(&explaining);
    explain_forged(&explaining);
    buf_add_text(out, "\n# How it stands\ncurl -s -H \"Authorization: Bearer $(cat ");
    add_path(out, folder, files[DEV_TOKEN].name);
    buf_printf(out, ")\" http://%s/v1/status\n", admin_address);
    buf_add_text(out, "\n# What was delivered\ncat ");
    add_path(out, folder, EVENTS_FILE);
    buf_add_char(out, '\n');
}
