/* gradus-bench: throughput of optimizers, functions, products and training steps, each beside what the machine can do at best. Google Benchmark's flags,
 * and --threads-from openmp|pool, --pin yes|no. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "means.h"
#include "shim.h"
#include "version.h"

unsigned gd_bench_threads(unsigned index) {
    cpu_set_t cpus;
    const unsigned most = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 1;
    return 1u << index <= most ? 1u << index : 0;
}

/* "model name : X" of /proc/cpuinfo. */
static void add_cpu(void) {
    char line[256], *name = NULL;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && !name && fgets(line, sizeof line, file))
        if (strncmp(line, "model name", 10) == 0) name = strchr(line, ':');
    if (file) fclose(file);
    if (name) line[strcspn(line, "\n")] = 0;
    gd_bench_context("cpu", name ? name + 2 : "unknown");
}

static void add_context(void) {
    char isas[64] = "";
    for (size_t i = 0; gd_bench_isa(i) != NULL; i++) snprintf(isas + strlen(isas), sizeof isas - strlen(isas), "%s%s", i ? " " : "", gd_bench_isa(i));
    add_cpu();
    gd_bench_context("isa", isas);
    gd_bench_context("gradus_version", gradus_version());
    gd_bench_context("numerics", gradus_numerics_version());
    gd_bench_context("commit", GD_BENCH_COMMIT);
    gd_bench_context("compiler", GD_BENCH_COMPILER);
    gd_bench_context("flags", GD_BENCH_FLAGS);
    gd_bench_context("threads_from", gd_bench_options_now.openmp ? "openmp" : "pool");
    gd_bench_context("pinning", gd_bench_options_now.pin ? "each thread on a CPU of its own" : "none");
}

static void fail(const char *argument) {
    fprintf(stderr, "gradus-bench: %s: expected --threads-from=openmp|pool, --pin=yes|no or Google Benchmark's flags (--help)\n", argument);
    exit(2);
}

/* Takes gradus-bench's own flags out of the arguments; returns how many are left. */
static int take_options(int argc, char **argv) {
    int kept = 1;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--threads-from", 14) == 0) {
            if (strcmp(argv[i] + 14, "=openmp") != 0 && strcmp(argv[i] + 14, "=pool") != 0) fail(argv[i]);
            gd_bench_options_now.openmp = strcmp(argv[i] + 14, "=openmp") == 0;
        } else if (strncmp(argv[i], "--pin", 5) == 0) {
            if (strcmp(argv[i] + 5, "=yes") != 0 && strcmp(argv[i] + 5, "=no") != 0) fail(argv[i]);
            gd_bench_options_now.pin = strcmp(argv[i] + 5, "=yes") == 0;
        } else {
            argv[kept++] = argv[i];
        }
    }
    argv[kept] = NULL;
    return kept;
}

int main(int argc, char **argv) {
    argc = take_options(argc, argv);
    add_context();
    gd_bench_add_limits();
    gd_bench_add_steps();
    gd_bench_add_functions();
    gd_bench_add_products();
    gd_bench_add_nets();
    return gd_bench_main(argc, argv);
}
