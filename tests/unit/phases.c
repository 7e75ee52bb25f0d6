/* Lists of phases: every index once, in order, interrupted only where they may be, whoever runs them. */
#include <errno.h>

#include "base/pool.h"
#include "lists.h"

/* -- every index exactly once, in tasks cut as promised -- */

typedef struct tally {
    unsigned char *hits;
    size_t count, grain;
    atomic_size_t wrong; /* ranges that are no task */
} tally;

static void count_hits(void *argument, size_t begin, size_t end) {
    tally *t = argument;
    size_t wanted = t->count - begin < t->grain ? t->count : begin + t->grain;
    if (begin % t->grain != 0 || begin >= t->count || end != wanted) {
        atomic_fetch_add(&t->wrong, 1);
        return;
    }
    for (size_t i = begin; i < end; i++) t->hits[i]++;
}

static void check_once(gradus_context *context, size_t count, size_t grain) {
    tally t = {calloc(count + 1, 1), count, grain, 0};
    gd_phase list[1] = {{count_hits, &t, count, grain}};
    cr_assert_not_null(t.hits);
    cr_assert_eq(run_list(context, list, 1, 0), GRADUS_OK);
    cr_assert_eq(atomic_load(&t.wrong), 0, "count %zu grain %zu", count, grain);
    for (size_t i = 0; i < count; i++) {
        if (t.hits[i] != 1) cr_assert_fail("index %zu of %zu, grain %zu: %d times", i, count, grain, t.hits[i]);
    }
    cr_assert_eq(t.hits[count], 0);
    free(t.hits);
}

static const uint32_t thread_counts[] = {1, 2, 3, 7, 16};
enum { THREAD_COUNTS = sizeof thread_counts / sizeof thread_counts[0] };

Test(phases, every_index_once) {
    static const size_t counts[] = {0, 1, 2, 5, 63, 64, 65, 1000, 4097}, grains[] = {1, 3, 64, 5000};
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        gradus_context *context = context_of(thread_counts[t]);
        for (int mode = -1; mode <= 1; mode++) {
            gd_phases_test_mode(mode);
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
                for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++) check_once(context, counts[c], grains[g]);
        }
        gradus_context_destroy(context);
    }
}

/* 2^25 and some tasks for two shares, which count to 2^24 - 1 each. */
Test(phases, more_tasks_than_shares_count) {
    gradus_context *context = context_of(2);
    check_once(context, ((size_t)1 << 25) + 5, 1);
    gradus_context_destroy(context);
}

static void add_one(void *argument, size_t begin, size_t end) { *(size_t *)argument += end - begin; }

static void note_done(void *argument, size_t begin, size_t end) { atomic_fetch_add((atomic_size_t *)argument, end - begin); }

Test(phases, empty_phases_and_lists) {
    for (int mode = -1; mode <= 1; mode++) {
        gradus_context *context = context_of(3);
        size_t once = 0, never = 0;
        gd_phase list[4] = {{add_one, &never, 0, 8}, {add_one, &once, 5, 8}, {add_one, &never, 0, 1}, {add_one, &never, 0, 9}};
        gd_phases_test_mode(mode);
        cr_assert_eq(run_list(context, list, 0, 0), GRADUS_OK);
        cr_assert_eq(run_list(context, list, 1, 1), GRADUS_OK);
        cr_assert_eq(run_list(context, list, 4, 2), GRADUS_OK);
        cr_assert(once == 5 && never == 0);
        gradus_context_destroy(context);
    }
}

/* -- a phase sees all that the one before wrote; the result is the same whoever runs it -- */

Test(phases, order, .timeout = 120) {
    enum { ROUNDS = 10000 };
    gd_phases_test_mode(0);
    gradus_context *alone = context_of(1);
    uint64_t wanted = mix_rounds(alone, ROUNDS, 100);
    gradus_context_destroy(alone);
    gd_phases_test_mode(-1);
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        gradus_context *context = context_of(thread_counts[t]);
        cr_assert_eq(mix_rounds(context, ROUNDS, 100), wanted, "%u threads", (unsigned)thread_counts[t]);
        gradus_context_destroy(context);
    }
}

Test(phases, permuted_and_delayed) {
    gradus_context *alone = context_of(1);
    uint64_t wanted = mix_rounds(alone, 50, 13);
    gradus_context_destroy(alone);
    gd_phases_test_mode(1);
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        gradus_context *context = context_of(thread_counts[t]);
        for (size_t grain = 1; grain < 2000; grain = grain * 3 + 10) cr_assert_eq(mix_rounds(context, 50, grain), wanted);
        gradus_context_destroy(context);
    }
}

static void note_order(void *argument, size_t begin, size_t end) {
    size_t *next = argument;
    cr_assert_eq(begin, *next);
    *next = end;
}

Test(phases, small_work_runs_in_order_on_the_caller) {
    gradus_context *context = context_of(7);
    size_t next = 0;
    gd_phase list[1] = {{note_order, &next, 1000, 10}};
    cr_assert_eq(gd_phases_run(context, list, 1, 1000.0, 0), GRADUS_OK);
    cr_assert_eq(next, 1000);
    cr_assert_null(context->pool, "a small list started a pool");
    gradus_context_destroy(context);
}

/* A phase of one task has nothing to share; much work is shared without asking, and where it is in doubt, handing over is measured, once. */
Test(phases, sharing_is_weighed_against_its_cost) {
    gradus_context *context = context_of(2);
    size_t whole = 0;
    atomic_size_t done = 0;
    const gd_phase one_task = {add_one, &whole, 1000, 1000}, many_tasks = {note_done, &done, 1000, 10};
    cr_assert_eq(gd_phases_run(context, &one_task, 1, 1e12, 0), GRADUS_OK);
    cr_assert(whole == 1000 && !context->pool, "one task started a pool");
    cr_assert_eq(gd_phases_run(context, &many_tasks, 1, 1e12, 0), GRADUS_OK);
    cr_assert(done == 1000 && context->pool && context->pool->handoff == 0.0);
    cr_assert_eq(gd_phases_run(context, &many_tasks, 1, 10000.0, 0), GRADUS_OK);
    const double measured = context->pool->handoff;
    cr_assert(done == 2000 && measured >= 1000.0, "%g ns", measured);
    cr_assert_eq(gd_phases_run(context, &many_tasks, 1, 10000.0, 0), GRADUS_OK);
    cr_assert(done == 3000 && context->pool->handoff == measured);
    gradus_context_destroy(context);
}

Test(phases, errno_is_left_alone) {
    gradus_context *context = context_of(7); /* starts threads, sleeps and wakes */
    errno = 1234;
    mix_rounds(context, 100, 50);
    cr_assert_eq(errno, 1234);
    gradus_context_destroy(context);
}

/* -- the host's executor -- */

typedef void host_parallel(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg);

static void in_sequence(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    (void)user;
    for (size_t i = 0; i < tasks; i++) task(arg, i);
}

static void reversed(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    (void)user;
    for (size_t i = tasks; i-- > 0;) task(arg, i);
}

/* A host that breaks its promise. */
static void last_index_only(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    (void)user;
    task(arg, tasks - 1);
}

static void none_at_all(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    (void)user, (void)tasks, (void)task, (void)arg;
}

typedef struct host_call {
    void (*task)(void *arg, size_t index);
    void *arg;
    size_t index;
} host_call;

static void *answer(void *argument) {
    host_call *call = argument;
    call->task(call->arg, call->index);
    return NULL;
}

static void on_threads(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    pthread_t threads[16];
    host_call calls[16];
    (void)user;
    for (size_t i = 0; i < tasks; i++) {
        calls[i] = (host_call){task, arg, i};
        pthread_create(&threads[i], NULL, answer, &calls[i]);
    }
    for (size_t i = 0; i < tasks; i++) pthread_join(threads[i], NULL);
}

static gradus_context *context_for(host_parallel *parallel, size_t width) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.executor.parallel = parallel;
    config.executor.width = width;
    return make_context(&config);
}

Test(phases, executors) {
    static host_parallel *const hosts[] = {in_sequence, reversed, last_index_only, none_at_all, on_threads};
    gradus_context *alone = context_of(1);
    uint64_t wanted = mix_rounds(alone, 50, 37);
    gradus_context_destroy(alone);
    for (int mode = -1; mode <= 1; mode += 2)
        for (size_t h = 0; h < sizeof hosts / sizeof hosts[0]; h++)
            for (size_t width = 2; width <= 8; width += 3) {
                gradus_context *context = context_for(hosts[h], width);
                gd_phases_test_mode(mode);
                cr_assert_eq(mix_rounds(context, 50, 37), wanted, "host %zu, width %zu", h, width);
                check_once(context, 1000, 7);
                check_once(context, 2, 1);
                gradus_context_destroy(context);
            }
}

Test(phases, executor_threads_work) {
    gradus_context *context = context_for(on_threads, 4);
    meeting m;
    cr_assert(threads_meet(context, 4, &m));
    for (size_t i = 0; i < 4; i++) cr_assert_not(pthread_equal(m.who[i], pthread_self()));
    gradus_context_destroy(context);
}

/* -- interrupts -- */

typedef struct interruption {
    gradus_context *context;
    atomic_size_t runs;
    size_t at; /* the run that asks for it */
} interruption;

static void interrupt_at(void *argument, size_t begin, size_t end) {
    interruption *i = argument;
    (void)begin, (void)end;
    if (atomic_fetch_add(&i->runs, 1) + 1 == i->at) gradus_interrupt(i->context);
}

static void check_interrupted_before(gradus_context *context) {
    interruption i = {context, 0, 0};
    gd_phase list[2] = {{interrupt_at, &i, 100, 1}, {interrupt_at, &i, 100, 1}};
    gradus_interrupt(context);
    cr_assert_eq(run_list(context, list, 2, 1), GRADUS_INTERRUPTED);
    cr_assert_eq(atomic_load(&i.runs), 0);
    cr_assert_neq(gradus_context_message(context)[0], 0);
    cr_assert_eq(run_list(context, list, 2, 1), GRADUS_OK, "the request was not cleared");
    cr_assert_eq(atomic_load(&i.runs), 200);
}

/* Asked for in the first phase's tenth run. The caller alone polls, so beside other threads it may come too late; then everything has run and the
 * request stands. */
static void check_interrupted_during(gradus_context *context, bool certain) {
    interruption i = {context, 0, 10}, later = {context, 0, 0};
    gd_phase list[3] = {{interrupt_at, &i, 1000, 1}, {interrupt_at, &later, 100, 1}, {interrupt_at, &later, 100, 1}};
    gradus_status status = run_list(context, list, 3, 2);
    if (certain) cr_assert_eq(status, GRADUS_INTERRUPTED);
    if (status == GRADUS_INTERRUPTED) {
        cr_assert_lt(atomic_load(&later.runs), 100, "a phase after the abandoned one was finished");
        if (certain) cr_assert(atomic_load(&i.runs) == 10 && atomic_load(&later.runs) == 0);
    } else {
        cr_assert_eq(status, GRADUS_OK);
        cr_assert(atomic_load(&i.runs) == 1000 && atomic_load(&later.runs) == 200);
        cr_assert_eq(run_list(context, list, 3, 2), GRADUS_INTERRUPTED);
    }
    cr_assert_eq(run_list(context, list, 3, 2), GRADUS_OK);
}

/* Asked for where it is too late: everything runs, and the next call that may stop does. */
static void check_interrupted_late(gradus_context *context) {
    interruption i = {context, 0, 0}, late = {context, 0, 1};
    gd_phase list[3] = {{interrupt_at, &i, 50, 1}, {interrupt_at, &late, 200, 1}, {interrupt_at, &i, 50, 1}};
    cr_assert_eq(run_list(context, list, 3, 1), GRADUS_OK);
    cr_assert(atomic_load(&i.runs) == 100 && atomic_load(&late.runs) == 200);
    cr_assert_eq(run_list(context, list, 3, 0), GRADUS_OK);
    cr_assert_eq(run_list(context, list, 3, 1), GRADUS_INTERRUPTED);
    cr_assert_eq(run_list(context, list, 3, 1), GRADUS_OK);
}

static void check_interrupts(gradus_context *context, bool certain) {
    check_interrupted_before(context);
    for (int i = 0; i < 50; i++) check_interrupted_during(context, certain);
    check_interrupted_late(context);
    gradus_context_destroy(context);
}

Test(phases, interrupts_in_order) { check_interrupts(context_of(1), true); }

Test(phases, interrupts_on_threads) {
    check_interrupts(context_of(2), false);
    check_interrupts(context_of(7), false);
    gd_phases_test_mode(1);
    check_interrupts(context_of(1), true);
    check_interrupts(context_of(3), false);
}

Test(phases, interrupts_on_executors) {
    check_interrupts(context_for(in_sequence, 5), true);
    check_interrupts(context_for(reversed, 5), true);
    check_interrupts(context_for(on_threads, 3), false);
}
