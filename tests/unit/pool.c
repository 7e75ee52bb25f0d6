/* Threads: a pool's own and lent ones, shared, busy, refused, forked; and the floating-point environment they work in. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lists.h"

/* -- the pool's own threads -- */

Test(pool, all_threads_come) {
    meeting m;
    for (uint32_t threads = 2; threads <= 16; threads += 7) {
        gradus_context *context = context_of(threads);
        cr_assert(threads_meet(context, threads, &m), "%u threads", (unsigned)threads);
        gradus_context_destroy(context);
    }
}

/* After a pause longer than any spinning, everybody sleeps and must be woken. */
Test(pool, sleepers_wake) {
    gradus_context *context = context_of(3);
    meeting m;
    for (int i = 0; i < 100; i++) {
        cr_assert(threads_meet(context, 3, &m), "time %d", i);
        usleep(i % 2 ? 1500 : 0);
    }
    gradus_context_destroy(context);
}

/* What a pool's thread says about itself, in a meeting of two. */
typedef struct self_report {
    meeting *meeting;
    pthread_t caller;
    char name[16];
    sigset_t blocked;
    cpu_set_t cpus;
} self_report;

static void report_self(void *argument, size_t begin, size_t end) {
    self_report *r = argument;
    meet(r->meeting, begin, end);
    if (pthread_equal(r->caller, pthread_self())) return;
    pthread_getname_np(pthread_self(), r->name, sizeof r->name);
    pthread_sigmask(SIG_BLOCK, NULL, &r->blocked);
    sched_getaffinity(0, sizeof r->cpus, &r->cpus);
}

static self_report report_of_worker(uint32_t pin) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = 2;
    config.pin_threads = pin;
    gradus_context *context = make_context(&config);
    meeting m;
    memset(&m, 0, sizeof m);
    m.wanted = 2;
    self_report report = {&m, pthread_self(), "", {{0}}, {{0}}};
    gd_phase list[1] = {{report_self, &report, 2, 1}};
    cr_assert_eq(run_list(context, list, 1, 0), GRADUS_OK);
    cr_assert_not(atomic_load(&m.missed));
    gradus_context_destroy(context);
    return report;
}

Test(pool, threads_are_named_and_block_signals) {
    sigset_t before, after;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    self_report report = report_of_worker(0);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    cr_assert_str_eq(report.name, "gradus-1");
    cr_assert(sigismember(&report.blocked, SIGINT) == 1 && sigismember(&report.blocked, SIGTERM) == 1 && sigismember(&report.blocked, SIGCHLD) == 1);
    cr_assert_eq(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
}

Test(pool, pinning_when_asked) {
    cpu_set_t all;
    sched_getaffinity(0, sizeof all, &all);
    self_report free_thread = report_of_worker(0), pinned = report_of_worker(1);
    cr_assert(CPU_EQUAL(&free_thread.cpus, &all));
    cr_assert_eq(CPU_COUNT(&pinned.cpus), 1);
}

Test(pool, arguments) {
    gradus_context *context = context_of(3);
    gradus_pool *pool = (gradus_pool *)context;
    cr_assert_eq(gradus_pool_create(context, 257, 0, &pool), GRADUS_INVALID_ARGUMENT);
    cr_assert_null(pool);
    cr_assert_not_null(strstr(gradus_context_message(context), "257"));
    cr_assert_eq(gradus_pool_create(context, 0, 0, &pool), GRADUS_OK);
    cr_assert_eq(gd_pool_threads(pool), 3);
    gradus_context_destroy(context);
    cr_assert_eq(gradus_pool_restart(pool), GRADUS_OK);
    gradus_pool_destroy(pool);
    gradus_pool_destroy(NULL);
}

static void *no_memory(void *user, size_t size, size_t alignment) {
    size_t *left = user;
    return (*left)-- > 0 ? aligned_alloc(alignment, gd_round_up(size, alignment)) : NULL;
}

static void give_back(void *user, void *memory, size_t size, size_t alignment) {
    (void)user, (void)size, (void)alignment;
    free(memory);
}

/* No memory for a pool: an own one is done without, an asked-for one is an error. */
Test(pool, out_of_memory) {
    size_t left = 1;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = 4;
    config.allocator = (gradus_allocator){&left, no_memory, give_back};
    gradus_context *context = make_context(&config);
    gradus_pool *pool;
    left = 0;
    cr_assert_eq(gradus_pool_create(context, 2, 0, &pool), GRADUS_OUT_OF_MEMORY);
    left = 0;
    cr_assert(runs_alone(context));
    left = 0;
    cr_assert_eq(gradus_context_lend_begin(context), GRADUS_UNSUPPORTED);
    gradus_context_destroy(context);
}

/* -- one pool, several contexts -- */

typedef struct blocking {
    atomic_bool begun, release;
} blocking;

static void block(void *argument, size_t begin, size_t end) {
    blocking *b = argument;
    (void)begin, (void)end;
    atomic_store(&b->begun, true);
    while (!atomic_load(&b->release)) sched_yield();
}

typedef struct host_thread {
    gradus_context *context;
    blocking blocking;
} host_thread;

static void *keep_pool_busy(void *argument) {
    host_thread *host = argument;
    gd_phase list[1] = {{block, &host->blocking, 4, 1}};
    run_list(host->context, list, 1, 0);
    return NULL;
}

/* Ends only if the second context does not wait for the first. */
Test(pool, a_busy_pool_means_alone, .timeout = 60) {
    gradus_pool *pool = pool_of(2);
    host_thread host = {context_on(pool), {0, 0}};
    gradus_context *second = context_on(pool);
    pthread_t thread;
    pthread_create(&thread, NULL, keep_pool_busy, &host);
    while (!atomic_load(&host.blocking.begun)) sched_yield();
    cr_assert(runs_alone(second));
    cr_assert_eq(gradus_context_lend_begin(second), GRADUS_UNSUPPORTED);
    atomic_store(&host.blocking.release, true);
    pthread_join(thread, NULL);
    meeting m;
    cr_assert(threads_meet(second, 2, &m));
    gradus_context_destroy(host.context);
    gradus_context_destroy(second);
    gradus_pool_destroy(pool);
}

typedef struct mixer {
    gradus_context *context;
    uint64_t digest;
} mixer;

static void *mix_on_host_thread(void *argument) {
    mixer *m = argument;
    m->digest = mix_rounds(m->context, 300, 50);
    return NULL;
}

Test(pool, four_contexts_at_once) {
    gradus_pool *pool = pool_of(3);
    mixer mixers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) mixers[i].context = context_on(pool);
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, mix_on_host_thread, &mixers[i]);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    uint64_t wanted = mix_rounds(mixers[0].context, 300, 50);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(mixers[i].digest, wanted);
        gradus_context_destroy(mixers[i].context);
    }
    gradus_pool_destroy(pool);
}

typedef struct nesting {
    gradus_context *contexts[8];
    atomic_size_t alone;
} nesting;

static void nest(void *argument, size_t begin, size_t end) {
    nesting *n = argument;
    for (size_t i = begin; i < end; i++) atomic_fetch_add(&n->alone, runs_alone(n->contexts[i]));
}

Test(pool, nested_lists_run_alone) {
    gradus_pool *pool = pool_of(3);
    gradus_context *outer = context_on(pool);
    nesting n;
    for (int i = 0; i < 7; i++) n.contexts[i] = context_on(pool);
    n.contexts[7] = outer; /* of the very same context, too */
    atomic_init(&n.alone, 0);
    gd_phase list[1] = {{nest, &n, 8, 1}};
    cr_assert_eq(run_list(outer, list, 1, 0), GRADUS_OK);
    cr_assert_eq(atomic_load(&n.alone), 8);
    for (int i = 0; i < 8; i++) gradus_context_destroy(n.contexts[i]);
    gradus_pool_destroy(pool);
}

/* -- fork -- */

/* The child must end with 0, and soon: one that hangs is ended by SIGALRM. */
static void check_child(pid_t child) {
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's status is %x", (unsigned)status);
}

static bool child_works(gradus_context *context, gradus_pool *pool, uint64_t wanted) {
    meeting m;
    bool good = runs_alone(context) && mix_rounds(context, 10, 50) == wanted && gradus_context_lend_begin(context) == GRADUS_UNSUPPORTED;
    if (pool)
        good = good && gradus_pool_restart(pool) == GRADUS_OK && threads_meet(context, gd_pool_threads(pool), &m) &&
               mix_rounds(context, 10, 50) == wanted;
    gradus_context_destroy(context);
    gradus_pool_destroy(pool);
    return good;
}

static void fork_and_check(gradus_context *context, gradus_pool *pool, uint64_t wanted) {
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        _exit(child_works(context, pool, wanted) ? 0 : 1);
    }
    check_child(child);
}

Test(pool, a_forked_child_works_in_order_until_restart, .timeout = 60) {
    gradus_pool *pool = pool_of(3);
    gradus_context *context = context_on(pool);
    uint64_t wanted = mix_rounds(context, 10, 50);
    fork_and_check(context, pool, wanted);
    meeting m;
    cr_assert(threads_meet(context, 3, &m), "the parent's threads are gone");
    gradus_context_destroy(context);
    gradus_pool_destroy(pool);
}

Test(pool, a_forked_child_with_an_own_pool, .timeout = 60) {
    gradus_context *context = context_of(3);
    uint64_t wanted = mix_rounds(context, 10, 50);
    fork_and_check(context, NULL, wanted);
    gradus_context_destroy(context);
}

/* fork() while another thread's list is running: the child finds a lock that nobody will open, and half a phase. */
Test(pool, fork_in_the_middle_of_a_list, .timeout = 60) {
    gradus_pool *pool = pool_of(2);
    host_thread host = {context_on(pool), {0, 0}};
    gradus_context *second = context_on(pool), *alone = context_of(1);
    uint64_t wanted = mix_rounds(alone, 10, 50);
    pthread_t thread;
    pthread_create(&thread, NULL, keep_pool_busy, &host);
    while (!atomic_load(&host.blocking.begun)) sched_yield();
    fork_and_check(second, pool, wanted);
    atomic_store(&host.blocking.release, true);
    pthread_join(thread, NULL);
    gradus_context_destroy(host.context);
    gradus_context_destroy(second);
    gradus_context_destroy(alone);
    gradus_pool_destroy(pool);
}

/* -- threads refused -- */

static void *nothing(void *argument) { return argument; }

enum { CHILD_GOOD = 0, CHILD_BAD = 1, CHILD_CANNOT_TELL = 77 };

static int work_without_threads(uint64_t wanted) {
    pthread_t thread;
    struct rlimit none = {0, 0};
    gradus_context *context = context_of(4);
    if (setrlimit(RLIMIT_NPROC, &none) != 0 || (getuid() == 0 && setuid(65534) != 0)) return CHILD_CANNOT_TELL;
    if (pthread_create(&thread, NULL, nothing, NULL) == 0) return CHILD_CANNOT_TELL;
    bool good = mix_rounds(context, 10, 50) == wanted;
    gradus_pool *pool;
    if (gradus_pool_create(context, 8, 0, &pool) != GRADUS_OK) return CHILD_BAD;
    gradus_context *shared = context_on(pool);
    good = good && mix_rounds(shared, 10, 50) == wanted && runs_alone(shared);
    gradus_context_destroy(shared);
    gradus_pool_destroy(pool);
    gradus_context_destroy(context);
    return good ? CHILD_GOOD : CHILD_BAD;
}

Test(pool, refused_threads_are_done_without, .timeout = 60) {
    gradus_context *alone = context_of(1);
    uint64_t wanted = mix_rounds(alone, 10, 50);
    gradus_context_destroy(alone);
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        _exit(work_without_threads(wanted));
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_CANNOT_TELL) cr_skip_test("no limit on threads can be set here");
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == CHILD_GOOD, "the child's status is %x", (unsigned)status);
}

/* -- lent threads -- */

typedef struct lender {
    gradus_context *context;
    uint32_t index;
    pthread_t thread;
} lender;

static void *lend_thread(void *argument) {
    lender *l = argument;
    gradus_context_lend(l->context, l->index);
    return NULL;
}

static void start_lending(gradus_context *context, lender *lenders, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        lenders[i].context = context;
        lenders[i].index = i + 1;
        cr_assert_eq(pthread_create(&lenders[i].thread, NULL, lend_thread, &lenders[i]), 0);
    }
}

static void await_lenders(lender *lenders, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) pthread_join(lenders[i].thread, NULL);
}

static bool is_caller_or_lent(pthread_t thread, const lender *lenders, uint32_t count) {
    bool found = pthread_equal(thread, pthread_self());
    for (uint32_t i = 0; i < count; i++) found = found || pthread_equal(thread, lenders[i].thread);
    return found;
}

/* The pool's own threads, started or not, sleep while others are lent; then they are back. */
static void check_lending(bool own_threads_first) {
    gradus_context *context = context_of(3);
    lender lenders[2];
    meeting m;
    uint64_t wanted = 0;
    if (own_threads_first) wanted = mix_rounds(context, 100, 50);
    cr_assert_eq(gradus_context_lend_begin(context), GRADUS_OK);
    cr_assert_eq(gradus_context_lend_begin(context), GRADUS_UNSUPPORTED);
    start_lending(context, lenders, 2);
    cr_assert(threads_meet(context, 3, &m));
    usleep(2000); /* lent threads sleep too, and own ones have left */
    for (int times = 0; times < 20; times++) {
        cr_assert(threads_meet(context, 3, &m));
        for (size_t i = 0; i < 3; i++) cr_assert(is_caller_or_lent(m.who[i], lenders, 2), "time %d: a thread that was not lent", times);
    }
    uint64_t digest = mix_rounds(context, 100, 50);
    gradus_context_lend_end(context);
    gradus_context_lend_end(context);
    await_lenders(lenders, 2);
    cr_assert(threads_meet(context, 3, &m));
    uint64_t after = mix_rounds(context, 100, 50);
    cr_assert(digest == after && (!own_threads_first || wanted == after));
    gradus_context_destroy(context);
}

Test(pool, lent_threads_work_and_leave, .timeout = 60) {
    check_lending(false);
    check_lending(true);
}

Test(pool, a_late_lent_thread_returns_at_once, .timeout = 60) {
    gradus_context *context = context_of(2);
    gradus_context_lend(context, 1); /* no pool yet */
    cr_assert_eq(gradus_context_lend_begin(context), GRADUS_OK);
    gradus_context_lend_end(context);
    gradus_context_lend(context, 1);
    gradus_context_destroy(context);
}

Test(pool, lending_again_and_again, .timeout = 60) {
    gradus_context *context = context_of(3);
    lender lenders[2];
    uint64_t wanted = mix_rounds(context, 5, 50);
    for (int i = 0; i < 200; i++) {
        cr_assert_eq(gradus_context_lend_begin(context), GRADUS_OK);
        start_lending(context, lenders, 2);
        cr_assert_eq(mix_rounds(context, 5, 50), wanted);
        gradus_context_lend_end(context);
        await_lenders(lenders, 2);
    }
    gradus_context_destroy(context);
}

/* A pool lent to one context is busy for the others. */
Test(pool, lent_to_one_of_two, .timeout = 60) {
    gradus_pool *pool = pool_of(3);
    gradus_context *first = context_on(pool), *second = context_on(pool);
    cr_assert_eq(gradus_context_lend_begin(first), GRADUS_OK);
    cr_assert_eq(gradus_context_lend_begin(second), GRADUS_UNSUPPORTED);
    cr_assert(runs_alone(second));
    gradus_context_lend_end(second); /* not its to end */
    cr_assert(runs_alone(second));
    gradus_context_lend_end(first);
    meeting m;
    cr_assert(threads_meet(second, 3, &m));
    gradus_context_destroy(first);
    gradus_context_destroy(second);
    gradus_pool_destroy(pool);
}

static void run_indices(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    (void)user;
    for (size_t i = 0; i < tasks; i++) task(arg, i);
}

Test(pool, lending_where_it_cannot_be) {
    gradus_context *alone = context_of(1);
    cr_assert_eq(gradus_context_lend_begin(alone), GRADUS_UNSUPPORTED);
    gradus_context_lend_end(alone);
    gradus_context_destroy(alone);
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.executor = (gradus_executor){NULL, 4, run_indices};
    gradus_context *hosted = make_context(&config);
    cr_assert_eq(gradus_context_lend_begin(hosted), GRADUS_UNSUPPORTED);
    cr_assert_neq(gradus_context_message(hosted)[0], 0);
    gradus_context_destroy(hosted);
}

/* -- the floating-point environment -- */

#if defined(__x86_64__) || defined(__aarch64__)

/* Flush to zero and round towards zero: nothing a result may depend on. */
static void set_odd_environment(void) {
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(0x1f80 | 0x8040 | 0x6000);
#else
    uint64_t odd = 3u << 22 | 1u << 24;
    __asm__ volatile("msr fpcr, %0" : : "r"(odd));
#endif
}

/* Whether a denormal survives and 1 + 3/4 of an ulp rounds up. */
static bool is_plain_environment(void) {
    volatile float tiny = 0x1p-140f, one = 1.0f, most_of_an_ulp = 0x1.8p-24f;
    volatile float kept = tiny * one, rounded = one + most_of_an_ulp;
    return kept > 0.0f && rounded > 1.0f;
}

typedef struct environments {
    meeting *meeting;
    atomic_size_t odd;
} environments;

static void check_environment(void *argument, size_t begin, size_t end) {
    environments *e = argument;
    if (!is_plain_environment()) atomic_fetch_add(&e->odd, 1);
    meet(e->meeting, begin, end);
}

/* How many of three threads' tasks ran in an odd environment. */
static size_t odd_environments(gradus_context *context) {
    meeting m;
    memset(&m, 0, sizeof m);
    m.wanted = 3;
    environments e = {&m, 0};
    gd_phase list[1] = {{check_environment, &e, 3, 1}};
    cr_assert_eq(run_list(context, list, 1, 0), GRADUS_OK);
    cr_assert_not(atomic_load(&m.missed));
    return atomic_load(&e.odd);
}

/* New threads inherit the environment of who makes them: here the host's own, for gradus_pool_create does not compute. */
Test(pool, own_threads_compute_in_the_plain_environment) {
    set_odd_environment();
    gradus_pool *pool = pool_of(3);
    gradus_context *context = context_on(pool);
    cr_assert_not(is_plain_environment());
    cr_assert_eq(odd_environments(context), 0);
    cr_assert_not(is_plain_environment(), "the caller's environment is not restored");
    gradus_context_destroy(context);
    gradus_pool_destroy(pool);
}

static void *lend_in_odd_environment(void *argument) {
    set_odd_environment();
    lend_thread(argument);
    return is_plain_environment() ? argument : NULL;
}

Test(pool, lent_threads_too_and_get_theirs_back) {
    gradus_context *context = context_of(3);
    lender lenders[2] = {{context, 1, 0}, {context, 2, 0}};
    cr_assert_eq(gradus_context_lend_begin(context), GRADUS_OK);
    for (int i = 0; i < 2; i++) pthread_create(&lenders[i].thread, NULL, lend_in_odd_environment, &lenders[i]);
    cr_assert_eq(odd_environments(context), 0);
    gradus_context_lend_end(context);
    for (int i = 0; i < 2; i++) {
        void *changed;
        pthread_join(lenders[i].thread, &changed);
        cr_assert_null(changed, "a lent thread left in another environment than it came in");
    }
    gradus_context_destroy(context);
}

typedef struct odd_call {
    void (*task)(void *arg, size_t index);
    void *arg;
    size_t index;
} odd_call;

static void *answer_in_odd_environment(void *argument) {
    odd_call *call = argument;
    set_odd_environment();
    call->task(call->arg, call->index);
    return is_plain_environment() ? argument : NULL;
}

static void on_odd_threads(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    pthread_t threads[8];
    odd_call calls[8];
    for (size_t i = 0; i < tasks; i++) {
        calls[i] = (odd_call){task, arg, i};
        pthread_create(&threads[i], NULL, answer_in_odd_environment, &calls[i]);
    }
    for (size_t i = 0; i < tasks; i++) {
        void *changed;
        pthread_join(threads[i], &changed);
        if (changed) ++*(size_t *)user;
    }
}

Test(pool, host_threads_too_and_get_theirs_back) {
    size_t changed = 0;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.executor = (gradus_executor){&changed, 3, on_odd_threads};
    gradus_context *context = make_context(&config);
    cr_assert_eq(odd_environments(context), 0);
    cr_assert_eq(changed, 0);
    gradus_context_destroy(context);
}

#endif
