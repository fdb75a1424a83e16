/* A growing table from 64-bit hashes of texts to a number; 0 means "not there". */
#ifndef API_HASHES_H
#define API_HASHES_H

#include <stddef.h>
#include <stdint.h>

struct hashes {
    uint64_t *keys;
    size_t *values;
    size_t count, size;
};

/* Allocates nothing. */
void hashes_init(struct hashes *hashes);
void hashes_release(struct hashes *hashes);

/* FNV-1a; never 0. */
uint64_t hashes_of(const char *text);

/* Where the number of that key stands, 0 when it is new: to be read and set. NULL: no memory. Valid
 * until the next call. */
size_t *hashes_slot(struct hashes *hashes, uint64_t key);

#endif
