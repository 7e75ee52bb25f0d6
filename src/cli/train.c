/* gradus train: the run itself. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradus/model.h>

#include "base/context.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/scores.h"
#include "cli/stop.h"

static int on_step(void *user, const gradus_progress *progress) {
    gd_run *run = user;
    gd_progress_step(&run->view, progress);
    return gd_stop_signal() != 0;
}

static int on_epoch(void *user, const gradus_progress *progress) {
    gd_run *run = user;
    double now = gd_seconds();
    if (run->plan.arguments->json) gd_run_print_epoch(progress, now - run->epoch_begin);
    gd_out_folder_epoch(&run->folder, progress);
    gd_progress_epoch(&run->view, progress);
    run->epoch_begin = now;
    return gd_stop_signal() != 0;
}

static int fail(const gd_run *run, gradus_status status) { return gd_means_failed(&run->plan.means, run->plan.arguments, status); }

static int stopped(const gd_run *run) {
    char what[160], remedy[PATH_MAX + 100];
    int signal_number = gd_stop_signal();
    snprintf(what, sizeof what, "stopped by %s after step %" PRIu64, gd_stop_name(signal_number), run->state.steps);
    snprintf(remedy, sizeof remedy, "%s%snothing was saved: this version writes the model at the end only",
             run->folder.path != NULL ? run->folder.path : "", run->folder.path != NULL ? ": " : "");
    return gd_complain(run->plan.arguments->command, gd_stop_exit_code(signal_number), what, remedy);
}

static int diverged(const gd_run *run, const char *what) {
    return gd_complain(run->plan.arguments->command, GD_EXIT_DIVERGED, what, "try a smaller learning rate, for example --optimizer adam:lr=0.0001");
}

static int train(gd_run *run) {
    gradus_train_config config = run->plan.config;
    config.user = run;
    config.on_step = on_step;
    config.on_epoch = on_epoch;
    gradus_train_state_init(&run->state);
    run->view = gd_progress_begin(gd_output_progress(run->plan.arguments), gradus_dataset_samples(run->plan.train), run->plan.steps);
    double begin = run->epoch_begin = gd_seconds();
    gradus_status status = gradus_train(run->plan.means.context, run->net, run->optimizer, run->plan.train, &config, &run->state);
    run->seconds = gd_seconds() - begin;
    gd_progress_end(&run->view);
    if (gd_stop_signal() != 0) return stopped(run);
    if (status == GRADUS_NOT_FINITE) return diverged(run, gradus_context_message(run->plan.means.context));
    return status == GRADUS_OK ? GD_EXIT_DONE : fail(run, status);
}

static gradus_status score_set(const gd_run *run, const gradus_dataset *set, gradus_evaluation *scores) {
    return set != NULL ? gd_score(run->plan.means.context, run->net, set, scores) : GRADUS_OK;
}

/* The final weights over all sets. Evaluation can be interrupted, too. */
static int score(gd_run *run) {
    gradus_status status = score_set(run, run->plan.train, &run->train_scores);
    if (status == GRADUS_OK) status = score_set(run, run->plan.valid, &run->valid_scores);
    if (status == GRADUS_OK) status = score_set(run, run->plan.test, &run->test_scores);
    if (status == GRADUS_OK) status = gradus_net_sha256(run->plan.means.context, run->net, run->digest);
    if (status == GRADUS_INTERRUPTED && gd_stop_signal() != 0) return stopped(run);
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

static int open_folder(gd_run *run) {
    gradus_allocator allocator = gd_default_allocator();
    gd_writer config = gd_writer_make(&allocator);
    bool settled = gd_train_plan_settle(&run->plan, run->net);
    if (settled) gd_config_write(&run->plan.effective, &config);
    gd_write_bytes(&config, "", 1);
    int code = !settled || config.failed ? gd_complain(run->plan.arguments->command, GD_EXIT_FAILED, "out of memory", NULL)
                                         : gd_out_folder_open(&run->plan.means, run->plan.arguments, (const char *)config.data, &run->folder);
    gd_writer_free(&config);
    return code;
}

/* The model, and how data become its inputs. */
static int save_model(gd_run *run) {
    gradus_context *context = run->plan.means.context;
    const gradus_schema *schema = gradus_dataset_schema(run->plan.train);
    gd_writer text = gd_writer_make(&context->allocator);
    size_t size;
    if (!gd_out_folder_end_history(run->plan.arguments, &run->folder)) return GD_EXIT_FAILED;
    if (run->folder.path == NULL) return GD_EXIT_DONE;
    gradus_status status = gradus_schema_write(context, schema, NULL, 0, &size);
    if (status == GRADUS_OK) gd_writer_reserve(&text, size);
    if (text.failed) status = gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: out of memory, %zu bytes", run->folder.model, size);
    if (status == GRADUS_OK) status = gradus_schema_write(context, schema, (char *)text.data, size, &size);
    if (status == GRADUS_OK) status = gradus_model_save(context, run->net, (const char *)text.data, run->folder.model);
    gd_writer_free(&text);
    return status == GRADUS_OK ? GD_EXIT_DONE : fail(run, status);
}

int gd_command_train(const gd_arguments *arguments) {
    gd_run run;
    memset(&run, 0, sizeof run);
    run.folder.lock = -1;
    int code = gd_train_plan_make(arguments, &run.plan);
    if (code == GD_EXIT_DONE) code = gd_run_make(&run);
    if (code == GD_EXIT_DONE) code = open_folder(&run);
    if (code == GD_EXIT_DONE) code = gd_means_run(&run.plan.means, arguments, train_and_score, &run);
    if (code == GD_EXIT_DONE) code = save_model(&run);
    if (code == GD_EXIT_DONE && (!arguments->json || !arguments->quiet)) gd_run_print_result(&run);
    if (code == GD_EXIT_DONE && arguments->json) gd_run_print_done(&run);
    gd_out_folder_close(&run.folder);
    if (run.plan.means.context != NULL) {
        gradus_optimizer_destroy(run.plan.means.context, run.optimizer);
        gradus_net_destroy(run.plan.means.context, run.net);
    }
    gd_train_plan_end(&run.plan);
    return code;
}
