/* Halves of surrogate pairs. */
#include "ingest/surrogate.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define LONE "\\ufffd"

static const struct row {
    const char *text, *mended; /* NULL: nothing to mend */
} rows[] = {
    {"", NULL},
    {"\"a\"", NULL},
    {"\"\\u00e9\\n\\\"\"", NULL},
    {"\"\\ud83d\\ude00\"", NULL},
    {"\"\\uD83D\\uDE00\\udbff\\udfff\"", NULL},
    {"\"\\ud83d\"", "\"" LONE "\""},
    {"\"\\uDE00\"", "\"" LONE "\""},
    {"\"\\ude00\\ud83d\"", "\"" LONE LONE "\""},
    {"\"\\ud83d\\ud83d\\ude00\"", "\"" LONE "\\ud83d\\ude00\""},
    {"\"\\ud83dude00\"", "\"" LONE "ude00\""},
    {"\"\\ud83d\\u0041\"", "\"" LONE "\\u0041\""},
    {"\"\\\\ud83d\"", NULL}, /* a backslash, then letters */
    {"\"\\\\\\ud83d\"", "\"\\\\" LONE "\""},
    {"\"\\ud83", NULL}, /* cut */
    {"\"\\ud83d", "\"" LONE},
    {"\\", NULL},
    {"\"\\ud8zz\"", NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t bytes = strlen(rows[i].text);
        char *text =
            malloc(bytes ? bytes : 1); /* without a NUL behind it, for the sanitizer to see */

        assert_non_null(text);
        memcpy(text, rows[i].text, bytes);
        assert_int_equal(surrogates_mend(text, bytes), rows[i].mended != NULL);
        assert_memory_equal(text, rows[i].mended ? rows[i].mended : rows[i].text, bytes);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
