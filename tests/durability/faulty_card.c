/* A card that loses power or fills up, put under a process with LD_PRELOAD.
 *
 *   ZJ_CUT_AT=N ZJ_SEED=S   at the N-th write to a file the power goes: of everything written and not yet synced a
 *                           seeded part is lost, blocks half written included, and the process is gone
 *                           (also: the_power_goes(N, S))
 *   ZJ_FULL_AT=B ZJ_FULL_MS=T   after B bytes every write fails with ENOSPC for T milliseconds
 *
 * Every write first reads what it replaces, so that a cut can put it back. Only regular files count.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOG = 65536 };
static struct { int fd; dev_t dev; ino_t ino; off_t at; size_t length; char *before; } undo[LOG];
static int logged;
static long cut_at = -1, full_at = -1, full_ms, writes, bytes, full_since;
static unsigned seed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int), (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    if (getenv("ZJ_CUT_AT")) cut_at = atol(getenv("ZJ_CUT_AT"));
    if (getenv("ZJ_SEED")) seed = atoi(getenv("ZJ_SEED"));
    if (getenv("ZJ_FULL_AT")) full_at = atol(getenv("ZJ_FULL_AT"));
    if (getenv("ZJ_FULL_MS")) full_ms = atol(getenv("ZJ_FULL_MS"));
}

/* For a fork that has the card of the process it comes from. */
void the_power_goes(long at_write, unsigned with_seed) {
    cut_at = at_write;
    seed = with_seed;
    writes = 0;
}

static long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void cut(void) {
    /* Newest first, so that what an older loss puts back is older still. A third stays, a third is lost whole, of a
     * third only the first part reached the card. */
    for (int i = logged - 1; i >= 0; i--) {
        int fate = rand_r(&seed) % 3;
        if (fate == 0) continue;
        size_t kept = fate == 1 ? 0 : rand_r(&seed) % (undo[i].length + 1);
        real_pwrite(undo[i].fd, undo[i].before + kept, undo[i].length - kept, undo[i].at + kept);
    }
    syscall(SYS_exit_group, 137);
}

/* Called with the lock held; returns -1 where the card is full. */
static int account(int fd, size_t length, off_t at) {
    struct stat s;
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) return 0;
    if (full_at >= 0) {
        if (bytes + (long)length > full_at) {
            if (!full_since) full_since = now_ms();
            if (now_ms() - full_since < full_ms) return -1;
        }
        bytes += length;
    }
    if (cut_at < 0) return 0;
    if (at < 0) at = lseek(fd, 0, SEEK_CUR);
    if (logged < LOG) {
        undo[logged].before = calloc(1, length + 1);
        if (pread(fd, undo[logged].before, length, at) >= 0) {
            /* A descriptor of our own: the process may close its one before the power goes. */
            undo[logged].fd = dup(fd);
            undo[logged].dev = s.st_dev;
            undo[logged].ino = s.st_ino;
            undo[logged].at = at;
            undo[logged].length = length;
            logged++;
        }
    }
    return 0;
}

static void synced(int fd) {
    struct stat s;
    if (cut_at < 0 || fstat(fd, &s) != 0) return;
    pthread_mutex_lock(&lock);
    int kept = 0;
    for (int i = 0; i < logged; i++) {
        if (undo[i].dev == s.st_dev && undo[i].ino == s.st_ino) {
            close(undo[i].fd);
            free(undo[i].before);
        } else {
            undo[kept++] = undo[i];
        }
    }
    logged = kept;
    pthread_mutex_unlock(&lock);
}

static int is_file(int fd) {
    struct stat s;
    return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) {
    pthread_mutex_lock(&lock);
    int full = account(fd, length, at);
    ssize_t done = full ? -1 : real_pwrite(fd, data, length, at);
    if (full) errno = ENOSPC;
    if (cut_at >= 0 && is_file(fd) && ++writes >= cut_at) cut();
    pthread_mutex_unlock(&lock);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwrite64(fd, data, length, at); }

ssize_t write(int fd, const void *data, size_t length) {
    pthread_mutex_lock(&lock);
    int full = account(fd, length, -1);
    ssize_t done = full ? -1 : real_write(fd, data, length);
    if (full) errno = ENOSPC;
    if (cut_at >= 0 && is_file(fd) && ++writes >= cut_at) cut();
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd) { int result = real_fsync(fd); if (result == 0) synced(fd); return result; }
int fdatasync(int fd) { int result = real_fdatasync(fd); if (result == 0) synced(fd); return result; }
