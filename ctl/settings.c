#include "ctl/settings.h"

#include "api/region.h"
#include "core/spec.h"
#include "core/text.h"
#include "ctl/folders.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- the configuration files ---------------------------------------------------------------- */

/* A profile as it is written. */
struct profile {
    const char *region, *organization, *client_id;
    const char *api_url, *login_url, *ca_file, *proxy;
    const char *client_secret_file, *credential_helper;
    const char *next_client_id, *next_client_secret_file;
    int64_t token_refresh_percent;
    const struct yaml_node *endpoints;
};

/* The two kinds of files. A checkout must not choose where secrets are sent or what is run. */
enum { USER_FILE, PROJECT_FILE };
#define USER_ONLY  (1u << USER_FILE)
#define AT(member) offsetof(struct profile, member)

struct endpoint {
    const char *url, *token_file;
    int production;
};
static const struct spec_key endpoint_keys[] = {
    {.name = "url",
     .type = SPEC_TEXT,
     .offset = offsetof(struct endpoint, url),
     .required = true,
     .help = "Of its admin listener, such as https://ingest.example:8444."},
    {.name = "token_file",
     .type = SPEC_TEXT,
     .offset = offsetof(struct endpoint, token_file),
     .help = "File that holds its admin token; nobody else may read it."},
    {.name = "production",
     .type = SPEC_BOOL,
     .offset = offsetof(struct endpoint, production),
     .help = "Whoever changes something there types its name."},
    {.name = NULL},
};
static const struct spec endpoint_spec = {.noun = "an endpoint", .keys = endpoint_keys};

static const struct spec_key profile_keys[] = {
    {.name = "region",
     .type = SPEC_TEXT,
     .offset = AT(region),
     .help = "Genesys Cloud's region, such as mypurecloud.de."},
    {.name = "organization",
     .type = SPEC_TEXT,
     .offset = AT(organization),
     .help = "The only organisation to be touched, by name or id."},
    {.name = "client_id", .type = SPEC_TEXT, .offset = AT(client_id), .help = "OAuth client."},
    {.name = "api_url",
     .type = SPEC_TEXT,
     .offset = AT(api_url),
     .kinds = USER_ONLY,
     .help = "Instead of the region's."},
    {.name = "login_url",
     .type = SPEC_TEXT,
     .offset = AT(login_url),
     .kinds = USER_ONLY,
     .help = "Instead of the region's."},
    {.name = "ca_file",
     .type = SPEC_TEXT,
     .offset = AT(ca_file),
     .kinds = USER_ONLY,
     .help = "Certificates to trust instead of the system's."},
    {.name = "proxy",
     .type = SPEC_TEXT,
     .offset = AT(proxy),
     .kinds = USER_ONLY,
     .help = "Instead of the environment's."},
    {.name = "client_secret_file",
     .type = SPEC_TEXT,
     .offset = AT(client_secret_file),
     .kinds = USER_ONLY,
     .help = "File that holds the client's secret."},
    {.name = "credential_helper",
     .type = SPEC_TEXT,
     .offset = AT(credential_helper),
     .kinds = USER_ONLY,
     .help = "Command that prints the client's secret."},
    {.name = "next_client_id",
     .type = SPEC_TEXT,
     .offset = AT(next_client_id),
     .kinds = USER_ONLY,
     .help = "Second client, tried when the first is refused: for rotation."},
    {.name = "next_client_secret_file",
     .type = SPEC_TEXT,
     .offset = AT(next_client_secret_file),
     .kinds = USER_ONLY,
     .help = "File that holds the second client's secret."},
    {.name = "token_refresh_percent",
     .type = SPEC_INT,
     .offset = AT(token_refresh_percent),
     .least = 10,
     .most = 95,
     .help = "Of a token's life, after which a new one is fetched; 80 unless told."},
    {.name = "endpoints",
     .type = SPEC_MAP,
     .offset = AT(endpoints),
     .kinds = USER_ONLY,
     .nested = &endpoint_spec,
     .help = "Ingest endpoints by name, each {url, token_file, production}."},
    {.name = NULL},
};
static const struct spec profile_spec = {.noun = "a profile", .keys = profile_keys};

struct config {
    const char *profile;
    const struct yaml_node *profiles;
};
static const struct spec_key config_keys[] = {
    {.name = "profile",
     .type = SPEC_TEXT,
     .offset = offsetof(struct config, profile),
     .help = "The profile to use unless told."},
    {.name = "profiles",
     .type = SPEC_MAP,
     .offset = offsetof(struct config, profiles),
     .nested = &profile_spec,
     .help = "Profiles by name."},
    {.name = NULL},
};
static const struct spec config_spec = {.noun = "the configuration", .keys = config_keys};

void settings_help(struct buf *out)
{
    for (const struct spec_key *key = profile_keys; key->name; key++)
        buf_printf(out, "  %-26s%s%s\n", key->name, key->help,
                   key->kinds == USER_ONLY ? " (1)" : "");
}

/* What a file says of the profile in use; texts live in the settings' arena. */
struct config_file {
    struct yaml yaml;
    struct config config;
    struct spec_reader reader;
    bool there;
};

static bool config_open(struct config_file *file, struct settings *settings, struct source *source,
                        const char *path, struct diag_list *diags)
{
    file->there = source_read(source, path, diags);
    file->reader =
        (struct spec_reader){.source = source, .arena = &settings->arena, .diags = diags};
    if (!file->there || !yaml_read(&file->yaml, source, &settings->arena, diags))
        return false;
    const struct yaml_node *root = file->yaml.nodes;
    if (root->kind == YAML_SCALAR && yaml_type(root->text, root->plain) == YAML_NULL)
        file->there = false; /* comments alone say nothing, and nothing wrong */
    return !file->there || spec_read(&file->reader, &config_spec, root, &file->config);
}

/* The profile's part of a file; unset when the file has none of that name. */
static bool config_profile(struct config_file *file, const char *name, unsigned kind,
                           struct profile *profile, bool *found)
{
    const struct yaml_node *node =
        file->there && file->config.profiles ? yaml_find(file->config.profiles, name) : NULL;

    spec_clear(&profile_spec, profile);
    if (!node)
        return true;
    *found = true;
    return spec_read(&file->reader, &profile_spec, node, profile) &&
           spec_check_kind(&file->reader, &profile_spec, kind, "the project's file", node);
}

/* The endpoints of the profile, in their order; `node` NULL: there are none. */
static bool read_endpoints(struct config_file *file, struct settings *settings,
                           const struct yaml_node *node)
{
    struct settings_endpoint *endpoints;
    bool ok = true;

    if (!node || node->count == 0)
        return true;
    endpoints = arena_alloc(&settings->arena, node->count * sizeof(*endpoints));
    if (!endpoints)
        return false;
    for (struct yaml_walk walk = yaml_walk(node); yaml_next(&walk);) {
        struct endpoint read;
        ok &= spec_read(&file->reader, &endpoint_spec, walk.value, &read) &&
              spec_require(&file->reader, &endpoint_spec, USER_FILE, &read,
                           spec_place(&file->reader, walk.key));
        endpoints[settings->endpoint_count++] = (struct settings_endpoint){
            walk.key->text, read.url, read.token_file, read.production == 1};
    }
    settings->endpoints = endpoints;
    return ok;
}

/* -- flag > environment > files ------------------------------------------------------------- */

static const char *first(const char *flag, const char *variable, const char *project,
                         const char *user)
{
    const char *environment = variable ? getenv(variable) : NULL;

    if (flag)
        return flag;
    if (environment && *environment)
        return environment;
    return project ? project : user;
}

static bool set_urls(struct settings *settings, struct error *error)
{
    struct text_url url;
    const char *region = settings->region ? region_find(settings->region) : NULL;

    if (settings->region && !region)
        return error_set(error, ERROR_INVALID, "%s is not a Genesys Cloud region",
                         settings->region);
    if (!settings->api_url && region)
        settings->api_url = arena_printf(&settings->arena, "https://api.%s", region);
    if (!settings->login_url && region)
        settings->login_url = arena_printf(&settings->arena, "https://login.%s", region);
    if (settings->api_url && text_parse_url(settings->api_url, &url))
        settings->sandbox = url.loopback;
    return true;
}

static bool merge(struct settings *settings, const struct options *options,
                  const struct profile *project, const struct profile *user, struct error *error)
{
    settings->region = first(options->region, "EVENTCTL_REGION", project->region, user->region);
    settings->api_url = first(options->api_url, "EVENTCTL_API_URL", NULL, user->api_url);
    settings->login_url = first(options->login_url, "EVENTCTL_LOGIN_URL", NULL, user->login_url);
    settings->organization = first(options->organization, "EVENTCTL_ORGANIZATION",
                                   project->organization, user->organization);
    settings->client_ids[0] =
        first(options->client_id, "EVENTCTL_CLIENT_ID", project->client_id, user->client_id);
    settings->client_ids[1] = first(NULL, "EVENTCTL_NEXT_CLIENT_ID", NULL, user->next_client_id);
    settings->ca_file = first(options->ca_file, "EVENTCTL_CA_FILE", NULL, user->ca_file);
    settings->proxy = first(options->proxy, NULL, NULL, user->proxy);
    settings->secret_files[0] = user->client_secret_file;
    settings->secret_files[1] = user->next_client_secret_file;
    settings->credential_helper = user->credential_helper;
    settings->token_refresh_percent =
        project->token_refresh_percent != SPEC_UNSET ? project->token_refresh_percent
        : user->token_refresh_percent != SPEC_UNSET  ? user->token_refresh_percent
                                                     : 80;
    return set_urls(settings, error);
}

void settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    arena_init(&settings->arena);
}

void settings_release(struct settings *settings)
{
    for (size_t i = 0; i < 2; i++)
        if (settings->secrets[i]) {
            OPENSSL_cleanse(settings->secrets[i], strlen(settings->secrets[i]));
            free(settings->secrets[i]);
        }
    source_release(&settings->project_file);
    source_release(&settings->user_file);
    arena_release(&settings->arena);
    settings_init(settings);
}

/* The user's file: the one that is named must be there, the usual one need not. */
static bool open_user_file(struct config_file *file, struct settings *settings,
                           const struct options *options, struct diag_list *diags)
{
    const char *named = first(options->config, "EVENTCTL_CONFIG", NULL, NULL);
    struct error no_home = ERROR_INIT;
    char *folder = named ? NULL : folder_config(&no_home);
    const char *path = named;

    if (folder)
        path = arena_printf(&settings->arena, "%s/config.yaml", folder);
    free(folder);
    if (!path || (!named && access(path, F_OK) != 0))
        return true;
    return config_open(file, settings, &settings->user_file, path, diags);
}

bool settings_read(struct settings *settings, const struct options *options,
                   struct diag_list *diags, struct error *error)
{
    static const char project_path[] = ".eventctl.yaml";
    struct config_file project = {.there = false}, user = {.there = false};
    struct profile from_project, from_user;
    bool found = false, ok;

    yaml_init(&project.yaml);
    yaml_init(&user.yaml);
    ok = (access(project_path, F_OK) != 0 ||
          config_open(&project, settings, &settings->project_file, project_path, diags)) &&
         open_user_file(&user, settings, options, diags);
    settings->profile =
        first(options->profile, "EVENTCTL_PROFILE", project.there ? project.config.profile : NULL,
              user.there ? user.config.profile : NULL);
    ok = ok &&
         config_profile(&project, settings->profile ? settings->profile : "", PROJECT_FILE,
                        &from_project, &found) &&
         config_profile(&user, settings->profile ? settings->profile : "", USER_FILE, &from_user,
                        &found) &&
         read_endpoints(&user, settings, from_user.endpoints);
    ok = ok && diags->errors == 0;
    if (!ok)
        error_set(error, ERROR_INVALID, "the configuration has errors");
    else if (settings->profile && !found)
        ok = error_set(error, ERROR_INVALID, "there is no profile \"%s\" in the configuration",
                       settings->profile);
    else
        ok = merge(settings, options, &from_project, &from_user, error);
    yaml_release(&project.yaml);
    yaml_release(&user.yaml);
    return ok;
}
