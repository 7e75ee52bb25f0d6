/* Contexts: configuration, environment, instruction sets, the host's hooks; and what CPUs may run, by a table of CPUs that are not at hand. */
#include <stdlib.h>

#include "counting.h"
#include "kernels/cpu.h"
#include "kernels/kernels.h"
#include "nets.h"

/* -- creation -- */

static void refused(const gradus_context_config *given, gradus_status expected, const char *message) {
    char text[256] = "";
    gradus_context_config config = *given;
    gradus_context *context = (gradus_context *)&config;
    config.message = text;
    config.message_size = sizeof text;
    cr_assert_eq(gradus_context_create(&config, &context), expected, "%s", text);
    cr_assert_null(context);
    cr_assert_not_null(strstr(text, message), "'%s' does not say '%s'", text, message);
}

static gradus_context_config plain_config(void) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    return config;
}

static void *never(void *user, size_t size, size_t alignment) {
    (void)user, (void)size, (void)alignment;
    return NULL;
}

Test(context, creation) {
    gradus_context *context;
    gradus_context_config config = plain_config();
    cr_assert_eq(config.struct_size, sizeof config);
    cr_assert_eq(gradus_context_create(NULL, &context), GRADUS_OK);
    cr_assert_str_eq(gradus_context_message(context), "");
    cr_assert_geq(gradus_context_threads(context), 1);
    gradus_context_destroy(context);
    gradus_context_destroy(NULL);
    config.threads = 257;
    refused(&config, GRADUS_INVALID_ARGUMENT, "257");
    refused(&config, GRADUS_INVALID_ARGUMENT, "256");
    for (uint32_t threads = 1; threads <= 256; threads += 255) {
        context = context_of(threads);
        cr_assert_eq(gradus_context_threads(context), threads);
        cr_assert_str_eq(gradus_context_threads_reason(context), "as asked");
        gradus_context_destroy(context);
    }
    config = plain_config();
    config.allocator.allocate = never;
    refused(&config, GRADUS_INVALID_ARGUMENT, "allocate and release");
    config.allocator.release = count_release;
    refused(&config, GRADUS_OUT_OF_MEMORY, "memory");
    config = plain_config();
    config.struct_size = 0;
    cr_assert_eq(gradus_context_create(&config, &context), GRADUS_INVALID_ARGUMENT);
    cr_assert_null(context);
}

/* The text is cut to the buffer, and always ended. */
Test(context, a_short_message_buffer) {
    char text[8];
    gradus_context *context;
    gradus_context_config config = plain_config();
    memset(text, 'x', sizeof text);
    config.threads = 1000;
    config.message = text;
    config.message_size = 5;
    cr_assert_eq(gradus_context_create(&config, &context), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(strlen(text), 4);
    cr_assert_eq(text[5], 'x');
    config.message_size = 0;
    cr_assert_eq(gradus_context_create(&config, &context), GRADUS_INVALID_ARGUMENT);
    config.message = NULL;
    config.message_size = 100;
    cr_assert_eq(gradus_context_create(&config, &context), GRADUS_INVALID_ARGUMENT);
}

/* A caller built against an older, shorter struct gets the defaults for the rest. */
Test(context, a_shorter_struct) {
    gradus_context *context;
    gradus_context_config config = plain_config();
    config.threads = 3;
    config.allocator.allocate = never; /* behind its end: not looked at */
    config.struct_size = offsetof(gradus_context_config, pool);
    cr_assert_eq(gradus_context_create(&config, &context), GRADUS_OK);
    cr_assert_eq(gradus_context_threads(context), 3);
    gradus_context_destroy(context);
}

/* -- the environment -- */

Test(context, environment) {
    gradus_context *context;
    gradus_context_config config = plain_config();
    static const char *const garbage[] = {"four", "-1", "0", "2x", "1e3", "0x4"};
    setenv("GRADUS_ISA", "scalar", 1);
    setenv("GRADUS_NUM_THREADS", "5", 1);
    setenv("OMP_NUM_THREADS", "3", 1);
    context = make_context(&config);
    cr_assert_str_eq(gradus_context_isa(context), "scalar");
    cr_assert_eq(gradus_context_threads(context), 5);
    cr_assert_str_eq(gradus_context_threads_reason(context), "GRADUS_NUM_THREADS");
    gradus_context_destroy(context);
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        setenv("GRADUS_NUM_THREADS", garbage[i], 1);
        refused(&config, GRADUS_INVALID_ARGUMENT, "GRADUS_NUM_THREADS");
        refused(&config, GRADUS_INVALID_ARGUMENT, garbage[i]);
    }
    config.threads = 2; /* then the variable is not read */
    context = make_context(&config);
    cr_assert_eq(gradus_context_threads(context), 2);
    gradus_context_destroy(context);
    config.threads = 0;
    unsetenv("GRADUS_NUM_THREADS");
    context = make_context(&config);
    cr_assert_eq(gradus_context_threads(context), 3);
    gradus_context_destroy(context);
    unsetenv("OMP_NUM_THREADS");
    setenv("GRADUS_ISA", "sse9", 1);
    refused(&config, GRADUS_INVALID_ARGUMENT, "GRADUS_ISA");
    refused(&config, GRADUS_INVALID_ARGUMENT, "'sse9'");
    refused(&config, GRADUS_INVALID_ARGUMENT, "scalar");
    config.isa = "scalar"; /* then the variable is not read */
    context = make_context(&config);
    gradus_context_destroy(context);
    config.isa = NULL;
    setenv("GRADUS_ISA", "", 1); /* as if unset: the best */
    context = make_context(&config);
    size_t best = 0;
    while (runnable_isa(best + 1)) best++;
    cr_assert_str_eq(gradus_context_isa(context), runnable_isa(best));
    gradus_context_destroy(context);
}

/* -- instruction sets -- */

Test(context, instruction_sets) {
    gradus_context *context = context_of(1);
    int runnable = 0;
    const char *needs = NULL, *name;
    cr_assert_str_eq(gradus_isa_name(0, &runnable, &needs), "scalar");
    cr_assert(runnable && needs);
    cr_assert_null(gradus_isa_name(1000, &runnable, &needs));
    for (size_t i = 0; (name = gradus_isa_name(i, &runnable, NULL)) != NULL; i++) {
        const gradus_status status = gradus_context_set_isa(context, name);
        cr_assert_eq(status, runnable ? GRADUS_OK : GRADUS_UNSUPPORTED);
        if (runnable) cr_assert_str_eq(gradus_context_isa(context), name);
        if (!runnable) cr_assert(says(context, name) && says(context, "needs"), "%s", gradus_context_message(context));
    }
    cr_assert_eq(gradus_context_set_isa(context, "scalar"), GRADUS_OK);
    cr_assert_eq(gradus_context_set_isa(context, "AVX2"), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "'AVX2'") && says(context, "scalar"), "%s", gradus_context_message(context));
    cr_assert_str_eq(gradus_context_isa(context), "scalar");
    gradus_context_destroy(context);
}

/* -- the host's hooks -- */

typedef struct host {
    size_t calls, tasks, messages;
} host;

/* Last task first: any order will do. */
static void host_parallel(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    host *h = user;
    h->calls++;
    h->tasks += tasks;
    for (size_t i = tasks; i-- > 0;) task(arg, i);
}

static void host_log(void *user, gradus_log_level level, const char *message) {
    host *h = user;
    cr_assert(level >= GRADUS_LOG_WARNING && level <= GRADUS_LOG_DEBUG && message[0]);
    h->messages++;
}

static void predict_digest(gradus_context *context, char digest[DIGEST]) {
    const net_shape shape = shape_of(40, 2, (const size_t[]){50, 9}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX);
    gradus_net *net = make_net(context, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
    sample_set set = make_samples(&shape, 600, 0, 1);
    double loss;
    cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK);
    digest_of(context, net, digest);
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
}

Test(context, the_hosts_threads_and_log) {
    host h = {0, 0, 0};
    char wanted[DIGEST], found[DIGEST];
    gradus_context_config config = plain_config();
    gradus_context *context = context_of(1);
    predict_digest(context, wanted);
    gradus_context_destroy(context);
    config.executor = (gradus_executor){&h, 4, host_parallel};
    config.log = host_log;
    config.log_user = &h;
    context = make_context(&config);
    cr_assert_eq(gradus_context_threads(context), 4);
    predict_digest(context, found);
    cr_assert_str_eq(found, wanted);
    cr_assert(h.calls > 0 && h.tasks > h.calls && h.messages > 0, "%zu calls, %zu tasks, %zu messages", h.calls, h.tasks, h.messages);
    gradus_context_destroy(context);
    config.executor.width = 100000;
    context = make_context(&config);
    cr_assert_eq(gradus_context_threads(context), 256);
    gradus_context_destroy(context);
}

Test(context, a_context_that_was_never_used_gives_everything_back) {
    counting c;
    const gradus_context_config config = counting_config(&c, 8);
    gradus_context_destroy(make_context(&config));
    counting_check(&c);
    cr_assert_eq(c.asked, 1);
}

/* -- CPUs -- */

/* Intel's manual, volume 2A, CPUID: leaf 1 ECX: FMA 12, OSXSAVE 27, AVX 28; leaf 7 EBX: AVX2 5, AVX512F 16, DQ 17, BW 30, VL 31. XCR0: SSE 1, AVX 2,
 * opmask 5, ZMM 6 and 7. */
enum { FMA = 1 << 12, OSXSAVE = 1 << 27, AVX = 1 << 28, AVX2 = 1 << 5, F = 1 << 16, DQ = 1 << 17, BW = 1 << 30 };
static const uint32_t VL = 1u << 31;

typedef struct cpu_case {
    const char *name;
    gd_cpu_facts facts;
    uint32_t wanted;
} cpu_case;

Test(context, cpus_that_are_not_at_hand) {
    const uint32_t leaf1 = FMA | OSXSAVE | AVX, all = AVX2 | F | DQ | BW | VL;
    const cpu_case cpus[] = {
        {"nothing at all", {0, 0, 0, 0}, 0},
        {"Haswell", {13, leaf1, AVX2, 0x07}, GD_CPU_AVX2},
        {"Skylake server", {22, leaf1, all, 0xe7}, GD_CPU_AVX2 | GD_CPU_AVX512},
        {"every bit set", {~0u, ~0u, ~0u, ~(uint64_t)0}, GD_CPU_AVX2 | GD_CPU_AVX512},
        {"no OSXSAVE", {22, FMA | AVX, all, 0xe7}, 0},
        {"OSXSAVE, the system saves x87 only", {22, leaf1, all, 0x01}, 0},
        {"the system saves SSE only", {22, leaf1, all, 0x03}, 0},
        {"AVX state without SSE state", {22, leaf1, all, 0xe5}, 0},
        {"no AVX-512 state", {22, leaf1, all, 0x07}, GD_CPU_AVX2},
        {"no opmask state", {22, leaf1, all, 0xc7}, GD_CPU_AVX2},
        {"no state of ZMM0-15's upper halves", {22, leaf1, all, 0xa7}, GD_CPU_AVX2},
        {"no state of ZMM16-31", {22, leaf1, all, 0x67}, GD_CPU_AVX2},
        {"Knights Landing: F without BW, DQ, VL", {13, leaf1, AVX2 | F, 0xe7}, GD_CPU_AVX2},
        {"no DQ", {22, leaf1, AVX2 | F | BW | VL, 0xe7}, GD_CPU_AVX2},
        {"no BW", {22, leaf1, AVX2 | F | DQ | VL, 0xe7}, GD_CPU_AVX2},
        {"no VL", {22, leaf1, AVX2 | F | DQ | BW, 0xe7}, GD_CPU_AVX2},
        {"no F", {22, leaf1, AVX2 | DQ | BW | VL, 0xe7}, GD_CPU_AVX2},
        {"leaf 7 is not there, its registers are stale", {6, leaf1, all, 0xe7}, 0},
        {"exactly leaf 7", {7, leaf1, all, 0xe7}, GD_CPU_AVX2 | GD_CPU_AVX512},
        {"no FMA", {22, OSXSAVE | AVX, all, 0xe7}, 0},
        {"no AVX", {22, OSXSAVE | FMA, all, 0xe7}, 0},
        {"Sandy Bridge", {13, OSXSAVE | AVX, 0, 0x07}, 0},
        {"AVX-512 without AVX2", {22, leaf1, all & ~(uint32_t)AVX2, 0xe7}, 0},
    };
    for (size_t i = 0; i < sizeof cpus / sizeof cpus[0]; i++)
        cr_assert_eq(gd_cpu_decide(&cpus[i].facts), cpus[i].wanted, "%s: %x, expected %x", cpus[i].name, (unsigned)gd_cpu_decide(&cpus[i].facts),
                     (unsigned)cpus[i].wanted);
}

#if defined(__x86_64__)
/* The compiler's own detection agrees about this CPU. */
Test(context, this_cpu) {
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    cr_assert_eq((gd_cpu_features() & GD_CPU_AVX2) != 0, avx2);
    cr_assert_eq((gd_cpu_features() & GD_CPU_AVX512) != 0, avx512);
}
#endif
