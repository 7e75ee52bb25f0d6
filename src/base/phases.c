/* Runs lists of phases: in order on the caller, on the host's executor, or shared by whichever threads are there. docs/architecture.md, "Threads".
 *
 * What keeps it right: a claim is one compare-and-swap on a share's word, and whoever has a claim keeps its phase from ending. Hence the descriptor
 * is read after a claim only, and written only by the thread that reported the phase's last bundle. Every claimer's writes reach that thread through
 * `unfinished`, and go from it to the next claimers through the words. */
#include "base/phases.h"

#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/fp.h"
#include "base/memory.h"
#include "base/pool.h"

enum { LEFT_BITS = 24 };
static const uint64_t LEFT_MASK = ((uint64_t)1 << LEFT_BITS) - 1; /* and the most bundles of a share */

/* The one process-wide variable: a hook that only tests set. */
static atomic_int test_mode = -1;

/* A thread that works on a list. */
typedef struct gd_hand {
    gradus_pool *pool;
    atomic_int *interrupted; /* NULL: does not poll */
    uint32_t at;             /* the share it claims from: its own, then the others in turn */
    uint64_t random;
} gd_hand;

void gd_phases_test_mode(int mode) { atomic_store(&test_mode, mode); }

static size_t phase_tasks(const gd_phase *phase) { return phase->count / phase->grain + (phase->count % phase->grain != 0); }

/* The task that begins there. Returns its end, where the next one begins. */
static size_t run_task(const gd_phase *phase, size_t begin) {
    const size_t end = begin + gd_least(phase->count - begin, phase->grain);
    phase->function(phase->argument, begin, end);
    return end;
}

static bool asked_to_stop(const atomic_int *interrupted) { return atomic_load_explicit(interrupted, memory_order_relaxed) != 0; }

/* false: stopped on request. */
static bool run_in_order(gradus_context *context, const gd_phase *phases, size_t count, size_t abandonable) {
    for (size_t i = 0; i < count; i++) {
        const gd_phase *phase = &phases[i];
        for (size_t begin = 0; begin < phase->count; begin = run_task(phase, begin))
            if (i < abandonable && asked_to_stop(&context->interrupted)) return false;
    }
    return true;
}

/* Where a share's bundles begin. */
static uint64_t first_bundle(uint64_t bundles, uint32_t share, uint32_t shares) { return bundles * share / shares; }

/* Takes the next bundle of the share at hand, or of the first after it that has any. false: all are claimed. */
static bool claim(gd_hand *hand, uint64_t *left) {
    gradus_pool *pool = hand->pool;
    for (uint32_t tried = 0; tried < pool->threads; tried++) {
        _Atomic uint64_t *word = &pool->shares[hand->at].word;
        uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);
        while ((seen & LEFT_MASK) != 0) {
            if (atomic_compare_exchange_weak_explicit(word, &seen, seen - 1, memory_order_acquire, memory_order_relaxed)) {
                *left = seen & LEFT_MASK;
                return true;
            }
        }
        hand->at = hand->at + 1 < pool->threads ? hand->at + 1 : 0;
    }
    return false;
}

/* Tests: now and then another thread goes first, for longer than a task takes. */
static void delay_at_random(gd_hand *hand) {
    hand->random += hand->pool->open.number;
    hand->random ^= hand->random << 13;
    hand->random ^= hand->random >> 7;
    hand->random ^= hand->random << 17;
    if (hand->random % 8 == 0) sched_yield();
    for (volatile uint64_t spin = hand->random % 16 == 1 ? hand->random >> 32 & 0x3fff : 0; spin > 0; spin--) continue;
}

/* Runs the bundle claimed with `left` left in the share at hand, or passes it over once the list is abandoned. */
static void run_claimed(gd_hand *hand, uint64_t left) {
    gradus_pool *pool = hand->pool;
    const gd_open_phase *open = &pool->open;
    if (open->delays) delay_at_random(hand);
    if (hand->interrupted && open->index < pool->abandonable && asked_to_stop(hand->interrupted)) {
        atomic_store_explicit(&pool->abandoned, true, memory_order_relaxed);
    }
    if (atomic_load_explicit(&pool->abandoned, memory_order_relaxed)) return;
    uint64_t bundle = (first_bundle(open->bundles, hand->at + 1, pool->threads) - left) * open->stride % open->bundles;
    uint64_t begin = bundle * open->bundle;
    uint64_t end = open->tasks - begin < open->bundle ? open->tasks : begin + open->bundle;
    for (uint64_t task = begin; task < end; task++) (void)run_task(&open->phase, task * open->phase.grain);
}

/* Works on the open phase until nothing is left to claim. What was run is reported once, at the end: until then the phase cannot end. true: it has
 * ended, and this thread is the one that knows. */
static bool work_on_phase(gd_hand *hand, uint32_t home) {
    uint64_t ended = 0, left;
    hand->at = home;
    while (claim(hand, &left)) {
        run_claimed(hand, left);
        ended++;
    }
    return ended > 0 && atomic_fetch_sub_explicit(&hand->pool->unfinished, ended, memory_order_acq_rel) == ended;
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* A stride that meets every bundle once; it changes from phase to phase. */
static uint64_t permuting_stride(uint64_t number, uint64_t bundles) {
    uint64_t stride = number * 2654435761u % bundles;
    while (greatest_common_divisor(stride, bundles) != 1) stride++;
    return stride;
}

/* Makes phase `index` of the list the one tasks are claimed from: descriptor first, words after. Only while nobody has a claim. The last share is
 * never empty, so the phase cannot end before all words are out; but then it can, and `open` is not this thread's to read any more. Returns the
 * number of bundles. */
static uint64_t open_phase(gradus_pool *pool, size_t index) {
    gd_open_phase *open = &pool->open;
    uint64_t most = LEFT_MASK * pool->threads;
    open->phase = pool->list[index];
    open->index = index;
    open->number++;
    open->tasks = phase_tasks(&open->phase);
    open->bundle = (open->tasks - 1) / most + 1;
    open->bundles = (open->tasks - 1) / open->bundle + 1;
    open->delays = pool->permuted;
    open->stride = pool->permuted ? permuting_stride(open->number, open->bundles) : 1;
    uint64_t bundles = open->bundles, number = open->number;
    atomic_store_explicit(&pool->unfinished, bundles, memory_order_relaxed);
    for (uint32_t share = 0; share < pool->threads; share++) {
        uint64_t left = first_bundle(bundles, share + 1, pool->threads) - first_bundle(bundles, share, pool->threads);
        atomic_store_explicit(&pool->shares[share].word, number << LEFT_BITS | left, memory_order_release);
    }
    return bundles;
}

/* The first phase from `index` on that has tasks; the list's length past the last one, or when it is abandoned. */
static size_t next_phase(gradus_pool *pool, size_t index) {
    if (atomic_load_explicit(&pool->abandoned, memory_order_relaxed)) return pool->list_count;
    while (index < pool->list_count && pool->list[index].count == 0) index++;
    return index;
}

/* Lets everybody know what comes from phase `index` on: a phase or the end. */
static void publish(gradus_pool *pool, size_t index) {
    index = next_phase(pool, index);
    if (index < pool->list_count) {
        gd_pool_announce(pool, open_phase(pool, index) - 1);
    } else {
        atomic_store_explicit(&pool->finished, true, memory_order_release);
        gd_pool_announce_end(pool);
    }
}

static gd_hand make_hand(gradus_pool *pool, uint32_t home, atomic_int *interrupted) {
    gd_hand hand = {pool, interrupted, home, (uint64_t)(home + 1) * 0x9e3779b97f4a7c15u};
    return hand;
}

void gd_pool_work(gradus_pool *pool, uint32_t home) {
    gd_hand hand = make_hand(pool, home, NULL);
    while (work_on_phase(&hand, home)) publish(pool, pool->open.index + 1);
}

/* The caller's part, with the pool's own or lent threads. */
static void run_with_threads(gradus_context *context, gradus_pool *pool) {
    gd_hand hand = make_hand(pool, 0, &context->interrupted);
    gd_pool_note_caller(pool);
    publish(pool, 0);
    for (;;) {
        uint32_t turn = atomic_load_explicit(&pool->turn, memory_order_acquire);
        if (atomic_load_explicit(&pool->finished, memory_order_acquire)) return;
        if (work_on_phase(&hand, 0)) {
            publish(pool, pool->open.index + 1);
        } else {
            gd_pool_await_caller(pool, turn);
        }
    }
}

typedef struct gd_lending {
    gradus_pool *pool;
    atomic_int *interrupted;
} gd_lending;

/* One index of the host's parallel call, on a thread of which nothing is known. Every index polls: the caller may be none of them. */
static void work_for_host(void *argument, size_t index) {
    gd_lending *lending = argument;
    uint32_t home = (uint32_t)(index % lending->pool->threads);
    gd_fp_environment environment = gd_fp_enter();
    gd_hand hand = make_hand(lending->pool, home, lending->interrupted);
    (void)work_on_phase(&hand, home);
    gd_fp_leave(environment);
}

static void run_with_executor(gradus_context *context, gradus_pool *pool) {
    gd_lending lending = {pool, &context->interrupted};
    for (size_t i = next_phase(pool, 0); i < pool->list_count; i = next_phase(pool, i + 1)) {
        uint64_t bundles = open_phase(pool, i);
        uint64_t useful = bundles < pool->threads ? bundles : pool->threads;
        context->executor.parallel(context->executor.user, (size_t)useful, work_for_host, &lending);
        work_for_host(&lending, 0); /* whatever a host that lost an index has left */
    }
}

/* false: stopped on request. */
static bool run_shared(gradus_context *context, gradus_pool *pool, const gd_phase *phases, size_t count, size_t abandonable) {
    pool->list = phases;
    pool->list_count = count;
    pool->abandonable = abandonable;
    pool->permuted = atomic_load_explicit(&test_mode, memory_order_relaxed) == 1;
    atomic_store_explicit(&pool->abandoned, false, memory_order_relaxed);
    atomic_store_explicit(&pool->finished, false, memory_order_relaxed);
    if (context->executor.parallel) {
        run_with_executor(context, pool);
    } else {
        run_with_threads(context, pool);
    }
    return !atomic_load_explicit(&pool->abandoned, memory_order_relaxed);
}

/* ---- is it worth it? ---- */

/* What sharing a phase costs at least and at most, anywhere; and how much more than its cost a list has to save: estimates are rough. */
static const double LEAST_HANDOFF = 1000.0, MOST_HANDOFF = 20000.0, MARGIN = 1.5;

enum { PROBE_PHASES = 16, PROBE_LISTS = 24, PROBE_NANOSECONDS = 2000000, PROBE_TASK_NANOSECONDS = 2000, PROBE_HOLDS_NANOSECONDS = 1000000000 };

static void wait_a_little(void *argument, size_t begin, size_t end) {
    const uint64_t until = gd_clock_nanoseconds() + (end - begin) * PROBE_TASK_NANOSECONDS;
    (void)argument;
    while (gd_clock_nanoseconds() < until) continue;
}

static int compare_times(const void *a, const void *b) {
    return (*(const uint64_t *)a > *(const uint64_t *)b) - (*(const uint64_t *)a < *(const uint64_t *)b);
}

/* What sharing a phase costs now, with these threads: phases of a task a thread, which take longer than the task. The median of many short lists, for
 * 2 ms at most: the first ones wake the threads. */
static double measure_handoff(gradus_context *context, gradus_pool *pool) {
    gd_phase list[PROBE_PHASES];
    uint64_t took[PROBE_LISTS];
    size_t lists = 0;
    for (size_t i = 0; i < PROBE_PHASES; i++) list[i] = (gd_phase){wait_a_little, NULL, pool->threads, 1};
    const uint64_t until = gd_clock_nanoseconds() + PROBE_NANOSECONDS;
    do {
        const uint64_t begin = gd_clock_nanoseconds();
        (void)run_shared(context, pool, list, PROBE_PHASES, 0);
        took[lists++] = gd_clock_nanoseconds() - begin;
    } while (lists < PROBE_LISTS && gd_clock_nanoseconds() < until);
    qsort(took, lists, sizeof took[0], compare_times);
    return (double)took[lists / 2] / PROBE_PHASES - PROBE_TASK_NANOSECONDS;
}

/* Measured anew where that was more than a second ago: others come and go, and a virtual CPU that sleeps may take long to wake. */
static double handoff_of(gradus_context *context, gradus_pool *pool) {
    const uint64_t now = gd_clock_nanoseconds();
    if (pool->handoff == 0.0 || now - pool->measured_at > PROBE_HOLDS_NANOSECONDS) {
        const double handoff = measure_handoff(context, pool);
        pool->handoff = handoff > LEAST_HANDOFF ? handoff : LEAST_HANDOFF;
        pool->measured_at = now;
    }
    return pool->handoff;
}

/* Up to what cost of a phase threads save more than their list's phases cost; not above 0: there is nothing to share. */
static double worth_a_phase(const gd_phase *phases, size_t count, double nanoseconds, uint32_t threads) {
    size_t shared = 0, most = 1;
    for (size_t i = 0; i < count; i++) {
        const size_t tasks = phase_tasks(&phases[i]);
        shared += tasks > 0;
        most = tasks > most ? tasks : most;
    }
    const double useful = most < threads ? (double)most : (double)threads;
    return shared > 0 ? nanoseconds * (1.0 - 1.0 / useful) / (MARGIN * (double)shared) : 0.0;
}

/* The pool for a list that is worth sharing, entered; NULL: it runs in order. A list that saves too little even if it is a single phase is not looked
 * at: it may take less time than that. */
static gradus_pool *pool_for(gradus_context *context, const gd_phase *phases, size_t count, double nanoseconds) {
    const int mode = atomic_load_explicit(&test_mode, memory_order_relaxed);
    if (mode != 1 && (context->threads < 2 || nanoseconds <= MARGIN * LEAST_HANDOFF)) return NULL;
    const double worth = worth_a_phase(phases, count, nanoseconds, context->threads);
    if (mode == 0 || (mode != 1 && worth <= LEAST_HANDOFF)) return NULL;
    gradus_pool *pool = gd_pool_enter(context);
    if (!pool || mode == 1 || worth > MOST_HANDOFF || worth > handoff_of(context, pool)) return pool;
    gd_pool_leave(pool);
    return NULL;
}

gradus_status gd_phases_run(gradus_context *context, const gd_phase *phases, size_t count, double nanoseconds, size_t abandonable) {
    bool completed = false;
    if (abandonable == 0 || !asked_to_stop(&context->interrupted)) {
        gradus_pool *pool = pool_for(context, phases, count, nanoseconds);
        if (pool) {
            completed = run_shared(context, pool, phases, count, abandonable);
            gd_pool_leave(pool);
        } else {
            completed = run_in_order(context, phases, count, abandonable);
        }
    }
    if (completed) return GRADUS_OK;
    atomic_store(&context->interrupted, 0);
    return gd_fail(context, GRADUS_INTERRUPTED, "stopped between tasks because gradus_interrupt asked for it; repeat the call to do the work");
}
