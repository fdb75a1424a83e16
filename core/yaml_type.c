/* What the text of a scalar is: the core schema of YAML 1.2 (section 10.3.2). */
#include "core/yaml.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static const char *const null_words[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const bool_words[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
static const char *const special_words[] = {".inf",  ".Inf",  ".INF",  "-.inf", "-.Inf",
                                            "-.INF", "+.inf", "+.Inf", "+.INF", ".nan",
                                            ".NaN",  ".NAN",  NULL};
static const char *const old_bool_words[] = {"y", "yes", "n", "no", "on", "off", NULL};

static bool is_all(const char *text, const char *set)
{
    return *text && text[strspn(text, set)] == '\0';
}

static const char *skip_sign(const char *text)
{
    return text + (*text == '-' || *text == '+');
}

static bool is_integer(const char *text)
{
    if (strncmp(text, "0x", 2) == 0)
        return is_all(text + 2, DIGITS "abcdefABCDEF");
    if (strncmp(text, "0o", 2) == 0)
        return is_all(text + 2, "01234567");
    return is_all(skip_sign(text), DIGITS);
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
    const char *at = skip_sign(text);
    size_t whole = strspn(at, DIGITS), part = 0;

    at += whole;
    if (*at == '.') {
        part = strspn(++at, DIGITS);
        at += part;
    }
    if (whole + part == 0)
        return false;
    if (*at == 'e' || *at == 'E')
        return is_all(skip_sign(at + 1), DIGITS);
    return *at == '\0';
}

enum yaml_type yaml_type(const char *text, bool plain)
{
    if (!plain)
        return YAML_TEXT;
    if (is_one_of(text, null_words))
        return YAML_NULL;
    if (is_one_of(text, bool_words))
        return YAML_BOOL;
    if (is_integer(text))
        return YAML_INT;
    if (is_one_of(text, special_words) || is_float(text))
        return YAML_FLOAT;
    return YAML_TEXT;
}

bool yaml_truth(const char *text)
{
    return strcasecmp(text, "true") == 0;
}

bool yaml_integer(const char *text, int64_t *value)
{
    bool octal = strncmp(text, "0o", 2) == 0;
    int base = octal ? 8 : strncmp(text, "0x", 2) == 0 ? 16 : 10;
    char *end;

    errno = 0;
    *value = strtoll(text + (octal ? 2 : 0), &end, base);
    return errno == 0 && *end == '\0' && *text != '\0';
}

bool yaml_real(const char *text, double *value)
{
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", NULL); /* "." is the point everywhere */
    char *end;

    if (!plain)
        return false;
    *value = strtod_l(text, &end, plain);
    freelocale(plain);
    return *end == '\0' && isfinite(*value);
}

static bool is_old_number(const char *text)
{
    const char *digits = skip_sign(text);

    if (strncmp(digits, "0b", 2) == 0)
        return is_all(digits + 2, "01_");
    if (!is_all(digits, DIGITS "_:") || *digits == '_' || *digits == ':')
        return false;
    return strpbrk(digits, "_:") || *text == '+' || (*digits == '0' && digits[1]);
}

bool yaml_is_ambiguous(const char *text)
{
    for (const char *const *word = old_bool_words; *word; word++)
        if (strcasecmp(text, *word) == 0)
            return true;
    return is_old_number(text);
}
