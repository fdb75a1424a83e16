#include "tests/alloc/alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
int __real_vasprintf(char **out, const char *format, va_list arguments);
int __wrap_vasprintf(char **out, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
int __wrap___vasprintf_chk(char **out, int flag, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **out, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* LeakSanitizer's, where the program has it. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static struct {
    bool on, failed, wrong;
    enum alloc_mode mode;
    size_t nth, count; /* count: since alloc_on */
    size_t passed_total, failed_total;
} state;

/* True when this allocation has to fail. */
static bool fails(void)
{
    if (!state.on)
        return false;
    state.count++;
    if (state.nth == 0 || state.count < state.nth ||
        (state.count > state.nth && state.mode == ALLOC_ONE))
        return false;
    state.failed = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(memory, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return fails() ? NULL : __real_strndup(text, length);
}

/* What *out is after a failure is undefined, and shows when it is used. (asprintf(3)) */
int __wrap_vasprintf(char **out, const char *format, va_list arguments)
{
    if (fails()) {
        *out = (char *)(uintptr_t)1;
        return -1;
    }
    return __real_vasprintf(out, format, arguments);
}

int __wrap_asprintf(char **out, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = __wrap_vasprintf(out, format, arguments);
    va_end(arguments);
    return length;
}

/* What the two are called when the C library checks formats (_FORTIFY_SOURCE). */
int __wrap___vasprintf_chk(char **out, int flag, const char *format, va_list arguments)
{
    (void)flag;
    return __wrap_vasprintf(out, format, arguments);
}

int __wrap___asprintf_chk(char **out, int flag, const char *format, ...)
{
    va_list arguments;
    int length;

    (void)flag;
    va_start(arguments, format);
    length = __wrap_vasprintf(out, format, arguments);
    va_end(arguments);
    return length;
}

void alloc_on(size_t nth, enum alloc_mode mode)
{
    state.nth = nth;
    state.mode = mode;
    state.count = 0;
    state.failed = false;
    state.on = true;
}

void alloc_off(void)
{
    state.on = false;
}

bool alloc_has_failed(void)
{
    return state.failed;
}

void alloc_wrong(const char *format, ...)
{
    bool was_on = state.on;
    va_list arguments;

    state.on = false;
    printf("FAIL allocation %zu%s: ", state.nth, state.mode == ALLOC_ALL ? " and after" : "");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    state.wrong = true;
    state.on = was_on;
}

/* Shows where the first difference is. */
static void compare(const char *result, const char *expected)
{
    size_t same = 0, from;

    while (result[same] && result[same] == expected[same])
        same++;
    from = same > 60 ? same - 60 : 0;
    if (result[same] || expected[same])
        alloc_wrong("a wrong success: \"…%.200s\", not \"…%.200s\"", result + from,
                    expected + from);
}

/* One run against the result that it should have. True: its n-th allocation came and failed. */
static bool run(alloc_scenario scenario, enum alloc_mode mode, size_t nth, const char *expected)
{
    struct buf result;
    bool ok;

    buf_init(&result, SIZE_MAX / 2);
    ok = scenario(nth, mode, &result);
    alloc_off();
    if (ok)
        compare(buf_text(&result), expected);
    if (!ok && !state.failed)
        alloc_wrong("an error although nothing failed");
    buf_release(&result);
    return state.failed;
}

static void try_mode(const char *name, alloc_scenario scenario, enum alloc_mode mode)
{
    struct buf expected;
    size_t runs = 0;

    state.wrong = false;
    buf_init(&expected, SIZE_MAX / 2);
    if (!scenario(0, mode, &expected))
        alloc_wrong("%s fails with memory enough", name);
    alloc_off();
    while (!state.wrong && run(scenario, mode, runs + 1, buf_text(&expected)))
        runs++;
    buf_release(&expected);
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0)
        alloc_wrong("memory was lost");
    state.passed_total += !state.wrong;
    state.failed_total += state.wrong;
    printf("%s %s: %zu allocations, %s\n", state.wrong ? "not ok" : "ok", name, runs,
           mode == ALLOC_ALL ? "each and all after it" : "each alone");
    fflush(stdout);
}

void alloc_try(const char *name, alloc_scenario scenario)
{
    try_mode(name, scenario, ALLOC_ONE);
    try_mode(name, scenario, ALLOC_ALL);
}

int alloc_end(void)
{
    printf("%zu passed, %zu failed\n", state.passed_total, state.failed_total);
    return state.failed_total > 0 || state.passed_total == 0;
}
