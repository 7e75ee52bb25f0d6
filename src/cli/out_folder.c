/* A run's folder: lock, config, history.csv; the model is written by the run itself. */
#include "cli/out_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "format/json.h"

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

/* An old model goes first: what is in the folder from now on belongs to this run. */
static int begin_run(const gd_means *means, const gd_arguments *arguments, const char *config, gd_out_folder *folder) {
    char config_path[PATH_MAX];
    snprintf(config_path, sizeof config_path, "%s/config", folder->path);
    if ((exists(folder->model) || exists(config_path)) && !arguments->overwrite) {
        return fail(arguments, folder->path, "holds a run already", "add --overwrite to replace it, or give another --out");
    }
    if (unlink(folder->model) != 0 && errno != ENOENT) return fail(arguments, folder->model, strerror(errno), NULL);
    int code = write_config(means, arguments, config_path, config);
    if (code != GD_EXIT_DONE) return code;
    folder->history = fopen(folder->history_path, "we");
    if (folder->history == NULL) return fail(arguments, folder->history_path, strerror(errno), NULL);
    return GD_EXIT_DONE;
}

int gd_out_folder_open(const gd_means *means, const gd_arguments *arguments, const char *config, gd_out_folder *folder) {
    memset(folder, 0, sizeof *folder);
    folder->lock = -1;
    if (arguments->out == NULL) return GD_EXIT_DONE;
    folder->path = arguments->out;
    if (strlen(folder->path) + sizeof "/model.safetensors" > PATH_MAX) return fail(arguments, folder->path, "the path is too long", NULL);
    snprintf(folder->model, sizeof folder->model, "%s/model.safetensors", folder->path);
    snprintf(folder->history_path, sizeof folder->history_path, "%s/history.csv", folder->path);
    if (!make_folders(folder->path)) return fail(arguments, folder->path, strerror(errno), "--out must name a folder that exists or can be made");
    int code = take_lock(arguments, folder);
    return code == GD_EXIT_DONE ? begin_run(means, arguments, config, folder) : code;
}

static void write_number(FILE *out, double value) {
    char text[32];
    gd_json_print_number(text, value);
    fprintf(out, ",%s", text);
}

void gd_out_folder_epoch(gd_out_folder *folder, const gradus_progress *progress) {
    FILE *out = folder->history;
    const gradus_evaluation *valid = progress->valid;
    if (out == NULL) return;
    bool accuracy = valid != NULL && isfinite(valid->accuracy);
    if (ftell(out) == 0) fprintf(out, "epoch,learning_rate,loss%s%s\n", accuracy ? ",val_accuracy" : "", valid != NULL ? ",val_loss" : "");
    fprintf(out, "%" PRIu64, progress->epoch - 1);
    write_number(out, progress->learning_rate);
    write_number(out, progress->epoch_loss);
    if (accuracy) write_number(out, valid->accuracy);
    if (valid != NULL) write_number(out, valid->loss);
    fprintf(out, "\n");
    fflush(out);
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
