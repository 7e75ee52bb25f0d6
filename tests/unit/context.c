/* Contexts: configuration, environment, instruction sets, the host's hooks. */
#include <stdlib.h>

#include "counting.h"
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
