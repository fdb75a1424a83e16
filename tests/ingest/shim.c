/* A disk and a clock that go wrong when told to, preloaded into ingestd (LD_PRELOAD).
 *
 * SHIM_CONTROL names a file of `struct control`, mapped shared, so that a test may change its mind
 * while ingestd runs. Only files whose path holds SHIM_FILES are touched. (faults.py has the other
 * end)
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { OP_WRITE, OP_SYNC, OP_TRUNCATE, OP_READ, OP_OPEN, OP_COUNT }; /* open: to write */

struct fault {
    int32_t error;    /* errno to fail with; 0: none */
    int32_t skip;     /* calls that go well before */
    int32_t times;    /* calls that fail then; negative: all */
    int32_t partial;  /* writes: half of the bytes are written, and said so, once each time */
    int32_t delay_ms; /* before the call goes on */
    int32_t seen;     /* calls so far; counted by the shim */
    int32_t failed;   /* of these, failed */
};

struct control {
    int64_t clock_offset_s; /* added to the time of day */
    int64_t free_bytes;     /* what statvfs says is free; negative: the truth */
    struct fault faults[OP_COUNT];
};

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static struct control *control;
static const char *files;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void begin(void)
{
    const char *path = getenv("SHIM_CONTROL");
    int fd = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;

    files = getenv("SHIM_FILES");
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        control = map;
}

static int concerns(int fd)
{
    char link[64], path[4096];

    pthread_once(&once, begin);
    if (!control || !files)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, files) != NULL;
}

static void pause_ms(int32_t ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000L};

    if (ms > 0)
        nanosleep(&wait, NULL);
}

/* The errno to fail with, or 0; *partial says whether a write is to be cut short. */
static int32_t verdict(int op, int *partial)
{
    struct fault *fault = &control->faults[op];
    int32_t error = 0;

    pause_ms(fault->delay_ms);
    pthread_mutex_lock(&lock);
    fault->seen++;
    *partial = 0;
    if ((fault->error || fault->partial) && fault->skip > 0) {
        fault->skip--;
    } else if ((fault->error || fault->partial) && fault->times) {
        fault->times -= fault->times > 0;
        fault->failed++;
        error = fault->error;
        *partial = fault->partial;
    }
    pthread_mutex_unlock(&lock);
    return error;
}

/* True when the call is to fail; *count may have been halved. */
static int write_fails(int fd, size_t *count)
{
    int partial = 0;

    if (!concerns(fd))
        return 0;
    int32_t error = verdict(OP_WRITE, &partial);
    if (partial && *count > 1) {
        *count /= 2;
        return 0;
    }
    errno = error;
    return error != 0;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    return write_fails(fd, &count) ? -1 : REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    return write_fails(fd, &count) ? -1 : REAL(pwrite)(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    return write_fails(fd, &count) ? -1 : REAL(pwrite64)(fd, bytes, count, offset);
}

static int fails(int fd, int op)
{
    int partial;

    if (!concerns(fd))
        return 0;
    errno = verdict(op, &partial);
    return errno != 0;
}

int fsync(int fd)
{
    return fails(fd, OP_SYNC) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails(fd, OP_SYNC) ? -1 : REAL(fdatasync)(fd);
}

int ftruncate(int fd, off_t length)
{
    return fails(fd, OP_TRUNCATE) ? -1 : REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return fails(fd, OP_TRUNCATE) ? -1 : REAL(ftruncate64)(fd, length);
}

ssize_t pread64(int fd, void *bytes, size_t count, off64_t offset)
{
    return fails(fd, OP_READ) ? -1 : REAL(pread64)(fd, bytes, count, offset);
}

ssize_t pread(int fd, void *bytes, size_t count, off_t offset)
{
    return fails(fd, OP_READ) ? -1 : REAL(pread)(fd, bytes, count, offset);
}

static int open_fails(const char *path, int flags)
{
    int partial;

    pthread_once(&once, begin);
    if (!control || !files || (flags & O_ACCMODE) == O_RDONLY || !strstr(path, files))
        return 0;
    errno = verdict(OP_OPEN, &partial);
    return errno != 0;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT ? (mode_t)va_arg(arguments, int) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_fails(path, flags) ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_fails(path, flags) ? -1 : REAL(open64)(path, flags, mode);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static __typeof__(&clock_gettime) real;

    if (!real)
        real = REAL(clock_gettime);
    int result = real(clock, time);
    pthread_once(&once, begin);
    if (!result && clock == CLOCK_REALTIME && control)
        time->tv_sec += control->clock_offset_s;
    return result;
}

static void shorten(unsigned long unit, fsblkcnt64_t *available, fsblkcnt64_t *available_free)
{
    if (control && control->free_bytes >= 0 && unit)
        *available = *available_free = (fsblkcnt64_t)control->free_bytes / unit;
}

int statvfs64(const char *path, struct statvfs64 *about)
{
    int result = REAL(statvfs64)(path, about);

    pthread_once(&once, begin);
    if (!result)
        shorten(about->f_frsize, &about->f_bavail, &about->f_bfree);
    return result;
}

int fstatvfs64(int fd, struct statvfs64 *about)
{
    int result = REAL(fstatvfs64)(fd, about);

    pthread_once(&once, begin);
    if (!result)
        shorten(about->f_frsize, &about->f_bavail, &about->f_bfree);
    return result;
}

int statvfs(const char *path, struct statvfs *about)
{
    int result = REAL(statvfs)(path, about);

    pthread_once(&once, begin);
    if (!result)
        shorten(about->f_frsize, &about->f_bavail, &about->f_bfree);
    return result;
}

int fstatvfs(int fd, struct statvfs *about)
{
    int result = REAL(fstatvfs)(fd, about);

    pthread_once(&once, begin);
    if (!result)
        shorten(about->f_frsize, &about->f_bavail, &about->f_bfree);
    return result;
}
