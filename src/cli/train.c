/* gradus train: the run itself. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/history.h"
#include "cli/output.h"
#include "cli/run_report.h"
#include "cli/scores.h"
#include "cli/stop.h"

/* Whether the run has to end here: a signal, or a checkpoint that could not be written. */
static int after(gd_run *run, const gradus_progress *progress) {
    run->save_code = gd_run_checkpoint_step(&run->checkpoint, progress->state, gd_seconds() - run->begin);
    return run->save_code != GD_EXIT_DONE || gd_stop_signal() != 0;
}

static int on_step(void *user, const gradus_progress *progress) {
    gd_run *run = user;
    gd_progress_step(&run->view, progress);
    return after(run, progress);
}

static void show_epoch(gd_run *run, const gradus_progress *progress) {
    const gradus_evaluation *valid = progress->valid;
    const gd_progress_metric all[] = {{"accuracy", progress->epoch_accuracy},
                                      {"val_loss", valid != NULL ? valid->loss : NAN},
                                      {"val_accuracy", valid != NULL ? valid->accuracy : NAN}};
    gd_progress_metric metrics[GD_PROGRESS_METRICS];
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!isnan(all[i].value)) metrics[count++] = all[i];
    }
    gd_progress_epoch(&run->view, progress, metrics, count);
}

static void find_penalty(gd_run *run) {
    if (gradus_net_l1(run->net) == 0.0 && gradus_net_l2(run->net) == 0.0) return;
    if (gradus_net_penalty(run->plan.means.context, run->net, &run->penalty) != GRADUS_OK) run->penalty = NAN;
}

static int on_epoch(void *user, const gradus_progress *progress) {
    gd_run *run = user;
    double now = gd_seconds();
    find_penalty(run);
    if (run->plan.arguments->json) gd_run_print_epoch(progress, run->penalty, now - run->epoch_begin);
    gd_history_write(run->folder.history, progress, run->penalty);
    show_epoch(run, progress);
    run->epoch_begin = now;
    return after(run, progress);
}

static int fail(const gd_run *run, gradus_status status) { return gd_means_failed(&run->plan.means, run->plan.arguments, status); }

/* By a signal. What a run in a folder has reached is saved; evaluation afterwards changes nothing. */
static int stopped(gd_run *run, bool training) {
    const gd_command *command = run->plan.arguments->command;
    char what[160], remedy[PATH_MAX + 100];
    int signal_number = gd_stop_signal();
    const bool ended = run->state.end != GRADUS_TRAIN_END_UNSET && run->state.end != GRADUS_TRAIN_END_CALLBACK; /* and was saved so */
    if (training && !ended) {
        int code = gd_run_checkpoint_save(&run->checkpoint, &run->state, run->seconds - run->checkpoint.earlier_seconds);
        if (code != GD_EXIT_DONE) return code;
    }
    snprintf(what, sizeof what, "stopped by %s after step %" PRIu64, gd_stop_name(signal_number), run->state.steps);
    if (run->folder.path != NULL) {
        snprintf(remedy, sizeof remedy, "to go on: gradus train --resume %s", run->folder.path);
    } else {
        snprintf(remedy, sizeof remedy, "nothing was saved: with --out DIR it would have been");
    }
    return gd_complain(command, gd_stop_exit_code(signal_number), what, remedy);
}

static int diverged(const gd_run *run, const char *what) {
    return gd_complain(run->plan.arguments->command, GD_EXIT_DIVERGED, what, "try a smaller learning rate, for example --optimizer adam:lr=0.0001");
}

static int train(gd_run *run) {
    gradus_train_config config = run->plan.config;
    config.user = run;
    config.on_step = on_step;
    config.on_epoch = on_epoch;
    config.best = run->best;
    run->view = gd_progress_begin(gd_output_progress(run->plan.arguments), gradus_dataset_samples(run->plan.train), run->plan.steps);
    gd_progress_resume(&run->view, run->state.steps, run->state.epoch_samples);
    const uint64_t steps = run->state.steps;
    run->begin = run->epoch_begin = gd_seconds();
    gradus_status status = gradus_train(run->plan.means.context, run->net, run->optimizer, run->plan.train, &config, &run->state);
    run->trained = run->state.steps != steps;
    run->seconds = run->checkpoint.earlier_seconds + (run->trained ? gd_seconds() - run->begin : 0.0);
    gd_progress_end(&run->view);
    if (run->save_code != GD_EXIT_DONE) return run->save_code;
    if (gd_stop_signal() != 0) return stopped(run, true);
    if (status == GRADUS_NOT_FINITE) return diverged(run, gradus_context_message(run->plan.means.context));
    return status == GRADUS_OK ? GD_EXIT_DONE : fail(run, status);
}

static gradus_status score_set(const gd_run *run, const gradus_dataset *set, gradus_metrics *scores) {
    gradus_metrics_config config;
    if (set == NULL) return GRADUS_OK;
    gradus_metrics_config_init(&config);
    if (set == run->shown.set) {
        config.confusion = run->shown.confusion;
        config.predictions = gradus_tensor_matrix(GRADUS_DTYPE_F32, run->shown.outputs, gradus_dataset_samples(set), gradus_net_outputs(run->net));
    }
    return gd_score(run->plan.means.context, run->net, set, &config, scores);
}

/* The final weights over all sets. Evaluation can be interrupted, too. */
static int score(gd_run *run) {
    gd_run_report_prepare(run);
    gradus_status status = score_set(run, run->plan.train, &run->train_scores);
    if (status == GRADUS_OK) status = score_set(run, run->plan.valid, &run->valid_scores);
    if (status == GRADUS_OK) status = score_set(run, run->plan.test, &run->test_scores);
    find_penalty(run);
    if (status == GRADUS_OK) status = gradus_net_sha256(run->plan.means.context, run->net, run->digest);
    if (status == GRADUS_INTERRUPTED && gd_stop_signal() != 0) return stopped(run, false);
    if (status != GRADUS_OK) return fail(run, status);
    if (isfinite(run->train_scores.loss)) return GD_EXIT_DONE;
    char what[120];
    snprintf(what, sizeof what, "after step %" PRIu64 " the loss over the training set is not finite", run->state.steps);
    return diverged(run, what);
}

static int train_and_score(void *argument) {
    gd_run *run = argument;
    int code = train(run);
    return code == GD_EXIT_DONE ? score(run) : code;
}

static void end(gd_run *run) {
    gradus_context *context = run->plan.means.context;
    gd_out_folder_close(&run->folder);
    free(run->shown.confusion);
    free(run->shown.outputs);
    if (context != NULL) {
        gradus_optimizer_destroy(context, run->optimizer);
        gradus_net_destroy(context, run->net);
        gradus_net_destroy(context, run->best);
        if (run->configuration.allocator != NULL) gd_writer_free(&run->configuration);
        if (run->schema.allocator != NULL) gd_writer_free(&run->schema);
    }
    gd_train_plan_end(&run->plan);
}

int gd_command_train(const gd_arguments *arguments) {
    gd_run run;
    memset(&run, 0, sizeof run);
    run.folder.lock = -1;
    int code = gd_train_plan_make(arguments, &run.plan);
    if (code == GD_EXIT_DONE) code = gd_run_make(&run);
    if (code == GD_EXIT_DONE) code = gd_run_open_folder(&run);
    if (code == GD_EXIT_DONE) code = gd_means_run(&run.plan.means, arguments, train_and_score, &run);
    if (code == GD_EXIT_DONE) code = gd_run_save_model(&run);
    if (code == GD_EXIT_DONE) code = gd_run_report(&run);
    if (code == GD_EXIT_DONE && (!arguments->json || !arguments->quiet)) gd_run_print_result(&run);
    if (code == GD_EXIT_DONE && arguments->json) gd_run_print_done(&run);
    end(&run);
    return code;
}
