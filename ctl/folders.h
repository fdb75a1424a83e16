/* Where a user's files are, by the XDG Base Directory Specification 0.8. A variable that is no
 * absolute path is ignored, as it says. The caller frees what is returned; NULL: neither the
 * variable nor HOME is set, or no memory.
 */
#ifndef CTL_FOLDERS_H
#define CTL_FOLDERS_H

#include "core/error.h"

char *folder_config(struct error *error); /* $XDG_CONFIG_HOME/eventctl */
char *folder_cache(struct error *error);  /* $XDG_CACHE_HOME/eventctl */
char *folder_state(struct error *error);  /* $XDG_STATE_HOME/eventctl */

#endif
