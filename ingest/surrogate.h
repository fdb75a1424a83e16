/* Halves of surrogate pairs among the escapes of JSON text. */
#ifndef INGEST_SURROGATE_H
#define INGEST_SURROGATE_H

#include <stdbool.h>
#include <stddef.h>

/* Makes each \uD800 … \uDFFF that has no other half, in place, a \uFFFD: as long, and the text
 * means the same but for what means nothing. True: there was one. */
bool surrogates_mend(char *text, size_t bytes);

#endif
