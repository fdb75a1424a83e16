#include "api/region.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *const region_domains[] = {
    "mypurecloud.com",
    "mypurecloud.ie",
    "mypurecloud.com.au",
    "mypurecloud.jp",
    "mypurecloud.de",
    "usw2.pure.cloud",
    "cac1.pure.cloud",
    "apne2.pure.cloud",
    "euw2.pure.cloud",
    "aps1.pure.cloud",
    "use2.us-gov-pure.cloud",
    "sae1.pure.cloud",
    "mec1.pure.cloud",
    "apne3.pure.cloud",
    "euc2.pure.cloud",
    "mxc1.pure.cloud",
    "apse1.pure.cloud",
    "edee1.eusc-pure.cloud",
    NULL,
};

static const char *skip(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncasecmp(text, prefix, length) == 0 ? text + length : text;
}

const char *region_find(const char *text)
{
    static const char *const hosts[] = {"api.", "login.", "apps."};
    const char *domain = skip(text, "https://");
    const char *rest = domain;
    size_t length;

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]) && rest == domain; i++)
        rest = skip(domain, hosts[i]);
    length = strlen(rest);
    if (length > 0 && rest[length - 1] == '/')
        length--;
    for (size_t i = 0; region_domains[i]; i++)
        if (strlen(region_domains[i]) == length &&
            strncasecmp(region_domains[i], rest, length) == 0)
            return region_domains[i];
    return NULL;
}
