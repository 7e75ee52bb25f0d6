/* A run's checkpoints in its folder. */
#include "cli/run_checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gradus/model.h>

#include "base/context.h"
#include "base/io.h"
#include "cli/config_compare.h"
#include "report/progress.h"

enum { MESSAGE = 1200 };

/* A line on stderr that is no error. */
static void say(const gd_run_checkpoint *run, const char *what) { (void)gd_complain(run->arguments->command, GD_EXIT_DONE, what, NULL); }

static int fail(const gd_run_checkpoint *run, gradus_status status) { return gd_means_failed(run->means, run->arguments, status); }

static bool there(const char *path) { return access(path, F_OK) == 0; }

/* Temporary files of processes that were killed while they wrote. Whoever lives may still be writing (an eval or export of another kind). */
static void remove_leftovers(const char *folder) {
    DIR *list = opendir(folder);
    if (list == NULL) return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        long process;
        int number, end = 0;
        if (sscanf(entry->d_name, ".gradus-%ld-%d.tmp%n", &process, &number, &end) != 2 || end == 0 || entry->d_name[end] != 0) continue;
        if (kill((pid_t)process, 0) == 0 || errno != ESRCH) continue;
        (void)unlinkat(dirfd(list), entry->d_name, 0);
    }
    closedir(list);
}

static int remove_earlier(const gd_run_checkpoint *run, const char *previous) {
    const char *const paths[] = {run->last, previous, run->best_path};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (unlink(paths[i]) == 0 || errno == ENOENT) continue;
        char what[PATH_MAX + 100];
        snprintf(what, sizeof what, "%s: cannot be removed: %s", paths[i], strerror(errno));
        return gd_complain(run->arguments->command, GD_EXIT_FAILED, what, "give another --out");
    }
    return GD_EXIT_DONE;
}

static int compare(const gd_run_checkpoint *run, const char *old) {
    char difference[MESSAGE - 400], what[MESSAGE];
    if (gd_config_continues(old, run->configuration, difference, sizeof difference)) return GD_EXIT_DONE;
    snprintf(what, sizeof what, "%.300s: holds a run of another configuration: %s", run->folder, difference);
    return gd_complain(run->arguments->command, GD_EXIT_FAILED, what,
                       "--resume goes on with the same configuration (--epochs may grow); for another run give another --out");
}

/* The one that is damaged goes aside, so that the next save does not put it in the place of the good one. Why it is, the log has said. */
static void set_aside(const gd_run_checkpoint *run, const gradus_checkpoint_info *info) {
    char damaged[PATH_MAX + 16], what[MESSAGE];
    snprintf(damaged, sizeof damaged, "%s.damaged", run->last);
    const bool moved = rename(run->last, damaged) == 0;
    snprintf(what, sizeof what, "%.500s cannot be used%s: going on from %.500s", run->last, moved ? " (kept as *.damaged)" : "", info->path);
    say(run, what);
}

static void say_where(const gd_run_checkpoint *run, const gradus_train_state *state) {
    char what[MESSAGE];
    if (state->end != GRADUS_TRAIN_END_UNSET && state->end != GRADUS_TRAIN_END_CALLBACK) {
        snprintf(what, sizeof what, "%.500s: the run had finished after step %" PRIu64, run->folder, state->steps);
    } else {
        snprintf(what, sizeof what, "%.500s: going on after step %" PRIu64, run->folder, state->steps);
    }
    say(run, what);
}

static int restore(gd_run_checkpoint *run, const gradus_checkpoint *checkpoint, gradus_train_state *state) {
    gradus_checkpoint_info info = {.struct_size = sizeof info};
    gradus_checkpoint_describe(checkpoint, &info);
    int code = compare(run, info.configuration);
    if (code != GD_EXIT_DONE) return code;
    gradus_status status = gradus_checkpoint_restore(run->means->context, checkpoint, run->net, run->optimizer, run->best);
    if (status != GRADUS_OK) return fail(run, status);
    if (info.warning != NULL) set_aside(run, &info);
    *state = run->saved = *info.state;
    run->saved.end = GRADUS_TRAIN_END_UNSET; /* should it go on, it will end anew */
    run->earlier_seconds = info.seconds;
    if (there(run->best_path)) run->best_saved = state->best_epoch;
    say_where(run, state);
    return GD_EXIT_DONE;
}

/* No checkpoint: the run was stopped before its first one, or never began. What it was asked for must still be the same. */
static int begin_anew(const gd_run_checkpoint *run) {
    enum { MOST = 1 << 20 };
    gradus_context *context = run->means->context;
    const gradus_allocator allocator = gd_default_allocator();
    gd_writer text = gd_writer_make(&allocator);
    char path[PATH_MAX + 16], what[MESSAGE];
    uint8_t *bytes;
    size_t size;
    int code = GD_EXIT_DONE;
    snprintf(path, sizeof path, "%s/config", run->folder);
    if (there(path)) {
        gradus_status status = gd_file_read(context, path, MOST, &bytes, &size);
        if (status != GRADUS_OK) return fail(run, status);
        gd_write_bytes(&text, bytes, size);
        gd_write_bytes(&text, "", 1);
        code = text.failed ? gd_complain(run->arguments->command, GD_EXIT_FAILED, "out of memory", NULL) : compare(run, (const char *)text.data);
        gd_writer_free(&text);
        gd_release(&context->allocator, bytes, size);
    }
    snprintf(what, sizeof what, "%.500s: no checkpoint yet: from the start", run->folder);
    if (code == GD_EXIT_DONE) say(run, what);
    return code;
}

int gd_run_checkpoint_begin(gd_run_checkpoint *run, bool resume, gradus_train_state *state) {
    char previous[GD_PATH_SIZE];
    gradus_checkpoint *checkpoint;
    gradus_train_state_init(&run->saved);
    run->saved_at = gd_seconds();
    if (run->folder == NULL) return GD_EXIT_DONE;
    snprintf(run->last, sizeof run->last, "%s/last.safetensors", run->folder);
    snprintf(run->best_path, sizeof run->best_path, "%s/best.safetensors", run->folder);
    if (!gd_file_previous(run->last, previous)) return gd_complain(run->arguments->command, GD_EXIT_FAILED, "the folder's path is too long", NULL);
    remove_leftovers(run->folder);
    if (!resume) return remove_earlier(run, previous);
    if (!there(run->last) && !there(previous)) return begin_anew(run);
    gradus_status status = gradus_checkpoint_open(run->means->context, run->last, &checkpoint);
    if (status != GRADUS_OK) return fail(run, status);
    int code = restore(run, checkpoint, state);
    gradus_checkpoint_close(run->means->context, checkpoint);
    return code;
}

int gd_run_checkpoint_save(gd_run_checkpoint *run, const gradus_train_state *state, double seconds) {
    gradus_checkpoint_contents contents;
    gradus_context *context = run->means->context;
    const bool best = run->best != NULL && state->best_epoch != 0;
    if (run->folder == NULL) return GD_EXIT_DONE;
    gradus_checkpoint_contents_init(&contents);
    contents.net = run->net;
    contents.best = best ? run->best : NULL;
    contents.optimizer = run->optimizer;
    contents.state = state;
    contents.configuration = run->configuration;
    contents.seconds = run->earlier_seconds + seconds;
    gradus_status status = gradus_checkpoint_save(context, run->last, &contents);
    if (status == GRADUS_OK && best && state->best_epoch != run->best_saved)
        status = gradus_model_save(context, run->best, run->schema, run->best_path);
    if (status != GRADUS_OK) return fail(run, status);
    if (best) run->best_saved = state->best_epoch;
    run->saved = *state;
    run->saved_at = gd_seconds();
    return GD_EXIT_DONE;
}

int gd_run_checkpoint_step(gd_run_checkpoint *run, const gradus_train_state *state, double seconds) {
    if (run->folder == NULL || !gd_checkpoint_policy_due(&run->every, state, &run->saved, gd_seconds() - run->saved_at)) return GD_EXIT_DONE;
    return gd_run_checkpoint_save(run, state, seconds);
}
