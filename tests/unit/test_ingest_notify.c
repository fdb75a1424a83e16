/* What systemd is told: one datagram, to a path or to an abstract name. */
#include "ingest/notify.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A manager that listens; `name` begins with "@" for one that is in no file system. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    return fd;
}

/* The datagram that is there; "" when there is none. */
static const char *receive(int fd, char *text, size_t size)
{
    ssize_t length = recv(fd, text, size - 1, MSG_DONTWAIT);

    text[length > 0 ? length : 0] = '\0';
    return text;
}

static void check_manager(const char *name)
{
    char text[256];
    int fd = listen_at(name);

    setenv("NOTIFY_SOCKET", name, 1);
    notify("READY=1");
    notify("STOPPING=1");
    assert_string_equal(receive(fd, text, sizeof(text)), "READY=1");
    assert_string_equal(receive(fd, text, sizeof(text)), "STOPPING=1");
    assert_string_equal(receive(fd, text, sizeof(text)), "");
    close(fd);
}

static void a_manager_at_a_path_is_told(void **state)
{
    char folder[] = "/tmp/notify-XXXXXX", path[64];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/s", folder);
    check_manager(path);
    unlink(path);
    rmdir(folder);
}

static void a_manager_with_an_abstract_name_is_told(void **state)
{
    char name[64];

    (void)state;
    snprintf(name, sizeof(name), "@test-ingest-notify-%ld", (long)getpid());
    check_manager(name);
}

static void a_reload_says_when_it_began(void **state)
{
    char name[64], text[256];
    struct timespec before, after;
    long long said_us = 0;
    int fd, end = 0;

    (void)state;
    snprintf(name, sizeof(name), "@test-ingest-reload-%ld", (long)getpid());
    fd = listen_at(name);
    setenv("NOTIFY_SOCKET", name, 1);
    clock_gettime(CLOCK_MONOTONIC, &before);
    notify_reloading();
    clock_gettime(CLOCK_MONOTONIC, &after);
    receive(fd, text, sizeof(text));
    assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%lld%n", &said_us, &end), 1);
    assert_int_equal(text[end], '\0');
    assert_true(said_us >= before.tv_sec * 1000000LL + before.tv_nsec / 1000);
    assert_true(said_us <= after.tv_sec * 1000000LL + after.tv_nsec / 1000);
    close(fd);
}

static void nobody_is_told_when_nobody_asked(void **state)
{
    static const char *const names[] = {
        "", "@", "/", "relative", "/nowhere/at/all", "@nobody-listens-here"};
    char endless[512];

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    notify("READY=1");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        notify("READY=1");
    }
    memset(endless, 'x', sizeof(endless));
    endless[0] = '/';
    endless[sizeof(endless) - 1] = '\0';
    setenv("NOTIFY_SOCKET", endless, 1);
    notify("READY=1");
    notify_reloading();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manager_at_a_path_is_told),
        cmocka_unit_test(a_manager_with_an_abstract_name_is_told),
        cmocka_unit_test(a_reload_says_when_it_began),
        cmocka_unit_test(nobody_is_told_when_nobody_asked),
    };

    return cmocka_run_group_tests_name("ingest notify", tests, NULL, NULL);
}
