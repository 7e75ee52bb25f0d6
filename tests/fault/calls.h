/* System calls that fail when a test says so: the n-th call fails with an error, is cut short, or ends the process, as a kill or a power cut might. For tests
 * that are linked with -Wl,--wrap (`links: faults`); only the library's own calls are seen. */
#ifndef TESTS_FAULT_CALLS_H
#define TESTS_FAULT_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIED = 77 };

/* What is to happen, and what has. */
typedef struct faults {
    size_t at;     /* the call that fails, counted from 1; 0: none */
    int error;     /* with this errno; 0: the process ends before the call */
    bool for_good; /* every later call that needs the disk fails, too */
    bool halves;   /* every write takes half of what it is given, at most */
    size_t calls;  /* seen so far */
    bool happened;
    const char *name; /* of the call that failed first */
} faults;

static faults fault;

/* Whether this call is to fail; errno is then set. Closing and removing need no room on the disk. */
static inline bool fails(const char *name, bool needs_disk) {
    if (fault.at == 0) return false;
    fault.calls++;
    if (fault.calls != fault.at && !(fault.for_good && needs_disk && fault.calls > fault.at)) return false;
    if (fault.error == 0) _exit(DIED);
    if (!fault.happened) fault.name = name;
    fault.happened = true;
    errno = fault.error;
    return true;
}

/* The names that the C library's headers turn the calls into. */
#define WRAP(result, name, parameters, needs_disk, arguments) \
    result __real_##name parameters; \
    result __wrap_##name parameters; \
    result __wrap_##name parameters { return fails(#name, needs_disk) ? (result)-1 : __real_##name arguments; }

WRAP(int, fsync, (int file), true, (file))
WRAP(int, fchmod, (int file, mode_t mode), true, (file, mode))
WRAP(int, renameat, (int from_folder, const char *from, int to_folder, const char *to), true, (from_folder, from, to_folder, to))
WRAP(int, linkat, (int directory, const char *from, int to_directory, const char *to, int flags), true, (directory, from, to_directory, to, flags))
WRAP(int, unlinkat, (int directory, const char *path, int flags), false, (directory, path, flags))
WRAP(ssize_t, readlink, (const char *path, char *target, size_t size), false, (path, target, size))
WRAP(ssize_t, read, (int file, void *data, size_t size), true, (file, data, size))
WRAP(int, fstat64, (int file, struct stat *info), false, (file, info))
WRAP(int, fstatat64, (int directory, const char *path, struct stat *info, int flags), false, (directory, path, info, flags))

ssize_t __real_write(int file, const void *data, size_t size);
ssize_t __wrap_write(int file, const void *data, size_t size);
ssize_t __wrap_write(int file, const void *data, size_t size) {
    if (fails("write", true)) return -1;
    return __real_write(file, data, fault.halves && size > 1 ? size / 2 : size);
}

/* A descriptor that close reports an error of is gone all the same. */
int __real_close(int file);
int __wrap_close(int file);
int __wrap_close(int file) {
    const bool failed = fails("close", false);
    const int error = errno, result = __real_close(file);
    if (failed) errno = error;
    return failed ? -1 : result;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...) { return fails("open", false) ? -1 : __real_open64(path, flags); }

int __real_openat64(int directory, const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return fails("openat", true) ? -1 : __real_openat64(directory, path, flags, mode);
}

#endif
