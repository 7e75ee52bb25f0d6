/* gradus eval: how good a saved model is on some data. */
#include <string.h>

#include <gradus/model.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/scores.h"
#include "cli/stop.h"
#include "nn/loss.h"

typedef struct trial {
    gd_means means;
    const gd_arguments *arguments;
    gradus_net *net;
    gradus_dataset *set;
    bool is_test;
    gradus_evaluation scores;
    char digest[65];
} trial;

static int fail(const trial *t, gradus_status status) { return gd_means_failed(&t->means, t->arguments, status); }

static int load_model(trial *t) {
    gradus_status status = gradus_model_load(t->means.context, t->arguments->operands[0], &t->net, NULL);
    if (status == GRADUS_OK) status = gradus_net_sha256(t->means.context, t->net, t->digest);
    return status == GRADUS_OK ? GD_EXIT_DONE : fail(t, status);
}

static int open_data(trial *t) {
    int code = gd_open_test_set(&t->means, t->arguments, t->arguments->operands[1], &t->set, &t->is_test);
    if (code != GD_EXIT_DONE) return code;
    return gd_check_set(t->arguments, t->set, t->arguments->operands[0], gradus_net_inputs(t->net),
                        gd_loss_classes(gradus_net_loss(t->net), gradus_net_outputs(t->net)));
}

static int score(void *argument) {
    trial *t = argument;
    gradus_status status = gd_score(t->means.context, t->net, t->set, &t->scores);
    if (status == GRADUS_OK) return GD_EXIT_DONE;
    if (status != GRADUS_INTERRUPTED || gd_stop_signal() == 0) return fail(t, status);
    return gd_complain(t->arguments->command, gd_stop_exit_code(gd_stop_signal()), "stopped by a signal", NULL);
}

static void print_event(const trial *t) {
    gd_event event;
    gd_event_begin(&event, "done");
    gd_event_scores(&event, "test", &t->scores);
    gd_json_string(&event.json, "data", gradus_dataset_source(t->set));
    gd_json_string(&event.json, "set", t->is_test ? "test" : "only");
    gd_json_integer(&event.json, "samples", t->scores.samples);
    gd_json_string(&event.json, "isa", gradus_context_isa(t->means.context));
    gd_json_integer(&event.json, "threads", gradus_context_threads(t->means.context));
    gd_json_string(&event.json, "weights_sha256", t->digest);
    gd_json_string(&event.json, "model", t->arguments->operands[0]);
    gd_event_end(&event);
}

static void print_result(const trial *t) {
    FILE *out = t->arguments->json ? stderr : stdout;
    fprintf(out, "%-8s %s\n", "model", t->arguments->operands[0]);
    gd_print_scores(out, t->is_test ? "test" : "only set", &t->scores, gradus_dataset_source(t->set));
    gd_print_means(out, &t->means, t->arguments);
    fprintf(out, "%-8s sha256 %s\n", "weights", t->digest);
}

int gd_command_eval(const gd_arguments *arguments) {
    trial t;
    memset(&t, 0, sizeof t);
    t.arguments = arguments;
    int code = gd_means_create(arguments, &t.means);
    if (code != GD_EXIT_DONE) return code;
    code = load_model(&t);
    if (code == GD_EXIT_DONE) code = open_data(&t);
    if (code == GD_EXIT_DONE) code = gd_means_run(&t.means, arguments, score, &t);
    if (code == GD_EXIT_DONE && (!arguments->json || !arguments->quiet)) print_result(&t);
    if (code == GD_EXIT_DONE && arguments->json) print_event(&t);
    gradus_net_destroy(t.means.context, t.net);
    gradus_dataset_destroy(t.means.context, t.set);
    gd_means_destroy(&t.means);
    return code;
}
