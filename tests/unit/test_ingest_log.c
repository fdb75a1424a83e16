/* The log: one line an event, quoted, safe for a terminal, and never a flood. */
#include "ingest/log.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

static char said[64 * 1024];

/* What `write_lines` writes to standard error. */
static const char *caught(void (*write_lines)(void))
{
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    write_lines();
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    size_t length = fread(said, 1, sizeof said - 1, file);
    said[length] = 0;
    fclose(file);
    return said;
}

static void write_plain(void)
{
    log_event(LOG_LEVEL_WARNING, "commit-failed", "trouble", "full", "count", log_number(-17),
              "nothing", NULL, "empty", "", NULL);
}

static void test_line(void **state)
{
    int year, month, day, hour, minute, second, ms, end = 0;

    (void)state;
    const char *line = caught(write_plain);
    assert_int_equal(sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour,
                            &minute, &second, &ms, &end),
                     7);
    assert_string_equal(line + end, "level=warning event=commit-failed trouble=full count=-17 "
                                    "nothing=- empty=\"\"\n");
}

static void write_hostile(void)
{
    log_event(LOG_LEVEL_ERROR, "hostile", "text", "a \"b\" \\ \x1b[2J\r\n\xff level=info", NULL);
}

/* A text from outside is one value, whatever is in it: it cannot end the line or begin another. */
static void test_hostile(void **state)
{
    (void)state;
    const char *line = caught(write_hostile);
    assert_null(strchr(line, '\x1b'));
    assert_null(strchr(line, '\xff'));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_non_null(strstr(line, "text=\"a \\\"b\\\""));
    assert_non_null(strstr(line, "level=info\"\n"));
}

static void write_flood(void)
{
    for (int i = 0; i < 1000; i++)
        log_event(LOG_LEVEL_WARNING, "flood", NULL);
    log_event(LOG_LEVEL_WARNING, "another", NULL);
}

static size_t count(const char *text, const char *word)
{
    size_t times = 0;

    for (const char *at = text; (at = strstr(at, word)); at++)
        times++;
    return times;
}

static void test_flood(void **state)
{
    (void)state;
    const char *lines = caught(write_flood);
    /* It takes no second; but the machine may have thought of something else meanwhile. */
    assert_in_range(count(lines, "event=flood"), LOG_BURST, 10 * LOG_BURST);
    assert_int_equal(count(lines, "event=another"), 1);
}

static void write_levels(void)
{
    log_event(LOG_LEVEL_DEBUG, "hidden", NULL);
    log_begin(LOG_LEVEL_DEBUG, true);
    log_event(LOG_LEVEL_DEBUG, "shown", NULL);
    log_event(LOG_LEVEL_ERROR, "bad", NULL);
    log_begin(LOG_LEVEL_INFO, false);
}

static void test_levels(void **state)
{
    (void)state;
    assert_string_equal(caught(write_levels),
                        "<7>level=debug event=shown\n<3>level=error event=bad\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
