/* What the tests of phases, pools and OpenMP share: contexts, lists that check themselves, a meeting of threads. */
#ifndef TESTS_LISTS_H
#define TESTS_LISTS_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "base/context.h"
#include "base/fp.h"
#include "base/phases.h"
#include "base/pool.h"

static const double LARGE_WORK = 1e12; /* never too small to share */

/* -- contexts -- */

static inline gradus_context *make_context(const gradus_context_config *config) {
    gradus_context *context;
    cr_assert_eq(gradus_context_create(config, &context), GRADUS_OK);
    return context;
}

static inline gradus_context *context_of(uint32_t threads) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = threads;
    return make_context(&config);
}

static inline gradus_context *context_on(gradus_pool *pool) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.pool = pool;
    return make_context(&config);
}

static inline gradus_pool *pool_of(uint32_t threads) {
    gradus_context *context = context_of(1);
    gradus_pool *pool;
    cr_assert_eq(gradus_pool_create(context, threads, 0, &pool), GRADUS_OK);
    gradus_context_destroy(context);
    return pool;
}

/* Runs as a public function does: in the contract's floating-point environment. */
static inline gradus_status run_list(gradus_context *context, const gd_phase *phases, size_t count, size_t abandonable) {
    gd_fp_environment environment = gd_fp_enter();
    gradus_status status = gd_phases_run(context, phases, count, LARGE_WORK, abandonable);
    gd_fp_leave(environment);
    return status;
}

/* -- a list whose every element depends on other threads' writes of the phase before -- */

typedef struct mixing {
    uint64_t *from, *to;
    size_t size, shift;
} mixing;

static inline void mix(void *argument, size_t begin, size_t end) {
    mixing *m = argument;
    for (size_t i = begin; i < end; i++) m->to[i] = (m->from[i] ^ m->from[(i + m->shift) % m->size] >> 7) * 0x9e3779b97f4a7c15u + i;
}

enum { MIX_PHASES = 4, MIX_SIZE = 997 };

/* `rounds` lists of four phases on one array; the digest of what it holds at the end. */
static inline uint64_t mix_rounds(gradus_context *context, int rounds, size_t grain) {
    uint64_t memory[2][MIX_SIZE], digest = 0;
    mixing steps[MIX_PHASES];
    gd_phase list[MIX_PHASES];
    for (size_t i = 0; i < MIX_SIZE; i++) memory[0][i] = i;
    for (size_t k = 0; k < MIX_PHASES; k++) {
        steps[k] = (mixing){memory[k % 2], memory[(k + 1) % 2], MIX_SIZE, 1 + 251 * k};
        list[k] = (gd_phase){mix, &steps[k], MIX_SIZE, grain};
    }
    for (int i = 0; i < rounds; i++) cr_assert_eq(run_list(context, list, MIX_PHASES, 0), GRADUS_OK);
    for (size_t i = 0; i < MIX_SIZE; i++) digest = (digest ^ memory[0][i]) * 0x100000001b3u;
    return digest;
}

/* -- a phase whose tasks wait for each other: it ends only if that many threads work on it at the same time -- */

typedef struct meeting {
    atomic_size_t here;
    size_t wanted;
    atomic_bool missed;
    pthread_t who[GD_MOST_THREADS];
} meeting;

static inline double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void meet(void *argument, size_t begin, size_t end) {
    meeting *m = argument;
    (void)end;
    m->who[begin] = pthread_self();
    atomic_fetch_add(&m->here, 1);
    for (double limit = seconds_now() + 10; atomic_load(&m->here) < m->wanted && !atomic_load(&m->missed);) {
        sched_yield();
        if (seconds_now() > limit) atomic_store(&m->missed, true);
    }
}

/* Whether `threads` threads come to the context's work; *m says which. */
static inline bool threads_meet(gradus_context *context, size_t threads, meeting *m) {
    memset(m, 0, sizeof *m);
    m->wanted = threads;
    gd_phase list[1] = {{meet, m, threads, 1}};
    cr_assert_eq(run_list(context, list, 1, 0), GRADUS_OK);
    return !atomic_load(&m->missed);
}

/* -- which threads ran the tasks -- */

typedef struct witness {
    pthread_t thread;
    atomic_size_t same, other;
} witness;

static inline void look_who(void *argument, size_t begin, size_t end) {
    witness *w = argument;
    (void)begin, (void)end;
    atomic_fetch_add(pthread_equal(w->thread, pthread_self()) ? &w->same : &w->other, 1);
}

/* Whether the calling thread runs every task of a list itself. */
static inline bool runs_alone(gradus_context *context) {
    witness w;
    memset(&w, 0, sizeof w);
    w.thread = pthread_self();
    gd_phase list[2] = {{look_who, &w, 500, 1}, {look_who, &w, 500, 1}};
    cr_assert_eq(run_list(context, list, 2, 0), GRADUS_OK);
    return atomic_load(&w.same) == 1000 && atomic_load(&w.other) == 0;
}

#endif
