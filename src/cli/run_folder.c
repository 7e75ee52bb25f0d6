/* A run and its folder: configuration, checkpoints, model. */
#include <gradus/model.h>

#include "base/context.h"
#include "cli/config.h"
#include "cli/run.h"

static int fail(const gd_run *run, gradus_status status) { return gd_means_failed(&run->plan.means, run->plan.arguments, status); }

static gradus_status write_configuration(gd_run *run) {
    bool settled = gd_train_plan_settle(&run->plan, run->net);
    if (settled) gd_config_write(&run->plan.effective, &run->configuration);
    gd_write_bytes(&run->configuration, "", 1);
    return settled && !run->configuration.failed ? GRADUS_OK
                                                 : gd_fail(run->plan.means.context, GRADUS_OUT_OF_MEMORY, "no memory for the configuration");
}

static gradus_status write_schema(gd_run *run) {
    gradus_context *context = run->plan.means.context;
    const gradus_schema *schema = gradus_dataset_schema(run->plan.train);
    size_t size;
    gradus_status status = gradus_schema_write(context, schema, NULL, 0, &size);
    if (status != GRADUS_OK) return status;
    gd_writer_reserve(&run->schema, size);
    if (run->schema.failed) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "no memory for the schema, %zu bytes", size);
    return gradus_schema_write(context, schema, (char *)run->schema.data, size, &size);
}

static int begin_checkpoints(gd_run *run) {
    const gd_arguments *arguments = run->plan.arguments;
    run->checkpoint.means = &run->plan.means;
    run->checkpoint.arguments = arguments;
    run->checkpoint.folder = run->folder.path;
    run->checkpoint.configuration = (const char *)run->configuration.data;
    run->checkpoint.schema = (const char *)run->schema.data;
    run->checkpoint.net = run->net;
    run->checkpoint.best = run->best;
    run->checkpoint.optimizer = run->optimizer;
    run->checkpoint.every = run->plan.checkpoint_every;
    return gd_run_checkpoint_begin(&run->checkpoint, arguments->resume != NULL, &run->state);
}

int gd_run_open_folder(gd_run *run) {
    const gd_arguments *arguments = run->plan.arguments;
    gradus_context *context = run->plan.means.context;
    run->configuration = gd_writer_make(&context->allocator);
    run->schema = gd_writer_make(&context->allocator);
    gradus_train_state_init(&run->state);
    gradus_status status = write_configuration(run);
    if (status == GRADUS_OK) status = write_schema(run);
    if (status != GRADUS_OK) return fail(run, status);
    int code = gd_out_folder_open(arguments, &run->folder);
    if (code == GD_EXIT_DONE) code = begin_checkpoints(run);
    if (code != GD_EXIT_DONE) return code;
    /* A run that --max-steps ended inside an epoch has a line for that one, too. */
    const bool partial = run->state.end == GRADUS_TRAIN_END_MAX_STEPS && run->state.epoch_samples > 0;
    return gd_out_folder_begin(&run->plan.means, arguments, (const char *)run->configuration.data, run->state.epochs + partial, &run->folder);
}

int gd_run_save_model(gd_run *run) {
    if (!gd_out_folder_end_history(run->plan.arguments, &run->folder)) return GD_EXIT_FAILED;
    if (run->folder.path == NULL) return GD_EXIT_DONE;
    gradus_status status = gradus_model_save(run->plan.means.context, run->net, (const char *)run->schema.data, run->folder.model);
    return status == GRADUS_OK ? GD_EXIT_DONE : fail(run, status);
}
