#include "core/clock.h"

#include <pthread.h>
#include <time.h>

static pthread_once_t steady_once = PTHREAD_ONCE_INIT;
static int64_t steady_base_ms;

int64_t clock_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_unix_s(void)
{
    return clock_unix_us() / 1000000;
}

int64_t clock_unix_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void steady_begin(void)
{
    steady_base_ms = clock_unix_us() / 1000 - clock_monotonic_ms();
}

int64_t clock_steady_s(void)
{
    pthread_once(&steady_once, steady_begin);
    return (steady_base_ms + clock_monotonic_ms()) / 1000;
}
