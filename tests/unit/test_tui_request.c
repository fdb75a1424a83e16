/* Keys, their names, and what they ask for: the table holds together. */
#include "tests/unit/unit.h"

#include "tui/request.h"

enum { NAMES_MOST = 8, NAME_BYTES = 16, HELP_MOST = 65536 };

static int setup(void **state)
{
    (void)state;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return 0;
}

/* -- the table ----------------------------------------------------------------------------------
 */

/* The names of a row's keys. */
static size_t names_of(const struct request_row *row, char names[NAMES_MOST][NAME_BYTES])
{
    size_t count = 0;

    for (const char *at = row->keys; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        assert_true(count < NAMES_MOST && length > 0 && length < NAME_BYTES);
        memcpy(names[count], at, length);
        names[count++][length] = '\0';
    }
    return count;
}

static void test_rows_stand_at_their_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        const struct request_row *row = &request_table[i];
        assert_int_equal(row->request, i);
        if (i == REQUEST_NONE)
            continue;
        assert_true(*row->name && *row->keys && *row->help);
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(row->name));
        assert_int_equal(request_of_name(row->name, false), i);
    }
    assert_string_equal(request_table[REQUEST_NONE].name, "");
}

static void test_every_key_is_bound_once(void **state)
{
    char names[NAMES_MOST][NAME_BYTES];

    (void)state;
    for (size_t i = 1; i < REQUESTS; i++) {
        size_t count = names_of(&request_table[i], names);
        assert_true(count > 0);
        for (size_t n = 0; n < count; n++) {
            int key = key_of_name(names[n]);
            assert_true(key > 0);
            assert_int_equal(request_of_key(key, false), i); /* nobody before has it */
        }
    }
}

static void test_keys_of_the_manual(void **state)
{
    static const struct {
        const char *key;
        enum top_request request;
    } rows[] = {
        {"?", REQUEST_HELP},       {"/", REQUEST_FILTER},       {":", REQUEST_COMMAND},
        {"s", REQUEST_SORT_MENU},  {"<", REQUEST_SORT_LEFT},    {">", REQUEST_SORT_RIGHT},
        {"r", REQUEST_REVERSE},    {"j", REQUEST_DOWN},         {"Down", REQUEST_DOWN},
        {"k", REQUEST_UP},         {"Up", REQUEST_UP},          {"g", REQUEST_FIRST},
        {"Home", REQUEST_FIRST},   {"G", REQUEST_LAST},         {"End", REQUEST_LAST},
        {"PgUp", REQUEST_PAGE_UP}, {"PgDn", REQUEST_PAGE_DOWN}, {"Enter", REQUEST_IN},
        {"Esc", REQUEST_BACK},     {"Tab", REQUEST_PANEL},      {"z", REQUEST_FREEZE},
        {"[", REQUEST_STEP_BACK},  {"]", REQUEST_STEP_ON},      {"L", REQUEST_LIVE},
        {"Space", REQUEST_MARK},   {"w", REQUEST_SAVE},         {"q", REQUEST_QUIT},
        {"P", REQUEST_PAUSE},      {"R", REQUEST_REPLAY},       {"D", REQUEST_DISCARD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(request_of_key(key_of_name(rows[i].key), false), rows[i].request);
}

static void test_keys_that_ask_for_nothing(void **state)
{
    static const int keys[] = {-1,        0,         3 /* C-c is a signal */, 'x',       0xE9,
                               KEY_NONE_, KEYS_END_, KEYS_END_ + 1,           INT32_MAX, INT32_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_int_equal(request_of_key(keys[i], false), REQUEST_NONE);
}

static void test_read_only(void **state)
{
    size_t actions = 0;

    (void)state;
    for (size_t i = 1; i < REQUESTS; i++) {
        const struct request_row *row = &request_table[i];
        bool upper = row->keys[0] >= 'A' && row->keys[0] <= 'Z' && !row->keys[1];
        actions += row->acts;
        assert_int_equal(request_of_name(row->name, true), row->acts ? REQUEST_NONE : i);
        if (row->acts) {
            assert_true(upper); /* never by a slip of a finger */
            assert_int_equal(request_of_key(row->keys[0], true), REQUEST_NONE);
        }
    }
    assert_int_equal(actions, 3);
}

static void test_names_that_there_are_not(void **state)
{
    static const char *const names[] = {"", "qui", "quits", "QUIT", " quit", "sort", "?"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(request_of_name(names[i], false), REQUEST_NONE);
}

/* -- names of keys ------------------------------------------------------------------------------
 */

static void test_key_of_name(void **state)
{
    static const struct {
        const char *name;
        int key;
    } rows[] = {
        {"x", 'x'},
        {"~", '~'},
        {"\xC3\xA9", 0xE9},
        {"\xE5\xAD\x97", 0x5B57},
        {"\xF0\x9F\x98\x80", 0x1F600},
        {"Down", KEY_DOWN_},
        {"Space", ' '},
        {" ", ' '},
        {"C-a", 1},
        {"C-l", 12},
        {"C-z", 26},
        {"F1", KEY_F1_},
        {"S-Tab", KEY_BACK_TAB_},
        /* none */
        {"", -1},
        {"down", -1},
        {"Dow", -1},
        {"Downs", -1},
        {"xy", -1},
        {"C-", -1},
        {"C-A", -1},
        {"C-ab", -1},
        {"C-\xC3\xA9", -1},
        {"F2", -1},
        {"\x1b", -1},
        {"\x7f", -1},
        {"\n", -1},
        {"\xC2\x9B", -1},             /* C1 */
        {"\xC3", -1},                 /* cut */
        {"\xFF", -1},                 /* no UTF-8 */
        {"\xC0\xAF", -1},             /* overlong */
        {"\xED\xA0\x80", -1},         /* a surrogate */
        {"\xC3\xA9\xC3\xA9", -1},     /* two */
        {"a\xC3\xA9", -1},            /* two */
        {"\xF4\x90\x80\x80", -1},     /* past the last */
        {"\xF0\x9F\x98\x80\x80", -1}, /* more */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(key_of_name(rows[i].name), rows[i].key);
}

static void test_names_lead_back(void **state)
{
    char name[NAME_BYTES];

    (void)state;
    for (int key = 1; key < KEYS_END_; key++) {
        (void)key_name(name, sizeof(name), key);
        if (strcmp(name, "?") != 0 || key == '?')
            assert_int_equal(key_of_name(name), key);
    }
    for (int key = KEY_NONE_ + 1; key < KEYS_END_; key++) /* none was forgotten */
        assert_string_not_equal(key_name(name, sizeof(name), key), "?");
}

static void test_keys_without_a_name(void **state)
{
    static const int keys[] = {-1,     0,         27,        28,        0x7F,     0x9B,
                               0xD800, KEY_NONE_, KEYS_END_, INT32_MAX, INT32_MIN};
    char name[NAME_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_string_equal(key_name(name, sizeof(name), keys[i]), "?");
    assert_string_equal(key_name(name, 4, KEY_BACKSPACE_), "Bac"); /* cut, never past the end */
}

/* -- help ---------------------------------------------------------------------------------------
 */

static size_t lines_of(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void test_help(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, HELP_MOST);
    request_help(&out, false);
    assert_int_equal(lines_of(buf_text(&out)), REQUESTS - 1);
    assert_non_null(strstr(buf_text(&out), "j Down       the row below\n"));
    assert_non_null(strstr(buf_text(&out), "\nD            discard dead letters\n"));
    buf_reset(&out);
    request_help(&out, true);
    assert_int_equal(lines_of(buf_text(&out)), REQUESTS - 4);
    assert_null(strstr(buf_text(&out), "discard"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_rows_stand_at_their_number),
        UNIT(test_every_key_is_bound_once),
        UNIT(test_keys_of_the_manual),
        UNIT(test_keys_that_ask_for_nothing),
        UNIT(test_read_only),
        UNIT(test_names_that_there_are_not),
        UNIT(test_key_of_name),
        UNIT(test_names_lead_back),
        UNIT(test_keys_without_a_name),
        UNIT(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
