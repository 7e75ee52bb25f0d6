/* What a run prints besides its progress. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli/output.h"
#include "cli/run.h"

void gd_run_print_epoch(const gradus_progress *progress, double penalty, double seconds) {
    gd_event event;
    gd_event_begin(&event, "epoch");
    gd_json_integer(&event.json, "epoch", progress->epoch);
    gd_json_begin_object(&event.json, "train");
    gd_event_loss(&event, progress->epoch_loss, penalty);
    if (isfinite(progress->epoch_accuracy)) gd_json_number(&event.json, "accuracy", progress->epoch_accuracy);
    gd_json_end_object(&event.json);
    if (progress->valid != NULL) gd_event_evaluation(&event, "valid", progress->valid, penalty);
    gd_json_number(&event.json, "learning_rate", progress->learning_rate);
    gd_json_number(&event.json, "seconds", seconds);
    gd_event_end(&event);
}

double gd_run_samples_per_second(const gd_run *run) {
    double samples = (double)gradus_dataset_samples(run->plan.train) * (double)run->state.epochs + (double)run->state.epoch_samples;
    return run->seconds > 0.0 ? samples / run->seconds : 0.0;
}

void gd_run_print_done(const gd_run *run) {
    gd_event event;
    gd_json_writer *json = &event.json;
    gradus_context *context = run->plan.means.context;
    gd_event_begin(&event, "done");
    gd_event_scores(&event, "train", &run->train_scores, run->penalty);
    if (run->plan.valid != NULL) gd_event_scores(&event, "valid", &run->valid_scores, run->penalty);
    if (run->plan.test != NULL) gd_event_scores(&event, "test", &run->test_scores, run->penalty);
    gd_json_integer(json, "epochs", run->state.epochs);
    if (run->state.best_epoch != 0 && run->plan.config.restore_best) gd_json_integer(json, "best_epoch", run->state.best_epoch);
    gd_json_integer(json, "steps", run->state.steps);
    gd_json_string(json, "end", gradus_train_end_name(run->state.end));
    gd_json_number(json, "seconds", run->seconds);
    gd_json_number(json, "samples_per_second", gd_run_samples_per_second(run));
    gd_json_string(json, "isa", gradus_context_isa(context));
    gd_json_integer(json, "threads", gradus_context_threads(context));
    gd_json_string(json, "weights_sha256", run->digest);
    if (run->folder.path != NULL) gd_json_string(json, "model", run->folder.model);
    gd_event_end(&event);
}

/* Why a run ended before its epochs were over. */
static void print_end(FILE *out, const gd_run *run) {
    const gradus_train_state *state = &run->state;
    if (state->end == GRADUS_TRAIN_END_EARLY_STOP) {
        fprintf(out, "%-8s after epoch %" PRIu64 ": %" PRIu64 " without a better one\n", "stopped", state->epochs, state->epochs_waited);
    } else if (state->end == GRADUS_TRAIN_END_STOP_LOSS) {
        fprintf(out, "%-8s after epoch %" PRIu64 ": its loss is at most %g\n", "stopped", state->epochs, run->plan.config.stop_loss);
    }
    if (run->plan.config.restore_best && state->best_epoch != 0)
        fprintf(out, "%-8s of epoch %" PRIu64 ", the best one\n", "weights", state->best_epoch);
}

static void print_set(FILE *out, const char *label, const gradus_metrics *scores, const gradus_dataset *set) {
    if (set != NULL) gd_print_scores(out, label, scores, gradus_dataset_source(set));
}

void gd_run_print_result(const gd_run *run) {
    FILE *out = run->plan.arguments->json ? stderr : stdout;
    char rate[16];
    gd_print_rate(rate, gd_run_samples_per_second(run));
    gd_print_net(out, run->net);
    print_end(out, run);
    print_set(out, "train", &run->train_scores, run->plan.train);
    print_set(out, "valid", &run->valid_scores, run->plan.valid);
    print_set(out, "test", &run->test_scores, run->plan.test);
    gd_print_means(out, &run->plan.means, run->plan.arguments);
    fprintf(out, "%-8s %s samples/s (%" PRIu64 " steps in %.2f s)\n", "speed", rate, run->state.steps, run->seconds);
    fprintf(out, "%-8s sha256 %s\n", "weights", run->digest);
    if (run->folder.path != NULL) fprintf(out, "%-8s %s\n", "model", run->folder.model);
}
