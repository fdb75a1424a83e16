/* One of a kind: a lock in the user's state folder, held until it is closed or its process ends. */
#ifndef CTL_LOCK_H
#define CTL_LOCK_H

#include "core/error.h"

/* Takes the lock of `what` ("reconcile") for an organisation and owner ("" for none). A descriptor
 * for lock_close; -1: another process has it (ERROR_REFUSED), or no file can be had. */
int lock_open(const char *what, const char *organization_id, const char *owner,
              struct error *error);

/* -1 is none. */
void lock_close(int lock);

#endif
