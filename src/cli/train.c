/* gradus train: the run itself and its report. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradus/model.h>
#include <gradus/train.h>

#include "base/memory.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/out_folder.h"
#include "cli/output.h"
#include "cli/scores.h"
#include "cli/stop.h"
#include "cli/train_plan.h"
#include "report/progress.h"

typedef struct run {
    gd_train_plan plan;
    gradus_net *net;
    gradus_optimizer *optimizer;
    gd_out_folder folder;
    gd_progress_view view;
    gradus_train_state state;
    double epoch_begin, seconds;
    gradus_evaluation train_scores, test_scores;
    char digest[65];
} run;

static int on_step(void *user, const gradus_progress *progress) {
    run *r = user;
    gd_progress_step(&r->view, progress);
    return gd_stop_signal() != 0;
}

static void print_epoch_event(const gradus_progress *progress, double learning_rate, double seconds) {
    gd_event event;
    gd_event_begin(&event, "epoch");
    gd_json_integer(&event.json, "epoch", progress->epoch);
    gd_json_begin_object(&event.json, "train");
    gd_json_number(&event.json, "loss", progress->epoch_loss);
    gd_json_end_object(&event.json);
    gd_json_number(&event.json, "learning_rate", learning_rate);
    gd_json_number(&event.json, "seconds", seconds);
    gd_event_end(&event);
}

static int on_epoch(void *user, const gradus_progress *progress) {
    run *r = user;
    double learning_rate = 0.0, now = gd_seconds();
    (void)gradus_optimizer_get(r->plan.means.context, r->optimizer, 0, GRADUS_LEARNING_RATE, &learning_rate);
    if (r->plan.arguments->json) print_epoch_event(progress, learning_rate, now - r->epoch_begin);
    gd_out_folder_epoch(&r->folder, progress->epoch, learning_rate, progress->epoch_loss);
    gd_progress_epoch(&r->view, progress);
    r->epoch_begin = now;
    return gd_stop_signal() != 0;
}

static int fail(const run *r, gradus_status status) { return gd_means_failed(&r->plan.means, r->plan.arguments, status); }

static int stopped(const run *r) {
    char what[160], remedy[PATH_MAX + 100];
    int signal_number = gd_stop_signal();
    snprintf(what, sizeof what, "stopped by %s after step %" PRIu64, gd_stop_name(signal_number), r->state.steps);
    snprintf(remedy, sizeof remedy, "%s%snothing was saved: this version writes the model at the end only",
             r->folder.path != NULL ? r->folder.path : "", r->folder.path != NULL ? ": " : "");
    return gd_complain(r->plan.arguments->command, gd_stop_exit_code(signal_number), what, remedy);
}

static int diverged(const run *r, const char *what) {
    return gd_complain(r->plan.arguments->command, GD_EXIT_DIVERGED, what, "try a smaller learning rate, for example --optimizer adam:lr=0.0001");
}

static int train(run *r) {
    const gd_arguments *arguments = r->plan.arguments;
    gradus_train_config config;
    gradus_train_config_init(&config);
    config.batch_size = arguments->batch_size;
    config.epochs = arguments->epochs;
    config.max_steps = arguments->max_steps;
    config.seed = arguments->seed;
    config.user = r;
    config.on_step = on_step;
    config.on_epoch = on_epoch;
    gradus_train_state_init(&r->state);
    r->view = gd_progress_begin(gd_output_progress(arguments), gradus_dataset_samples(r->plan.train), r->plan.steps);
    double begin = r->epoch_begin = gd_seconds();
    gradus_status status = gradus_train(r->plan.means.context, r->net, r->optimizer, r->plan.train, &config, &r->state);
    r->seconds = gd_seconds() - begin;
    gd_progress_end(&r->view);
    if (gd_stop_signal() != 0) return stopped(r);
    if (status == GRADUS_NOT_FINITE) return diverged(r, gradus_context_message(r->plan.means.context));
    return status == GRADUS_OK ? GD_EXIT_DONE : fail(r, status);
}

/* The final weights over both sets. Evaluation can be interrupted, too. */
static int score(run *r) {
    gradus_context *context = r->plan.means.context;
    gradus_status status = gd_score(context, r->net, r->plan.train, &r->train_scores);
    if (status == GRADUS_OK && r->plan.test != NULL) status = gd_score(context, r->net, r->plan.test, &r->test_scores);
    if (status == GRADUS_OK) status = gradus_net_sha256(context, r->net, r->digest);
    if (status == GRADUS_INTERRUPTED && gd_stop_signal() != 0) return stopped(r);
    if (status != GRADUS_OK) return fail(r, status);
    if (isfinite(r->train_scores.loss)) return GD_EXIT_DONE;
    char what[120];
    snprintf(what, sizeof what, "after step %" PRIu64 " the loss over the training set is not finite", r->state.steps);
    return diverged(r, what);
}

static int train_and_score(void *argument) {
    run *r = argument;
    int code = train(r);
    return code == GD_EXIT_DONE ? score(r) : code;
}

static double samples_per_second(const run *r) {
    double samples = (double)gradus_dataset_samples(r->plan.train) * (double)r->state.epochs + (double)r->state.epoch_samples;
    return r->seconds > 0.0 ? samples / r->seconds : 0.0;
}

static void print_done_event(const run *r) {
    gd_event event;
    gd_json_writer *json = &event.json;
    gradus_context *context = r->plan.means.context;
    gd_event_begin(&event, "done");
    gd_event_scores(&event, "train", &r->train_scores);
    if (r->plan.test != NULL) gd_event_scores(&event, "test", &r->test_scores);
    gd_json_integer(json, "epochs", r->state.epochs);
    gd_json_integer(json, "steps", r->state.steps);
    gd_json_number(json, "seconds", r->seconds);
    gd_json_number(json, "samples_per_second", samples_per_second(r));
    gd_json_string(json, "isa", gradus_context_isa(context));
    gd_json_integer(json, "threads", gradus_context_threads(context));
    gd_json_string(json, "weights_sha256", r->digest);
    if (r->folder.path != NULL) gd_json_string(json, "model", r->folder.model);
    gd_event_end(&event);
}

static void print_net(FILE *out, const gradus_net *net) {
    fprintf(out, "%-8s %zu", "net", gradus_net_inputs(net));
    for (size_t i = 0; i < gradus_net_layer_count(net); i++) {
        gradus_layer layer = gradus_net_layer(net, i);
        fprintf(out, " -> %zu %s", layer.outputs, gradus_activation_name(layer.activation));
    }
    fprintf(out, ", %" PRIu64 " parameters\n", gradus_net_parameter_count(net));
}

static void print_result(const run *r) {
    FILE *out = r->plan.arguments->json ? stderr : stdout;
    char rate[16];
    gd_print_rate(rate, samples_per_second(r));
    print_net(out, r->net);
    gd_print_scores(out, "train", &r->train_scores, gradus_dataset_source(r->plan.train));
    if (r->plan.test != NULL) gd_print_scores(out, "test", &r->test_scores, gradus_dataset_source(r->plan.test));
    gd_print_means(out, &r->plan.means, r->plan.arguments);
    fprintf(out, "%-8s %s samples/s (%" PRIu64 " steps in %.2f s)\n", "speed", rate, r->state.steps, r->seconds);
    fprintf(out, "%-8s sha256 %s\n", "weights", r->digest);
    if (r->folder.path != NULL) fprintf(out, "%-8s %s\n", "model", r->folder.model);
}

static int create_net(run *r) {
    gradus_context *context = r->plan.means.context;
    gradus_net_config config;
    gradus_net_config_init(&config);
    config.inputs = gd_dataset_features(r->plan.train);
    config.layers = r->plan.layers;
    config.layer_count = r->plan.layer_count;
    config.loss = r->plan.loss;
    config.label_smoothing = r->plan.arguments->label_smoothing;
    config.seed = r->plan.arguments->seed;
    gradus_status status = gradus_net_create(context, &config, &r->net);
    if (status == GRADUS_INVALID_ARGUMENT) {
        return gd_complain(r->plan.arguments->command, GD_EXIT_USAGE, gradus_context_message(context),
                           "gradus train --help shows what --layers may be");
    }
    if (status == GRADUS_OK) status = gradus_net_optimizer_create(context, r->net, &r->plan.optimizer, &r->optimizer);
    return status == GRADUS_OK ? GD_EXIT_DONE : fail(r, status);
}

static int open_folder(run *r) {
    gradus_allocator allocator = gd_default_allocator();
    gd_writer config = gd_writer_make(&allocator);
    bool settled = gd_train_plan_settle(&r->plan, r->net);
    if (settled) gd_config_write(&r->plan.effective, &config);
    gd_write_bytes(&config, "", 1);
    int code = !settled || config.failed ? gd_complain(r->plan.arguments->command, GD_EXIT_FAILED, "out of memory", NULL)
                                         : gd_out_folder_open(&r->plan.means, r->plan.arguments, (const char *)config.data, &r->folder);
    gd_writer_free(&config);
    return code;
}

static int save_model(run *r) {
    if (!gd_out_folder_end_history(r->plan.arguments, &r->folder)) return GD_EXIT_FAILED;
    gradus_status status = r->folder.path != NULL ? gradus_model_save(r->plan.means.context, r->net, NULL, r->folder.model) : GRADUS_OK;
    return status == GRADUS_OK ? GD_EXIT_DONE : fail(r, status);
}

int gd_command_train(const gd_arguments *arguments) {
    run r;
    memset(&r, 0, sizeof r);
    r.folder.lock = -1;
    int code = gd_train_plan_make(arguments, &r.plan);
    if (code == GD_EXIT_DONE) code = create_net(&r);
    if (code == GD_EXIT_DONE) code = open_folder(&r);
    if (code == GD_EXIT_DONE) code = gd_means_run(&r.plan.means, arguments, train_and_score, &r);
    if (code == GD_EXIT_DONE) code = save_model(&r);
    if (code == GD_EXIT_DONE && (!arguments->json || !arguments->quiet)) print_result(&r);
    if (code == GD_EXIT_DONE && arguments->json) print_done_event(&r);
    gd_out_folder_close(&r.folder);
    if (r.plan.means.context != NULL) {
        gradus_optimizer_destroy(r.plan.means.context, r.optimizer);
        gradus_net_destroy(r.plan.means.context, r.net);
    }
    gd_train_plan_end(&r.plan);
    return code;
}
