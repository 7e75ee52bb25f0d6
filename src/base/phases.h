/* Phases: lists of index ranges, run strictly in order, each cut into tasks that threads claim. No kernel knows who runs it. */
#ifndef GD_BASE_PHASES_H
#define GD_BASE_PHASES_H

#include <stddef.h>
#include <stdint.h>

#include <gradus/context.h>

/* Works on [begin, end) of the phase's range. Any tasks of a phase may run at the same time and in any order; none may block or fail. Results go to
 * places given by the index, never by the thread. */
typedef void gd_phase_function(void *argument, size_t begin, size_t end);

typedef struct gd_phase {
    gd_phase_function *function;
    void *argument;
    size_t count; /* the range is [0, count) */
    size_t grain; /* indices a task, > 0; tasks are [t*grain, min((t+1)*grain, count)) */
} gd_phase;

/* Runs the phases: phase i+1 begins when every task of phase i has ended. `nanoseconds` is what one thread would
 * take, roughly, for those phases that have more than one task: a list for which other threads would not save more than they cost runs on the calling
 * thread, in order. The bits are the same however it is run. The first `abandonable` phases stop between tasks when
 * gradus_interrupt asks for it; then nothing of the later phases runs, the request is cleared and GRADUS_INTERRUPTED is returned with its message
 * set. Otherwise GRADUS_OK. The caller has entered the FP environment (base/fp.h). */
gradus_status gd_phases_run(gradus_context *context, const gd_phase *phases, size_t count, double nanoseconds, size_t abandonable);

/* For tests: how lists are run from now on in the whole process. -1: as usual; 0: always in order on the caller; 1: always shared, however small,
 * tasks claimed in a permuted order and threads delayed at random. Results must not change. */
void gd_phases_test_mode(int mode);

/* How many threads this process should use, and why: GRADUS_NUM_THREADS, OMP_NUM_THREADS (texts or NULL; the first number of a list), else min(CPUs
 * of the affinity mask, cgroup v1 or v2 quota rounded down, at least 1). false: a text is malformed (*reason names the variable). At most 256. */
int gd_threads_choose(const char *gradus_num_threads, const char *omp_num_threads, uint32_t *threads, const char **reason);

#endif
