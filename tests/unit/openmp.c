/* links: openmp
 * gradus_openmp_run: a team that works for a whole run, and every case in which there is none. */
#include <errno.h>
#include <omp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gradus/openmp.h>

#include "lists.h"

typedef struct run {
    gradus_context *context;
    size_t threads; /* that must meet */
    uint64_t digest;
    pthread_t thread;
    bool met, nested;
    meeting meeting;
} run;

/* What a run does: it meets its team, sleeps so that they do, meets them again, and computes. */
static int work(void *argument) {
    run *r = argument;
    r->thread = pthread_self();
    r->met = threads_meet(r->context, r->threads, &r->meeting);
    usleep(1000);
    r->met = r->met && threads_meet(r->context, r->threads, &r->meeting);
    r->digest = mix_rounds(r->context, 50, 50);
    r->nested = omp_in_parallel();
    return 42;
}

static uint64_t wanted_digest(void) {
    gradus_context *alone = context_of(1);
    uint64_t digest = mix_rounds(alone, 50, 50);
    gradus_context_destroy(alone);
    return digest;
}

static run run_with(gradus_context *context, int pin, size_t threads) {
    run r;
    memset(&r, 0, sizeof r);
    r.context = context;
    r.threads = threads;
    cr_assert_eq(gradus_openmp_run(context, pin, work, &r), 42);
    cr_assert(r.met);
    cr_assert_eq(r.digest, wanted_digest());
    cr_assert(pthread_equal(r.thread, pthread_self()), "not on the calling thread");
    return r;
}

Test(openmp, a_team_works, .timeout = 60) {
    for (uint32_t threads = 2; threads <= 7; threads += 5) {
        gradus_context *context = context_of(threads);
        for (int i = 0; i < 20; i++) cr_assert(run_with(context, 0, threads).nested, "no team was made");
        cr_assert_eq(context->pool->running, 0, "the pool's own threads were started");
        gradus_context_destroy(context);
    }
}

/* After a run, and where a run had no team, the pool's own threads work. */
Test(openmp, own_threads_before_and_after, .timeout = 60) {
    gradus_context *context = context_of(3);
    meeting m;
    cr_assert(threads_meet(context, 3, &m));
    run_with(context, 0, 3);
    cr_assert(threads_meet(context, 3, &m));
    gradus_context_destroy(context);
}

Test(openmp, one_thread_needs_no_team) {
    gradus_context *context = context_of(1);
    cr_assert_not(run_with(context, 0, 1).nested);
    gradus_context_destroy(context);
}

static int run_inside(void *argument) {
    run *r = argument;
    return gradus_openmp_run(r->context, 0, work, r);
}

Test(openmp, nested_runs_call_the_function, .timeout = 60) {
    gradus_context *context = context_of(3);
    run r;
    memset(&r, 0, sizeof r);
    r.context = context;
    r.threads = 3;
    cr_assert_eq(gradus_openmp_run(context, 0, run_inside, &r), 42);
    cr_assert(r.met && r.digest == wanted_digest());
    gradus_context_destroy(context);
}

/* Two contexts share a pool, and one already has the team's threads: the other's run goes on without. */
static int run_other(void *argument) {
    gradus_context **contexts = argument;
    return runs_alone(contexts[1]) ? 1 : 0;
}

Test(openmp, a_pool_lent_once, .timeout = 60) {
    gradus_pool *pool = pool_of(3);
    gradus_context *contexts[2] = {context_on(pool), context_on(pool)};
    cr_assert_eq(gradus_openmp_run(contexts[0], 0, run_other, contexts), 1);
    gradus_context_destroy(contexts[0]);
    gradus_context_destroy(contexts[1]);
    gradus_pool_destroy(pool);
}

static int look_at_cpus(void *argument) { return sched_getaffinity(0, sizeof(cpu_set_t), argument); }

Test(openmp, pinning_ends_with_the_run) {
    gradus_context *context = context_of(2);
    cpu_set_t before, during, after;
    sched_getaffinity(0, sizeof before, &before);
    cr_assert_eq(gradus_openmp_run(context, 1, look_at_cpus, &during), 0);
    sched_getaffinity(0, sizeof after, &after);
    cr_assert_eq(CPU_COUNT(&during), 1);
    cr_assert(CPU_EQUAL(&before, &after));
    cr_assert_eq(gradus_openmp_run(context, 0, look_at_cpus, &during), 0);
    cr_assert(CPU_EQUAL(&before, &during));
    gradus_context_destroy(context);
}

enum { CHILD_GOOD = 0, CHILD_BAD = 1, CHILD_CANNOT_TELL = 77 };

static int result_of_child(pid_t child) {
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "the child's status is %x", (unsigned)status);
    return WEXITSTATUS(status);
}

static int run_in_child(gradus_context *context, size_t threads, uint64_t wanted) {
    run r;
    memset(&r, 0, sizeof r);
    r.context = context;
    r.threads = threads;
    int result = gradus_openmp_run(context, 0, work, &r);
    return result == 42 && r.met && !r.nested && r.digest == wanted ? CHILD_GOOD : CHILD_BAD;
}

/* libgomp itself hangs here: both with the parent's context and with one made in the child. */
Test(openmp, a_forked_child_has_no_team, .timeout = 60) {
    gradus_context *context = context_of(3);
    uint64_t wanted = wanted_digest();
    run_with(context, 0, 3);
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        _exit(run_in_child(context, 1, wanted) | run_in_child(context_of(3), 3, wanted));
    }
    cr_assert_eq(result_of_child(child), CHILD_GOOD);
    gradus_context_destroy(context);
}

static void *nothing(void *argument) { return argument; }

static int run_without_threads(uint64_t wanted) {
    pthread_t thread;
    struct rlimit none = {0, 0};
    gradus_context *context = context_of(4);
    if (setrlimit(RLIMIT_NPROC, &none) != 0 || (getuid() == 0 && setuid(65534) != 0)) return CHILD_CANNOT_TELL;
    if (pthread_create(&thread, NULL, nothing, NULL) == 0) return CHILD_CANNOT_TELL;
    return run_in_child(context, 1, wanted);
}

/* libgomp itself ends the process here. */
Test(openmp, refused_threads_are_done_without, .timeout = 60) {
    uint64_t wanted = wanted_digest();
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        _exit(run_without_threads(wanted));
    }
    int result = result_of_child(child);
    if (result == CHILD_CANNOT_TELL) cr_skip_test("no limit on threads can be set here");
    cr_assert_eq(result, CHILD_GOOD);
}
