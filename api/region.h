/* Genesys Cloud's regions and their hosts. (genesys-api.md, section 4) */
#ifndef API_REGION_H
#define API_REGION_H

/* Ends with NULL. */
extern const char *const region_domains[];

/* The domain for what a user writes: a domain of the list, or one with "api.", "login.", "apps." or
 * "https://" before it; NULL when it is none. */
const char *region_find(const char *text);

#endif
