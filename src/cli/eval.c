/* gradus eval: how good a saved model is on some data. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/saved_model.h"
#include "cli/scores.h"
#include "cli/stop.h"
#include "format/utf8.h"

typedef struct trial {
    gd_means means;
    const gd_arguments *arguments;
    gd_saved_model model;
    gradus_dataset *set;
    gradus_metrics scores;
    double penalty;     /* on the weights, a part of the loss that training made small */
    size_t class_count; /* 0: there are none to tell apart */
    gradus_class_metrics *classes;
    uint64_t *confusion;
} trial;

/* Room for what is said of each class. */
static int prepare(trial *t) {
    t->class_count = gradus_dataset_targets(t->set).dtype == GRADUS_DTYPE_F32 ? 0 : gradus_net_classes(t->model.net);
    if (t->class_count == 0) return GD_EXIT_DONE;
    t->classes = calloc(t->class_count, sizeof *t->classes);
    t->confusion = t->class_count < UINT32_MAX ? calloc(t->class_count * t->class_count, sizeof *t->confusion) : NULL;
    return t->classes != NULL && t->confusion != NULL ? GD_EXIT_DONE : gd_complain(t->arguments->command, GD_EXIT_FAILED, "out of memory", NULL);
}

static int score(void *argument) {
    trial *t = argument;
    gradus_metrics_config config;
    gradus_metrics_config_init(&config);
    config.auc = t->class_count > 0;
    config.classes = t->classes;
    config.confusion = t->confusion;
    gradus_status status = gd_score(t->means.context, t->model.net, t->set, &config, &t->scores);
    if (status == GRADUS_OK) status = gradus_net_penalty(t->means.context, t->model.net, &t->penalty);
    if (status == GRADUS_OK) return GD_EXIT_DONE;
    if (status != GRADUS_INTERRUPTED || gd_stop_signal() == 0) return gd_means_failed(&t->means, t->arguments, status);
    return gd_complain(t->arguments->command, gd_stop_exit_code(gd_stop_signal()), "stopped by a signal", NULL);
}

static const char *class_name(const trial *t, size_t class, char number[24]) {
    const char *name = gradus_schema_class_name(gradus_dataset_schema(t->set), class);
    snprintf(number, 24, "%zu", class);
    return name != NULL ? name : number;
}

static void write_classes(gd_json_writer *json, const trial *t) {
    char number[24];
    gd_json_number(json, "precision", t->scores.precision);
    gd_json_number(json, "recall", t->scores.recall);
    gd_json_number(json, "auc", t->scores.auc);
    gd_json_begin_array(json, "classes");
    for (size_t i = 0; i < t->class_count; i++) {
        gd_json_begin_object(json, NULL);
        gd_json_string(json, "name", class_name(t, i, number));
        gd_json_integer(json, "samples", t->classes[i].samples);
        gd_json_number(json, "precision", t->classes[i].precision);
        gd_json_number(json, "recall", t->classes[i].recall);
        gd_json_number(json, "f1", t->classes[i].f1);
        gd_json_end_object(json);
    }
    gd_json_end_array(json);
    gd_json_begin_array(json, "confusion");
    for (size_t i = 0; i < t->class_count; i++) {
        gd_json_begin_array(json, NULL);
        for (size_t k = 0; k < t->class_count; k++) gd_json_integer(json, NULL, t->confusion[i * t->class_count + k]);
        gd_json_end_array(json);
    }
    gd_json_end_array(json);
}

/* A table of the classes, and of what they were taken for where that fits a screen. */
static void print_classes(FILE *out, const trial *t) {
    enum { SHOWN = 10, NAME = 20 };
    char number[24], name[NAME + 1];
    fprintf(out, "\n%-*s  samples  precision  recall      f1%s\n", NAME, "class", t->class_count <= SHOWN ? "   taken for each class" : "");
    for (size_t i = 0; i < t->class_count; i++) {
        const gradus_class_metrics *m = &t->classes[i];
        gd_copy_printable(name, sizeof name, class_name(t, i, number));
        fprintf(out, "%-*s %8" PRIu64 "     %.4f  %.4f  %.4f", NAME, name, m->samples, m->precision, m->recall, m->f1);
        for (size_t k = 0; k < t->class_count && t->class_count <= SHOWN; k++)
            fprintf(out, " %*" PRIu64, k == 0 ? 7 : 5, t->confusion[i * t->class_count + k]);
        fprintf(out, "\n");
    }
}

static void print_event(const trial *t) {
    gd_event event;
    gd_event_begin(&event, "done");
    gd_event_scores(&event, "test", &t->scores, t->penalty);
    if (t->class_count > 0) write_classes(&event.json, t);
    gd_json_string(&event.json, "data", gradus_dataset_source(t->set));
    gd_json_string(&event.json, "set", gradus_dataset_is_test(t->set) ? "test" : "only");
    gd_json_integer(&event.json, "samples", t->scores.samples);
    gd_json_string(&event.json, "isa", gradus_context_isa(t->means.context));
    gd_json_integer(&event.json, "threads", gradus_context_threads(t->means.context));
    gd_json_string(&event.json, "weights_sha256", t->model.digest);
    gd_json_string(&event.json, "model", t->model.path);
    gd_event_end(&event);
}

static void print_result(const trial *t) {
    FILE *out = t->arguments->json ? stderr : stdout;
    fprintf(out, "%-8s %s\n", "model", t->model.path);
    gd_print_scores(out, gradus_dataset_is_test(t->set) ? "test" : "only set", &t->scores, gradus_dataset_source(t->set));
    gd_print_means(out, &t->means, t->arguments);
    fprintf(out, "%-8s sha256 %s\n", "weights", t->model.digest);
    if (t->class_count > 0 && !t->arguments->quiet) print_classes(out, t);
}

int gd_command_eval(const gd_arguments *arguments) {
    trial t;
    memset(&t, 0, sizeof t);
    t.arguments = arguments;
    int code = gd_means_create(arguments, &t.means);
    if (code != GD_EXIT_DONE) return code;
    code = gd_saved_model_load(&t.means, arguments, arguments->operands[0], &t.model);
    if (code == GD_EXIT_DONE) code = gd_saved_model_open(&t.means, arguments, &t.model, arguments->operands[1], 0, &t.set);
    if (code == GD_EXIT_DONE) code = prepare(&t);
    if (code == GD_EXIT_DONE) code = gd_means_run(&t.means, arguments, score, &t);
    if (code == GD_EXIT_DONE && (!arguments->json || !arguments->quiet)) print_result(&t);
    if (code == GD_EXIT_DONE && arguments->json) print_event(&t);
    free(t.classes);
    free(t.confusion);
    gd_saved_model_free(&t.means, &t.model);
    gradus_dataset_destroy(t.means.context, t.set);
    gd_means_destroy(&t.means);
    return code;
}
