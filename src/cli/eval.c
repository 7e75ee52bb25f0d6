/* gradus eval: how good a saved model is on some data. */
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/saved_model.h"
#include "cli/scores.h"
#include "cli/stop.h"

typedef struct trial {
    gd_means means;
    const gd_arguments *arguments;
    gd_saved_model model;
    gradus_dataset *set;
    gradus_evaluation scores;
} trial;

static int score(void *argument) {
    trial *t = argument;
    gradus_status status = gd_score(t->means.context, t->model.net, t->set, &t->scores);
    if (status == GRADUS_OK) return GD_EXIT_DONE;
    if (status != GRADUS_INTERRUPTED || gd_stop_signal() == 0) return gd_means_failed(&t->means, t->arguments, status);
    return gd_complain(t->arguments->command, gd_stop_exit_code(gd_stop_signal()), "stopped by a signal", NULL);
}

static void print_event(const trial *t) {
    gd_event event;
    gd_event_begin(&event, "done");
    gd_event_scores(&event, "test", &t->scores);
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
}

int gd_command_eval(const gd_arguments *arguments) {
    trial t;
    memset(&t, 0, sizeof t);
    t.arguments = arguments;
    int code = gd_means_create(arguments, &t.means);
    if (code != GD_EXIT_DONE) return code;
    code = gd_saved_model_load(&t.means, arguments, arguments->operands[0], &t.model);
    if (code == GD_EXIT_DONE) code = gd_saved_model_open(&t.means, arguments, &t.model, arguments->operands[1], 0, &t.set);
    if (code == GD_EXIT_DONE) code = gd_means_run(&t.means, arguments, score, &t);
    if (code == GD_EXIT_DONE && (!arguments->json || !arguments->quiet)) print_result(&t);
    if (code == GD_EXIT_DONE && arguments->json) print_event(&t);
    gd_saved_model_free(&t.means, &t.model);
    gradus_dataset_destroy(t.means.context, t.set);
    gd_means_destroy(&t.means);
    return code;
}
