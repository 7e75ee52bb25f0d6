/* links: faults. Checkpoints and models on a failing disk: whatever system call fails, and however, the old file or the new one is there, whole, the error
 * names the file and the cause, and nothing else is left in the folder. */
#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "runs.h"

#include "fault/calls.h"

static net_shape small_shape(void) { return shape_of(5, 2, (const size_t[]){20, 3}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX); }

/* Names in the folder besides the two files. */
static size_t strangers(const folder *f) {
    size_t count = 0;
    DIR *list = opendir(f->path);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        count += entry->d_name[0] != 'l' && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(list);
    return count;
}

/* A folder with two generations of a run, as states of 1 and 2 steps; the next one has 3. */
typedef struct scene {
    folder f;
    gradus_context *context;
    net_shape shape;
    trio run, loaded;
    uint64_t digests[4]; /* by steps */
    content files[3];    /* the file of 2 steps, of 1 step */
} scene;

static scene scene_make(void) {
    scene s;
    memset(&s, 0, sizeof s);
    s.f = folder_make();
    s.context = context_of(1);
    s.shape = small_shape();
    s.run = trio_make(s.context, &s.shape, "adam", 1);
    s.loaded = trio_make(s.context, &s.shape, "adam", 2);
    for (uint64_t step = 1; step <= 3; step++) {
        trio_steps(s.context, &s.run, &s.shape, step);
        s.digests[step] = trio_digest(s.context, &s.run);
        if (step < 3) trio_save(s.context, &s.run, s.f.last);
    }
    s.files[2] = slurp(s.f.last);
    s.files[1] = slurp(s.f.previous);
    return s;
}

static void scene_reset(scene *s) {
    unlink(s->f.last); /* they may be two names of one file */
    unlink(s->f.previous);
    spill(s->f.last, s->files[2].data, s->files[2].size);
    spill(s->f.previous, s->files[1].data, s->files[1].size);
}

static void scene_free(scene *s) {
    free(s->files[1].data);
    free(s->files[2].data);
    trio_free(s->context, &s->run);
    trio_free(s->context, &s->loaded);
    gradus_context_destroy(s->context);
    folder_drop(&s->f);
}

/* Which of the generations the folder now gives. */
static uint64_t steps_there(scene *s, bool *warning) {
    s->loaded.state.steps = 99;
    cr_assert_eq(trio_load(s->context, &s->loaded, s->f.last, warning), GRADUS_OK, "nothing to go on from: %s", gradus_context_message(s->context));
    cr_assert_eq(trio_digest(s->context, &s->loaded), s->digests[s->loaded.state.steps], "after step %d: not what was saved",
                 (int)s->loaded.state.steps);
    return s->loaded.state.steps;
}

static gradus_status save(scene *s) {
    const gradus_checkpoint_contents contents = trio_contents(&s->run, "data = here\nepochs = 3\n");
    return gradus_checkpoint_save(s->context, s->f.last, &contents);
}

/* Every call fails once with this error; how many there were. */
static size_t fail_each(scene *s, int error, bool for_good) {
    size_t at = 1;
    for (;; at++) {
        scene_reset(s);
        fault = (faults){.at = at, .error = error, .for_good = for_good};
        gradus_status status = save(s);
        const faults seen = fault;
        char message[1024];
        fault.at = 0;
        snprintf(message, sizeof message, "%s", gradus_context_message(s->context));
        if (!seen.happened) {
            cr_assert_eq(status, GRADUS_OK, "%s", gradus_context_message(s->context));
            return at - 1;
        }
        const uint64_t steps = steps_there(s, NULL);
        cr_assert_eq(strangers(&s->f), 0, "call %zu, %s: a temporary file is left", at, seen.name);
        if (status == GRADUS_OK) {
            cr_assert_eq(steps, 3, "call %zu, %s: saved, it says", at, seen.name);
        } else {
            const bool synced = strstr(message, "its folder cannot be synced") != NULL;
            cr_assert_eq(status, GRADUS_IO, "call %zu, %s: %s", at, seen.name, message);
            cr_assert(strstr(message, s->f.last) && strstr(message, strerror(error)), "%s", message);
            cr_assert_eq(steps, synced ? 3 : 2, "call %zu, %s", at, seen.name);
        }
    }
}

Test(faults, every_call_with_every_error) {
    static const int errors[] = {EIO, ENOSPC, EDQUOT, EROFS, EACCES};
    scene s = scene_make();
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        cr_expect_geq(fail_each(&s, errors[i], false), 9);
        cr_expect_geq(fail_each(&s, errors[i], true), 9, "a disk that stays away");
    }
    scene_free(&s);
}

/* Signals and short writes are no failures. */
Test(faults, interrupted_and_cut_short) {
    scene s = scene_make();
    for (size_t at = 1;; at++) {
        scene_reset(&s);
        fault = (faults){.at = at, .error = EINTR, .halves = true};
        const gradus_status status = save(&s);
        const faults seen = fault;
        fault.at = 0;
        if (!seen.happened) break;
        const bool retried = strcmp(seen.name, "write") == 0 || strcmp(seen.name, "fsync") == 0 || strcmp(seen.name, "close") == 0;
        cr_assert(!retried || status == GRADUS_OK, "%s: %s", seen.name, gradus_context_message(s.context));
        cr_assert_eq(steps_there(&s, NULL), status == GRADUS_OK ? 3 : 2);
        cr_assert_eq(strangers(&s.f), 0);
    }
    scene_free(&s);
}

/* The process ends before any one of its calls, as by kill -9: there is a generation to go on from, the new one as soon as it is in place. */
Test(faults, killed_before_any_call) {
    scene s = scene_make();
    uint64_t least = 3;
    size_t at = 1;
    for (int code = DIED; code == DIED; at++) {
        scene_reset(&s);
        const pid_t child = fork();
        if (child == 0) {
            fault = (faults){.at = at};
            _exit(save(&s) == GRADUS_OK ? 0 : 1);
        }
        cr_assert(waitpid(child, &code, 0) == child && WIFEXITED(code));
        code = WEXITSTATUS(code);
        cr_assert(code == DIED || code == 0, "call %zu: exit %d", at, code);
        bool warning;
        const uint64_t steps = steps_there(&s, &warning);
        cr_assert((steps == 2 || steps == 3) && !warning, "the file itself is always there");
        cr_assert(steps <= 3 && (steps == 3 || least != 0), "call %zu", at);
        if (steps == 3) least = 0;    /* from then on it stays */
        for (int i = 0; i < 2; i++) { /* what a process that died may leave: the new file, a second name of the old one */
            char temporary[200];
            snprintf(temporary, sizeof temporary, "%s/.gradus-%ld-%d.tmp", s.f.path, (long)child, i);
            unlink(temporary);
        }
        cr_assert_eq(strangers(&s.f), 0);
    }
    cr_expect_geq(at, 10);
    scene_free(&s);
}

/* A file that cannot be read is as one that is damaged. */
Test(faults, reading_falls_back) {
    scene s = scene_make();
    bool warning;
    for (size_t at = 1;; at++) {
        fault = (faults){.at = at, .error = EIO};
        const uint64_t steps = steps_there(&s, &warning);
        const faults seen = fault;
        fault.at = 0;
        if (!seen.happened) break;
        cr_assert(steps == 2 ? !warning : warning && steps == 1, "call %zu, %s", at, seen.name);
    }
    fault = (faults){.at = 1, .error = EIO, .for_good = true};
    cr_expect_eq(trio_load(s.context, &s.loaded, s.f.last, NULL), GRADUS_IO);
    fault.at = 0;
    cr_expect(says(s.context, s.f.last) && says(s.context, s.f.previous) && says(s.context, strerror(EIO)), "%s", gradus_context_message(s.context));
    scene_free(&s);
}

/* Models have one generation: the old one stays until the new one is whole. */
Test(faults, models_keep_the_old_file) {
    scene s = scene_make();
    char path[160];
    snprintf(path, sizeof path, "%s/l-model.safetensors", s.f.path);
    cr_assert_eq(gradus_model_save(s.context, s.loaded.net, NULL, path), GRADUS_OK);
    content old = slurp(path);
    for (size_t at = 1;; at++) {
        spill(path, old.data, old.size);
        fault = (faults){.at = at, .error = ENOSPC};
        const gradus_status status = gradus_model_save(s.context, s.run.net, NULL, path);
        const faults seen = fault;
        fault.at = 0;
        if (!seen.happened) break;
        const bool synced = status == GRADUS_OK || says(s.context, "its folder cannot be synced");
        content now = slurp(path);
        cr_assert_eq(now.size == old.size && memcmp(now.data, old.data, old.size) == 0, !synced, "call %zu, %s", at, seen.name);
        cr_assert_eq(strangers(&s.f), 0);
        free(now.data);
    }
    free(old.data);
    unlink(path);
    scene_free(&s);
}

/* -- real obstacles -- */

static void expect_failure(scene *s, const char *cause) {
    cr_expect_eq(save(s), GRADUS_IO);
    cr_expect(says(s->context, s->f.last) && says(s->context, cause), "%s", gradus_context_message(s->context));
    cr_expect_eq(steps_there(s, NULL), 2);
    cr_expect_eq(strangers(&s->f), 0);
}

Test(faults, no_room_for_so_large_a_file) {
    scene s = scene_make();
    struct rlimit usual, small;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = usual;
    small.rlim_cur = s.files[2].size - 1;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_failure(&s, "cannot write: File too large");
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &usual), 0);
    cr_expect_eq(save(&s), GRADUS_OK);
    scene_free(&s);
}

Test(faults, a_full_disk) {
    scene s = scene_make();
    /* A file system of this process's own, with room for two generations only. */
    char size[64];
    snprintf(size, sizeof size, "size=%zu", 2 * ((s.files[2].size + 4095) / 4096) * 4096);
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("tmpfs", s.f.path, "tmpfs", 0, size) == 0) {
        scene_reset(&s);
        expect_failure(&s, "cannot write: No space left on device");
        cr_expect_eq(umount(s.f.path), 0);
        scene_reset(&s);
    }
    scene_free(&s);
}

Test(faults, a_folder_that_may_not_be_written) {
    scene s = scene_make();
    cr_assert_eq(chmod(s.f.path, 0555), 0);
    const bool root = geteuid() == 0;
    if (root) cr_assert_eq(seteuid(65534), 0);
    expect_failure(&s, "cannot create a file in its folder: Permission denied");
    if (root) cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(chmod(s.f.path, 0755), 0);
    scene_free(&s);
}

Test(faults, folders_in_the_way) {
    scene s = scene_make();
    unlink(s.f.previous);
    cr_assert_eq(mkdir(s.f.previous, 0755), 0);
    expect_failure(&s, "cannot write: Is a directory");
    rmdir(s.f.previous);
    unlink(s.f.last);
    cr_assert_eq(mkdir(s.f.last, 0755), 0);
    cr_expect_eq(save(&s), GRADUS_IO);
    cr_expect(says(s.context, "cannot write: not a regular file"), "%s", gradus_context_message(s.context));
    rmdir(s.f.last);
    scene_free(&s);
}
