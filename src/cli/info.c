/* gradus info: what was found on this machine, what was chosen and why; with a model, what that is. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/saved_model.h"

/* The processor's own name, where the system tells it. */
static void read_cpu_name(char *name, size_t size) {
    char line[512];
    snprintf(name, size, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (file == NULL) return;
    while (fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL) continue;
        snprintf(name, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
        name[strcspn(name, "\n")] = 0;
        break;
    }
    fclose(file);
}

static const char *isa_reason(const gd_arguments *arguments) {
    const char *variable = getenv("GRADUS_ISA");
    if (arguments->isa != NULL) return "--isa";
    return variable != NULL && variable[0] != 0 ? "GRADUS_ISA" : "the fastest that runs here";
}

static const char *threads_reason(const gd_arguments *arguments, const gd_means *means) {
    return arguments->threads != 0 ? "--threads" : gradus_context_threads_reason(means->context);
}

static void print_event(const gd_arguments *arguments, const gd_means *means, const char *cpu) {
    gd_event event;
    gd_json_writer *json = &event.json;
    const char *name, *needs, *chosen = gradus_context_isa(means->context);
    int runnable;
    gd_event_begin(&event, "info");
    gd_json_string(json, "version", gradus_version());
    gd_json_string(json, "numerics", gradus_numerics_version());
    gd_json_string(json, "cpu", cpu);
    gd_json_begin_array(json, "isas");
    for (size_t i = 0; (name = gradus_isa_name(i, &runnable, &needs)) != NULL; i++) {
        gd_json_begin_object(json, NULL);
        gd_json_string(json, "name", name);
        gd_json_string(json, "needs", needs);
        gd_json_bool(json, "runnable", runnable != 0);
        gd_json_bool(json, "chosen", strcmp(name, chosen) == 0);
        gd_json_end_object(json);
    }
    gd_json_end_array(json);
    gd_json_string(json, "isa", chosen);
    gd_json_string(json, "isa_reason", isa_reason(arguments));
    gd_json_integer(json, "threads", gradus_context_threads(means->context));
    gd_json_string(json, "threads_reason", threads_reason(arguments, means));
    gd_json_string(json, "threads_from", arguments->threads_from);
    gd_event_end(&event);
}

static void print_text(const gd_arguments *arguments, const gd_means *means, const char *cpu) {
    const char *name, *needs, *chosen = gradus_context_isa(means->context);
    int runnable;
    printf("gradus   %s, arithmetic %s\n", gradus_version(), gradus_numerics_version());
    printf("cpu      %s\n", cpu);
    for (size_t i = 0; (name = gradus_isa_name(i, &runnable, &needs)) != NULL; i++) {
        printf("%-8s %-7s needs %s: %s", i == 0 ? "kernels" : "", name, needs, runnable ? "runs here" : "cannot run here");
        if (strcmp(name, chosen) == 0) printf("; chosen (%s)", isa_reason(arguments));
        printf("\n");
    }
    printf("threads  %" PRIu32 " (%s), of %s\n", gradus_context_threads(means->context), threads_reason(arguments, means),
           strcmp(arguments->threads_from, "openmp") == 0 ? "OpenMP" : "the pool");
}

int gd_command_info(const gd_arguments *arguments) {
    gd_means means;
    int code = gd_means_create(arguments, &means);
    if (code != GD_EXIT_DONE) return code;
    char cpu[256];
    read_cpu_name(cpu, sizeof cpu);
    if (arguments->operands[0] != NULL) {
        code = gd_model_info(arguments, &means);
    } else if (arguments->json) {
        print_event(arguments, &means, cpu);
    } else {
        print_text(arguments, &means, cpu);
    }
    gd_means_destroy(&means);
    return code;
}
