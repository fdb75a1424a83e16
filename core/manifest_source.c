#include "core/manifest_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct loading {
    struct manifest *manifest;
    const volatile sig_atomic_t *stop;
    struct diag_list *diags;
    size_t unread;
};

/* A new source at the end of the manifest's list; NULL when there is no memory. */
static struct source *new_source(struct loading *loading)
{
    struct manifest *manifest = loading->manifest;
    size_t count = manifest->source_count;
    struct source **grown = realloc(manifest->sources, (count + 1) * sizeof(struct source *));

    if (grown)
        manifest->sources = grown;
    struct source *source = grown ? calloc(1, sizeof(*source)) : NULL;
    if (!source) {
        loading->diags->no_memory = true;
        return NULL;
    }
    manifest->sources[manifest->source_count++] = source;
    return source;
}

static void add_file(struct loading *loading, const char *path)
{
    struct source *source = new_source(loading);

    if (source && !source_read_until(source, path, loading->stop, loading->diags))
        loading->unread++;
}

static int is_manifest_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return entry->d_name[0] != '.' && dot &&
           (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* A finding about a path that is no file. */
static void refuse_path(struct loading *loading, const char *path, const char *reason)
{
    struct source *source = new_source(loading);

    if (!source || !source_from_text(source, path, "", 0, loading->diags))
        return;
    loading->unread++;
    free(source->text);
    source->text = NULL;
    diag_add(loading->diags, "file-read", (struct place){source, 0, 0}, NULL, "%s", reason);
}

/* The folder's *.yaml and *.yml, in the order of their names; not those of folders in it. */
static void add_folder(struct loading *loading, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_manifest_file, compare_names);
    const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";

    if (count < 0)
        refuse_path(loading, path, strerror(errno));
    if (count == 0)
        refuse_path(loading, path, "the folder holds no *.yaml and no *.yml");
    for (int i = 0; i < count; i++) {
        char *file =
            arena_printf(&loading->manifest->arena, "%s%s%s", path, slash, entries[i]->d_name);
        if (file)
            add_file(loading, file);
        else
            loading->diags->no_memory = true;
        free(entries[i]);
    }
    free(entries);
}

size_t manifest_add_sources(struct manifest *manifest, const struct manifest_options *options,
                            struct diag_list *diags)
{
    struct loading state = {manifest, options->stop, diags, 0}, *loading = &state;
    struct stat status;

    for (size_t i = 0; i < options->text_count; i++) {
        const struct manifest_text *text = &options->texts[i];
        struct source *source = new_source(loading);
        if (source &&
            !source_from_text(source, text->path, text->text, text->length_bytes, loading->diags))
            loading->unread++;
    }
    for (size_t i = 0; i < options->path_count; i++) {
        const char *path = options->paths[i];
        if (strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
            add_folder(loading, path);
        else
            add_file(loading, path);
    }
    return state.unread;
}
