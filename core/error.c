#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct error_code_row error_code_table[] = {
    {ERROR_NONE, "ok", "success, nothing pending"},
    {ERROR_FAILED, "error", "error"},
    {ERROR_CHANGES, "changes", "changes or drift (check always; plan with --detailed-exitcode)"},
    {ERROR_INVALID, "invalid", "manifest, configuration or usage invalid"},
    {ERROR_AUTH, "auth", "authentication or permission"},
    {ERROR_REFUSED, "refused", "refused by a safety limit or protection"},
    {ERROR_STALE, "stale", "stale plan or concurrent change"},
    {ERROR_PARTIAL, "partial", "applied in part"},
    {ERROR_VERIFY, "verify", "verification failed"},
    {ERROR_INTERRUPTED, "interrupted", "interrupted"},
    {ERROR_NONE, NULL, NULL},
};

const char *error_code_name(enum error_code code)
{
    for (const struct error_code_row *row = error_code_table; row->name; row++)
        if (row->code == code)
            return row->name;
    return "error";
}

/* Bytes that could move a cursor or change a colour become '?'; a cut UTF-8 sequence at the
 * end is dropped. */
static void text_make_safe(char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool c1 =
            c == 0xC2 && (unsigned char)text[i + 1] >= 0x80 && (unsigned char)text[i + 1] < 0xA0;
        if ((c < 0x20 && c != '\n') || c == 0x7F)
            text[i] = '?';
        else if (c1)
            text[i] = text[i + 1] = '?';
    }
    while (length > 0 && ((unsigned char)text[length - 1] & 0xC0) == 0x80)
        length--;
    if (length < strlen(text) && length > 0) {
        unsigned char lead = (unsigned char)text[length - 1];
        size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (strlen(text) - (length - 1) < need)
            text[length - 1] = '\0';
    } else if (length > 0 && (unsigned char)text[length - 1] >= 0xC0) {
        text[length - 1] = '\0';
    }
}

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    va_list arguments;

    if (!error || error->code != ERROR_NONE)
        return false;
    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    text_make_safe(error->text);
    return false;
}

bool error_no_memory(struct error *error)
{
    return error_set(error, ERROR_FAILED, "out of memory");
}

bool error_wrap(struct error *error, const char *format, ...)
{
    char context[sizeof(error->text)];
    char whole[2 * sizeof(error->text) + 4];
    va_list arguments;

    if (!error || error->code == ERROR_NONE)
        return false;
    va_start(arguments, format);
    vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    snprintf(whole, sizeof(whole), "%s: %s", context, error->text);
    memcpy(error->text, whole, sizeof(error->text) - 1);
    error->text[sizeof(error->text) - 1] = '\0';
    text_make_safe(error->text);
    return false;
}
