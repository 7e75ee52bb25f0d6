/* Making a context from the command line. */
#include "cli/means.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#ifdef GRADUS_WITH_OPENMP
#include <gradus/openmp.h>
#endif

#include "cli/stop.h"

static void print_log(void *user, gradus_log_level level, const char *message) {
    const gd_arguments *arguments = user;
    if (level == GRADUS_LOG_WARNING && !arguments->quiet) fprintf(stderr, "gradus: warning: %s\n", message);
}

static gradus_status create_context(const gd_arguments *arguments, int pin, char *message, size_t size, gradus_context **context) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.isa = arguments->isa;
    config.threads = (uint32_t)arguments->threads;
    config.pin_threads = (uint32_t)pin;
    config.log = print_log;
    config.log_user = (void *)(uintptr_t)arguments;
    config.message = message;
    config.message_size = size;
    return gradus_context_create(&config, context);
}

/* Without --pin: threads that leave CPUs free are better placed by the system, which knows what else runs. */
static int choose_pin(const gd_arguments *arguments, const gradus_context *context) {
    cpu_set_t cpus;
    if (arguments->pin != NULL) return strcmp(arguments->pin, "yes") == 0;
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 && gradus_context_threads(context) == (uint32_t)CPU_COUNT(&cpus);
}

int gd_means_create(const gd_arguments *arguments, gd_means *means) {
    char message[512] = "";
    memset(means, 0, sizeof *means);
    gradus_status status = create_context(arguments, 0, message, sizeof message, &means->context);
    if (status == GRADUS_OK && choose_pin(arguments, means->context)) { /* a context is cheap: no thread has started yet */
        gradus_context_destroy(means->context);
        means->pin = 1;
        status = create_context(arguments, 1, message, sizeof message, &means->context);
    }
    if (status == GRADUS_OK) {
        gd_stop_watch(means->context);
        return GD_EXIT_DONE;
    }
    bool usage = status == GRADUS_INVALID_ARGUMENT || status == GRADUS_UNSUPPORTED;
    return gd_complain(arguments->command, usage ? GD_EXIT_USAGE : GD_EXIT_FAILED, message,
                       usage ? "gradus info shows what this machine can run" : NULL);
}

void gd_means_destroy(gd_means *means) {
    gd_stop_watch(NULL);
    gradus_context_destroy(means->context);
    means->context = NULL;
}

int gd_means_run(const gd_means *means, const gd_arguments *arguments, int (*fn)(void *argument), void *argument) {
#ifdef GRADUS_WITH_OPENMP
    if (strcmp(arguments->threads_from, "openmp") == 0) return gradus_openmp_run(means->context, means->pin, fn, argument);
#endif
    (void)arguments;
    (void)means;
    return fn(argument);
}

int gd_means_failed(const gd_means *means, const gd_arguments *arguments, gradus_status status) {
    const char *message = gradus_context_message(means->context);
    return gd_complain(arguments->command, GD_EXIT_FAILED, message[0] != 0 ? message : gradus_status_text(status), NULL);
}

const char *gd_means_isa_needs(const gd_means *means) {
    const char *name, *needs, *chosen = gradus_context_isa(means->context);
    for (size_t i = 0; (name = gradus_isa_name(i, NULL, &needs)) != NULL; i++) {
        if (strcmp(name, chosen) == 0) return needs;
    }
    return NULL;
}
