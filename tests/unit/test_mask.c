/* What of a line is not shown: secrets, and nobody else's values. */
#include "core/mask.h"

#include "tests/unit/unit.h"

static const struct {
    const char *line, *shown;
} rows[] = {
    {"client_secret: hunter2", "client_secret: *******"},
    {"    \"client_secret\" : \"hunter2\" # mine", "    \"client_secret\" : ****************"},
    {"a: {password: x, b: 1}", "a: {password: ********"},
    {"API_TOKEN: abc", "API_TOKEN: ***"},
    {"token_file: /etc/token", "token_file: /etc/token"},
    {"client_secret_file: /etc/x", "client_secret_file: /etc/x"},
    {"name: secretary", "name: secretary"},
    {"client_secret:", "client_secret:"},
    {"url: https://u:pw@a.example/x", "url: https://****@a.example/x"},
    {"url: https://a.example/x@y", "url: https://a.example/x@y"},
    {"{a: \"http://u@b\", c: \"http://v:w@d\"}", "{a: \"http://*@b\", c: \"http://***@d\"}"},
    {"url: https://", "url: https://"},
    {"", ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mask masks[MASK_MOST];
        char shown[128];
        size_t length = strlen(rows[i].line), count = mask_find(rows[i].line, length, masks);

        assert_in_range(count, 0, MASK_MOST);
        memcpy(shown, rows[i].line, length + 1);
        for (size_t m = 0; m < count; m++)
            memset(shown + masks[m].from, '*', masks[m].to - masks[m].from);
        assert_string_equal(shown, rows[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
