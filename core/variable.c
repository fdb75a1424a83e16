#include "core/variable.h"

#include "core/buf.h"
#include "core/text.h"
#include "core/yaml.h"

#include <stdlib.h>
#include <string.h>

enum { EXPANDED_MAX = 64 * 1024, VARIABLES_SUGGESTED = 256 };

bool variable_occurs(const char *text)
{
    return strstr(text, "${") != NULL;
}

static struct variable *find(struct variable_list *list, const char *name, size_t length)
{
    for (size_t i = 0; i < list->count; i++)
        if (strlen(list->items[i].name) == length && memcmp(list->items[i].name, name, length) == 0)
            return &list->items[i];
    return NULL;
}

static bool refuse_undeclared(const struct variable_list *list, struct diag_list *diags,
                              struct place place, const char *name)
{
    const char *names[VARIABLES_SUGGESTED + 1] = {NULL};
    const char *nearest;
    struct buf hint;

    for (size_t i = 0; i < list->count && i < VARIABLES_SUGGESTED; i++)
        names[i] = list->items[i].name;
    nearest = text_nearest(name, names);
    buf_init(&hint, EXPANDED_MAX);
    if (nearest)
        buf_printf(&hint, "did you mean ${%s}?", nearest);
    else
        buf_printf(&hint, "declare it: variables: [%s]; or write $${ for a plain ${", name);
    diag_add(diags, "undeclared-variable", place, buf_text(&hint),
             "the variable %s is not declared in this file", name);
    diags->no_memory |= hint.failed;
    buf_release(&hint);
    return false;
}

/* False, with one finding for each variable, when it has no value that can be used. */
static bool check_value(struct variable *variable, struct diag_list *diags, struct place place)
{
    if (variable->value)
        return true;
    if (!variable->complained)
        diag_add(diags, "unset-variable", place, "set it in the environment",
                 "the variable %s is unset or empty", variable->name);
    variable->complained = true;
    return false;
}

/* Appends the value of the reference at `at` ("${NAME}"), and moves past it. */
static bool add_value(struct variable_list *list, struct diag_list *diags, struct place place,
                      const char **at, struct buf *out)
{
    const char *name = *at + 2, *end = strchr(name, '}');
    size_t length = end ? (size_t)(end - name) : 0;
    struct variable *variable;
    char shown[101];

    if (!end || length == 0 || length >= sizeof(shown)) {
        diag_add(diags, "bad-variable", place, "write ${NAME}, or $${ for a plain ${",
                 "\"${\" is not followed by a name and \"}\"");
        return false;
    }
    memcpy(shown, name, length);
    shown[length] = '\0';
    variable = find(list, name, length);
    if (!variable)
        return refuse_undeclared(list, diags, place, shown);
    variable->used = true;
    if (!check_value(variable, diags, place))
        return false;
    if (strlen(variable->value) >
        EXPANDED_MAX - (out->length < EXPANDED_MAX ? out->length : EXPANDED_MAX)) {
        diag_add(diags, "bad-variable", place, NULL,
                 "with its variables filled in, the value is longer than %d KiB",
                 EXPANDED_MAX / 1024);
        return false;
    }
    buf_add_text(out, variable->value);
    *at = end + 1;
    return true;
}

const char *variable_expand(struct variable_list *list, struct arena *arena,
                            struct diag_list *diags, struct place place, const char *text)
{
    struct buf out;
    const char *expanded = NULL;

    buf_init(&out, EXPANDED_MAX + YAML_SCALAR_MAX_BYTES); /* fails for lack of memory alone */
    while (*text) {
        size_t plain = strcspn(text, "$");
        buf_add(&out, text, plain);
        text += plain;
        if (strncmp(text, "$${", 3) == 0) {
            buf_add_text(&out, "${");
            text += 3;
        } else if (strncmp(text, "${", 2) == 0) {
            if (!add_value(list, diags, place, &text, &out))
                goto cleanup;
        } else if (*text) {
            buf_add_char(&out, *text++);
        }
    }
    expanded = out.failed ? NULL : arena_copy(arena, buf_text(&out), out.length);
    diags->no_memory |= !expanded;
cleanup:
    buf_release(&out);
    return expanded;
}
