/* Lends an OpenMP team to a context: one parallel region around a whole run. The only OpenMP pragma of the house.
 * libgomp exits the process when it is refused a thread and hangs in a forked child, so both are found out first. */
#include <gradus/openmp.h>

#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/affinity.h"

enum { MOST_THREADS = 256 };

/* The process that opened the first region here: libgomp keeps its threads for ever, and a child of fork() inherits the belief that they are there. A
 * fact about the process and libgomp's state in it, which no object of ours could hold. */
static atomic_long first_process;

static bool is_forked_child(void) {
    long first = 0, self = (long)getpid();
    return !atomic_compare_exchange_strong(&first_process, &first, self) && first != self;
}

static void *wait_for_release(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* Whether this process may have `count` more threads: makes them, all at once, and joins them. */
static bool threads_are_granted(uint32_t count) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[MOST_THREADS];
    sigset_t all, old;
    uint32_t made = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&gate);
    while (made < count && pthread_create(&threads[made], NULL, wait_for_release, &gate) == 0) made++;
    pthread_mutex_unlock(&gate);
    for (uint32_t i = 0; i < made; i++) pthread_join(threads[i], NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_mutex_destroy(&gate);
    return made == count;
}

/* Thread `index` of the team: the first runs fn, the others lend themselves. */
static void take_part(gradus_context *context, uint32_t index, int (*fn)(void *arg), void *arg, int *result) {
    if (index != 0) {
        gradus_context_lend(context, index);
        return;
    }
    if (omp_get_num_threads() == 1) gradus_context_lend_end(context); /* no team after all: the pool's own threads work */
    *result = fn(arg);
    gradus_context_lend_end(context);
}

static int run_in_team(gradus_context *context, uint32_t threads, int pin, int (*fn)(void *arg), void *arg) {
    cpu_set_t cpus;
    bool pinned = pin && gd_affinity_read(&cpus);
    int result = 0;
#pragma omp parallel num_threads((int)threads)
    {
        uint32_t index = (uint32_t)omp_get_thread_num();
        cpu_set_t before;
        bool bound = pinned && gd_affinity_read(&before);
        if (bound) gd_affinity_bind(&cpus, index);
        take_part(context, index, fn, arg, &result);
        if (bound) (void)sched_setaffinity(0, sizeof before, &before);
    }
    return result;
}

int gradus_openmp_run(gradus_context *context, int pin, int (*fn)(void *arg), void *arg) {
    int saved = errno;
    uint32_t threads = gradus_context_threads(context);
    bool team = threads > 1 && threads <= MOST_THREADS && !omp_in_parallel() && !is_forked_child() && threads_are_granted(threads - 1) &&
                gradus_context_lend_begin(context) == GRADUS_OK;
    errno = saved;
    return team ? run_in_team(context, threads, pin, fn, arg) : fn(arg);
}
