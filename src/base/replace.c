/* Atomic replacement of a file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context.h"
#include "base/io.h"

enum { LINKS = 40, TEMPORARIES = 1000, NAME_SIZE = 64 };

/* Where the last component of a path begins. */
static char *last_component(char *path) {
    char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Follows symbolic links from path[GD_PATH_SIZE] to what is not one, there or not. 0 or an error number. */
static int follow_links(char *path) {
    char target[GD_PATH_SIZE];
    for (int i = 0; i < LINKS; i++) {
        ssize_t n = readlink(path, target, sizeof target);
        if (n < 0) return errno == EINVAL || errno == ENOENT ? 0 : errno;
        char *place = target[0] == '/' ? path : last_component(path); /* a relative target starts at the link's folder */
        if ((size_t)n >= (size_t)(path + GD_PATH_SIZE - place)) return ENAMETOOLONG;
        memcpy(place, target, (size_t)n);
        place[n] = 0;
    }
    return ELOOP;
}

static int write_all(int file, const uint8_t *data, size_t size) {
    while (size > 0) {
        ssize_t n = write(file, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) return ENOSPC;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* EINVAL: a file system that knows no syncing of such a descriptor; nothing more can be done there. */
static int sync_all(int file) {
    int result;
    do result = fsync(file);
    while (result != 0 && errno == EINTR);
    return result == 0 || errno == EINVAL ? 0 : errno;
}

/* On Linux the descriptor is gone after EINTR, too. */
static int close_checked(int file) { return close(file) == 0 || errno == EINTR ? 0 : errno; }

static void name_temporary(char name[NAME_SIZE], int number) { snprintf(name, NAME_SIZE, ".gradus-%ld-%d.tmp", (long)getpid(), number); }

/* A new file in the folder, under a name of no one else's; -1 with errno. */
static int create_temporary(int folder, mode_t mode, char name[NAME_SIZE]) {
    for (int i = 0; i < TEMPORARIES; i++) {
        name_temporary(name, i);
        int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (file >= 0 || errno != EEXIST) return file;
    }
    return -1;
}

/* Fills the new file and makes sure of it; it is closed in any case. */
static int fill(int file, const mode_t *mode, const void *data, size_t size) {
    int error = write_all(file, data, size);
    if (error == 0 && mode != NULL && fchmod(file, *mode) != 0) error = errno;
    if (error == 0) error = sync_all(file);
    int close_error = close_checked(file);
    return error != 0 ? error : close_error;
}

/* name[NAME_MAX + 1] gets "-previous" before its last point, or at its end. false: too long. */
static bool name_previous(char *name) {
    static const char mark[] = "-previous";
    const size_t length = strlen(name), added = sizeof mark - 1;
    size_t at = length;
    if (length + added > NAME_MAX) return false;
    for (size_t i = 1; i < length; i++)
        if (name[i] == '.') at = i;
    memmove(name + at + added, name + at, length - at + 1);
    memcpy(name + at, mark, added);
    return true;
}

/* A second name of a file in the folder, of no one else's; false: the file system has none, or it fails. */
static bool link_temporary(int folder, const char *name, char temporary[NAME_SIZE]) {
    for (int i = 0; i < TEMPORARIES; i++) {
        name_temporary(temporary, i);
        if (linkat(folder, name, folder, temporary, 0) == 0) return true;
        if (errno != EEXIST) return false;
    }
    return false;
}

/* Gives the file in place the name `previous`, too; where a file can have one name only, instead. 0 or an error number. */
static int keep_previous(int folder, const char *name, const char *previous) {
    char temporary[NAME_SIZE];
    if (!link_temporary(folder, name, temporary)) return renameat(folder, name, folder, previous) == 0 ? 0 : errno;
    const int error = renameat(folder, temporary, folder, previous) == 0 ? 0 : errno;
    (void)unlinkat(folder, temporary, 0); /* renaming does nothing where both are names of one file already */
    return error;
}

/* The new file takes its place. previous: the name that the one in place keeps, so that at every moment one of them is there, whole; NULL: it goes. 0 or
 * an error number; the file in place is then where it was. */
static int put_in_place(int folder, const char *temporary, const char *name, const char *previous) {
    int error = previous != NULL ? keep_previous(folder, name, previous) : 0;
    if (error != 0 || renameat(folder, temporary, folder, name) == 0) return error;
    error = errno;
    if (previous != NULL && faccessat(folder, name, F_OK, 0) != 0) (void)renameat(folder, previous, folder, name);
    return error;
}

static gradus_status replace_in(gradus_context *context, const char *path, int folder, const char *name, const char *previous, const void *data,
                                size_t size) {
    struct stat old;
    bool exists = fstatat(folder, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists && errno != ENOENT) return gd_fail_io(context, path, "cannot write", errno);
    if (exists && !S_ISREG(old.st_mode)) return gd_fail(context, GRADUS_IO, "%s: cannot write: not a regular file", path);

    mode_t kept_mode = exists ? old.st_mode & 0777 : 0;
    char temporary[NAME_SIZE];
    int file = create_temporary(folder, exists ? 0600 : 0666, temporary);
    if (file < 0) return gd_fail_io(context, path, "cannot create a file in its folder", errno);
    int error = fill(file, exists ? &kept_mode : NULL, data, size);
    if (error == 0) error = put_in_place(folder, temporary, name, exists ? previous : NULL);
    if (error != 0) {
        unlinkat(folder, temporary, 0);
        return gd_fail_io(context, path, "cannot write", error);
    }
    error = sync_all(folder);
    return error == 0 ? GRADUS_OK : gd_fail_io(context, path, "written, but its folder cannot be synced", error);
}

static gradus_status replace(gradus_context *context, const char *path, const void *data, size_t size, bool rotate) {
    int kept = errno;
    char real[GD_PATH_SIZE];
    size_t length = strlen(path);
    if (length >= sizeof real) return gd_fail_io(context, path, "cannot write", ENAMETOOLONG);
    memcpy(real, path, length + 1);
    int error = follow_links(real);
    if (error != 0) return gd_fail_io(context, path, "cannot write", error);

    char *last = last_component(real), name[NAME_MAX + 1], previous[NAME_MAX + 1];
    if (strlen(last) > NAME_MAX) return gd_fail_io(context, path, "cannot write", ENAMETOOLONG);
    if (*last == 0) return gd_fail(context, GRADUS_IO, "'%s': cannot write: expected a path that ends in a file's name", path);
    strcpy(name, last);
    strcpy(previous, last);
    if (rotate && !name_previous(previous)) return gd_fail_io(context, path, "cannot write", ENAMETOOLONG);
    strcpy(last, last == real ? "." : ""); /* what is left is the folder, a final slash included */
    int folder = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return gd_fail_io(context, path, "cannot open its folder", errno);
    gradus_status status = replace_in(context, path, folder, name, rotate ? previous : NULL, data, size);
    close(folder);
    errno = kept;
    return status;
}

gradus_status gd_file_replace(gradus_context *context, const char *path, const void *data, size_t size) {
    return replace(context, path, data, size, false);
}

gradus_status gd_file_rotate(gradus_context *context, const char *path, const void *data, size_t size) {
    return replace(context, path, data, size, true);
}

bool gd_file_previous(const char *path, char previous[GD_PATH_SIZE]) {
    char name[NAME_MAX + 1];
    const int kept = errno;
    if (strlen(path) >= GD_PATH_SIZE) return false;
    strcpy(previous, path);
    const bool followed = follow_links(previous) == 0;
    errno = kept;
    char *last = last_component(previous);
    if (!followed || *last == 0 || strlen(last) > NAME_MAX) return false;
    strcpy(name, last);
    if (!name_previous(name) || (size_t)(last - previous) + strlen(name) >= GD_PATH_SIZE) return false;
    strcpy(last, name);
    return true;
}
