#include "core/mask.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const secret_words[] = {"secret", "password", "passwd", "token"};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool ends_in_file(const char *key, size_t length)
{
    return length >= 4 && strncasecmp(key + length - 4, "file", 4) == 0;
}

static bool names_secret(const char *key, size_t length)
{
    for (size_t i = 0; i < length; i++)
        for (size_t w = 0; w < sizeof(secret_words) / sizeof(secret_words[0]); w++)
            if (length - i >= strlen(secret_words[w]) &&
                strncasecmp(key + i, secret_words[w], strlen(secret_words[w])) == 0)
                return !ends_in_file(key, length);
    return false;
}

/* The value behind such a key: "key: value", "\"key\": value". */
static bool find_value(const char *line, size_t length, struct mask *mask)
{
    for (size_t colon = 0; colon < length; colon++) {
        size_t end = colon, begin;
        if (line[colon] != ':')
            continue;
        while (end > 0 && strchr(" \"'", line[end - 1]))
            end--;
        for (begin = end; begin > 0 && is_word(line[begin - 1]); begin--)
            ;
        size_t value = colon + 1;
        while (value < length && line[value] == ' ')
            value++;
        if (names_secret(line + begin, end - begin) && value < length && value > colon + 1) {
            *mask = (struct mask){value, length};
            return true;
        }
    }
    return false;
}

/* What stands between "://" and an "@" before the host's end. */
static bool find_userinfo(const char *line, size_t length, size_t from, struct mask *mask)
{
    for (size_t i = from; i + 3 < length; i++) {
        size_t end = i + 3;
        if (memcmp(line + i, "://", 3) != 0)
            continue;
        while (end < length && !strchr("/ \"'@", line[end]))
            end++;
        if (end < length && line[end] == '@') {
            *mask = (struct mask){i + 3, end};
            return true;
        }
    }
    return false;
}

size_t mask_find(const char *line, size_t length_bytes, struct mask masks[MASK_MOST])
{
    size_t count = find_value(line, length_bytes, &masks[0]) ? 1 : 0, from = 0;

    while (count < MASK_MOST && find_userinfo(line, length_bytes, from, &masks[count]))
        from = masks[count++].to;
    return count;
}
