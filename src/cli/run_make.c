/* From a plan to a net and its optimizer. */
#include "cli/run.h"

int gd_run_make(gd_run *run) {
    const gd_arguments *arguments = run->plan.arguments;
    gradus_context *context = run->plan.means.context;
    gradus_net_config config;
    gradus_net_config_init(&config);
    config.inputs = gradus_dataset_inputs(run->plan.train).columns;
    config.layers = run->plan.layers;
    config.layer_count = run->plan.layer_count;
    config.loss = run->plan.loss;
    config.label_smoothing = arguments->label_smoothing;
    config.seed = arguments->seed;
    gradus_status status = gradus_net_create(context, &config, &run->net);
    if (status == GRADUS_INVALID_ARGUMENT) {
        return gd_complain(arguments->command, GD_EXIT_USAGE, gradus_context_message(context), "gradus train --help shows what --layers may be");
    }
    if (status == GRADUS_OK) status = gradus_net_optimizer_create(context, run->net, &run->plan.optimizer, &run->optimizer);
    return status == GRADUS_OK ? GD_EXIT_DONE : gd_means_failed(&run->plan.means, arguments, status);
}
