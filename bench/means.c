/* Contexts for benchmarks. */
#include "means.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef GRADUS_WITH_OPENMP
#include <gradus/openmp.h>
#endif

#include "base/affinity.h"
#include "base/phases.h"

gd_bench_options gd_bench_options_now = {.openmp = true, .pin = true};

gradus_context *gd_bench_context_make(const char *isa, unsigned threads, const char **why) {
    static char message[512];
    gradus_context *context = NULL;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.isa = isa;
    config.threads = threads;
    config.pin_threads = gd_bench_options_now.pin;
    config.message = message;
    config.message_size = sizeof message;
    *why = gradus_context_create(&config, &context) == GRADUS_OK ? NULL : message;
    return context;
}

typedef struct task {
    void (*measure)(void *what);
    void *what;
} task;

static int run(void *argument) {
    const task *t = argument;
    t->measure(t->what);
    return 0;
}

static void nothing(void *argument, size_t begin, size_t end) { (void)argument, (void)begin, (void)end; }

/* The calling thread on the first of the process's CPUs, as the pool, which has to be there before, pins its threads to the others. */
static void run_pinned(gradus_context *context, task *t) {
    cpu_set_t cpus;
    const gd_phase phase = {nothing, NULL, gradus_context_threads(context), 1};
    gd_bench_must(context, gd_phases_run(context, &phase, 1, 1e12, 0));
    const bool pinned = gd_bench_options_now.pin && gd_affinity_read(&cpus);
    if (pinned) gd_affinity_bind(&cpus, 0);
    run(t);
    if (pinned) (void)sched_setaffinity(0, sizeof cpus, &cpus);
}

void gd_bench_enter(gradus_context *context, void (*measure)(void *what), void *what) {
    task t = {measure, what};
#ifdef GRADUS_WITH_OPENMP
    if (gd_bench_options_now.openmp && gradus_context_threads(context) > 1) {
        gradus_openmp_run(context, gd_bench_options_now.pin, run, &t);
        return;
    }
#endif
    run_pinned(context, &t);
}

const char *gd_bench_isa(size_t index) {
    int runnable;
    const char *name;
    for (size_t i = 0; (name = gradus_isa_name(i, &runnable, NULL)) != NULL; i++)
        if (runnable && index-- == 0) return name;
    return NULL;
}

const char *gd_bench_fastest_isa(void) {
    const char *fastest = "scalar";
    for (size_t i = 0; gd_bench_isa(i) != NULL; i++) fastest = gd_bench_isa(i);
    return fastest;
}

void gd_bench_must(const gradus_context *context, gradus_status status) {
    if (status == GRADUS_OK) return;
    fprintf(stderr, "gradus-bench: %s\n", context ? gradus_context_message(context) : gradus_status_text(status));
    exit(EXIT_FAILURE);
}
