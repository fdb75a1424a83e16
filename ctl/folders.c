#include "ctl/folders.h"

#include <stdio.h>
#include <stdlib.h>

static char *folder(const char *variable, const char *below_home, struct error *error)
{
    const char *base = getenv(variable);
    const char *home = getenv("HOME");
    char *path = NULL;
    int length;

    if (base && base[0] == '/')
        length = asprintf(&path, "%s/eventctl", base);
    else if (home && home[0] == '/')
        length = asprintf(&path, "%s/%s/eventctl", home, below_home);
    else {
        error_set(error, ERROR_INVALID, "neither %s nor HOME is set", variable);
        return NULL;
    }
    if (length >= 0)
        return path;
    error_no_memory(error);
    return NULL;
}

char *folder_config(struct error *error)
{
    return folder("XDG_CONFIG_HOME", ".config", error);
}

char *folder_cache(struct error *error)
{
    return folder("XDG_CACHE_HOME", ".cache", error);
}

char *folder_state(struct error *error)
{
    return folder("XDG_STATE_HOME", ".local/state", error);
}
