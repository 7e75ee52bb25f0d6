/* A run's folder: lock, config, history.csv; the model is written by the run itself. */
#include "cli/out_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/history.h"

static int fail(const gd_arguments *arguments, const char *path, const char *wrong, const char *remedy) {
    char what[PATH_MAX + 200];
    snprintf(what, sizeof what, "%s: %s", path, wrong);
    return gd_complain(arguments->command, GD_EXIT_FAILED, what, remedy);
}

/* mkdir -p. */
static bool make_folders(const char *path) {
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            struct stat existing; /* a parent that exists may answer EROFS or EACCES */
            int cause = errno;
            if (stat(part, &existing) != 0 || !S_ISDIR(existing.st_mode)) {
                errno = cause;
                return false;
            }
        }
    }
    return true;
}

static int take_lock(const gd_arguments *arguments, gd_out_folder *folder) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", folder->path);
    folder->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (folder->lock < 0) return fail(arguments, path, strerror(errno), "--out must name a folder that can be written to");
    if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0) return GD_EXIT_DONE;
    if (errno == EWOULDBLOCK) return fail(arguments, folder->path, "another run of gradus is writing there", "wait for it, or give another --out");
    return fail(arguments, path, strerror(errno), "--out must name a folder on a file system with locks");
}

static bool exists(const char *path) {
    struct stat ignored;
    return lstat(path, &ignored) == 0;
}

static int write_config(const gd_means *means, const gd_arguments *arguments, const char *path, const char *config) {
    gradus_status status = gd_file_replace(means->context, path, config, strlen(config));
    return status == GRADUS_OK ? GD_EXIT_DONE : gd_means_failed(means, arguments, status);
}

/* Whether the folder may be used: empty of runs, to be overwritten, or gone on with. */
static int check_contents(const gd_arguments *arguments, const gd_out_folder *folder) {
    if (arguments->overwrite || arguments->resume != NULL || (!exists(folder->model) && !exists(folder->config_path))) return GD_EXIT_DONE;
    return fail(arguments, folder->path, "holds a run already", "add --overwrite to replace it, go on with it by --resume, or give another --out");
}

static bool set_paths(gd_out_folder *folder) {
    if (strlen(folder->path) + sizeof "/model.safetensors" > PATH_MAX) return false;
    snprintf(folder->model, sizeof folder->model, "%s/model.safetensors", folder->path);
    snprintf(folder->history_path, sizeof folder->history_path, "%s/history.csv", folder->path);
    snprintf(folder->config_path, sizeof folder->config_path, "%s/config", folder->path);
    return true;
}

int gd_out_folder_open(const gd_arguments *arguments, gd_out_folder *folder) {
    memset(folder, 0, sizeof *folder);
    folder->lock = -1;
    folder->path = arguments->resume != NULL ? arguments->resume : arguments->out;
    if (folder->path == NULL) return GD_EXIT_DONE;
    if (!set_paths(folder)) return fail(arguments, folder->path, "the path is too long", NULL);
    if (arguments->resume != NULL && !exists(folder->path))
        return fail(arguments, folder->path, "there is no such folder", "--resume names the --out of an earlier run");
    if (!make_folders(folder->path)) return fail(arguments, folder->path, strerror(errno), "--out must name a folder that exists or can be made");
    int code = take_lock(arguments, folder);
    return code == GD_EXIT_DONE ? check_contents(arguments, folder) : code;
}

/* A run that begins takes an old model away first: what is in the folder from now on belongs to it. */
int gd_out_folder_begin(const gd_means *means, const gd_arguments *arguments, const char *config, uint64_t epochs, gd_out_folder *folder) {
    if (folder->path == NULL) return GD_EXIT_DONE;
    if (arguments->resume == NULL && unlink(folder->model) != 0 && errno != ENOENT) return fail(arguments, folder->model, strerror(errno), NULL);
    int code = write_config(means, arguments, folder->config_path, config);
    if (code != GD_EXIT_DONE) return code;
    folder->history = gd_history_open(folder->history_path, epochs);
    return folder->history != NULL ? GD_EXIT_DONE : fail(arguments, folder->history_path, strerror(errno), NULL);
}

bool gd_out_folder_end_history(const gd_arguments *arguments, gd_out_folder *folder) {
    if (folder->history == NULL) return true;
    bool written = ferror(folder->history) == 0;
    written = fclose(folder->history) == 0 && written;
    folder->history = NULL;
    if (!written) fail(arguments, folder->history_path, "could not be written", "is the disk full?");
    return written;
}

void gd_out_folder_close(gd_out_folder *folder) {
    if (folder->history != NULL) fclose(folder->history);
    if (folder->lock >= 0) close(folder->lock);
    folder->history = NULL;
    folder->lock = -1;
}
