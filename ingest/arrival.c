#include "ingest/arrival.h"

#include <stdlib.h>
#include <string.h>

void arrival_release(struct arrival *arrival)
{
    free(arrival->subscription);
    free(arrival->source);
    free(arrival->verdict);
    free(arrival->headers);
    free(arrival->body);
    *arrival = (struct arrival){0};
}

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

size_t arrival_bytes(const struct arrival *arrival)
{
    return sizeof *arrival + text_bytes(arrival->subscription) + text_bytes(arrival->source) +
           text_bytes(arrival->verdict) + text_bytes(arrival->headers) + arrival->body_bytes + 1;
}
