/* From a plan to a net and its optimizer. */
#include "base/context.h"
#include "base/memory.h"
#include "cli/run.h"

static int refuse(const gd_run *run) {
    return gd_complain(run->plan.arguments->command, GD_EXIT_USAGE, gradus_context_message(run->plan.means.context),
                       "gradus train --help shows what the options of a net may be");
}

static gradus_status set_clipping(gd_run *run) {
    const gd_arguments *arguments = run->plan.arguments;
    gradus_clipping clipping;
    gradus_clipping_init(&clipping);
    clipping.value = arguments->clip_value;
    clipping.norm = arguments->clip_tensor_norm;
    clipping.global_norm = arguments->clip_norm;
    return gradus_net_optimizer_set_clipping(run->plan.means.context, run->optimizer, &clipping);
}

/* Biases are a group where they are not to decay. */
static int spare_biases(gd_run *run) {
    gradus_context *context = run->plan.means.context;
    if (run->plan.optimizer.groups == 1 || gradus_optimizer_set(context, run->optimizer, 1, GRADUS_WEIGHT_DECAY, 0.0) == GRADUS_OK)
        return GD_EXIT_DONE;
    return gd_plan_refuse(&run->plan, "bias-decay", "no", gradus_context_message(context),
                          "leave it out, or take an optimizer with weight_decay, such as adamw");
}

/* Learnt from the training set; both nets have it. */
static gradus_status set_scaling(gd_run *run) {
    gradus_context *context = run->plan.means.context;
    size_t inputs = gradus_net_inputs(run->net);
    void *memory;
    if (run->plan.scaling == GRADUS_SCALING_NONE) return GRADUS_OK;
    gradus_status status = gd_context_allocate(context, 2 * inputs * sizeof(double), "--normalize", &memory);
    if (status != GRADUS_OK) return status;
    double *shift = memory, *factor = shift + inputs;
    status = gradus_dataset_scaling(context, run->plan.train, run->plan.scaling, shift, factor);
    if (status == GRADUS_OK) status = gradus_net_set_scaling(context, run->net, shift, factor);
    if (status == GRADUS_OK && run->best != NULL) status = gradus_net_set_scaling(context, run->best, shift, factor);
    gd_release(&context->allocator, memory, 2 * inputs * sizeof(double));
    return status;
}

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
    config.initializer = &run->plan.initializer;
    config.dropout = run->plan.dropout;
    config.input_dropout = arguments->input_dropout;
    config.l1 = arguments->l1;
    config.l2 = arguments->l2;
    config.seed = arguments->seed;
    gradus_status status = gradus_net_create(context, &config, &run->net);
    if (status == GRADUS_INVALID_ARGUMENT) return refuse(run);
    /* Where a validation set tells epochs apart, too, the best one's weights are kept: DIR/best.safetensors has them. */
    const bool best = run->plan.config.restore_best || run->plan.valid != NULL;
    if (status == GRADUS_OK && best) status = gradus_net_create(context, &config, &run->best);
    if (status == GRADUS_OK) status = set_scaling(run);
    if (status == GRADUS_OK) status = gradus_net_optimizer_create(context, run->net, &run->plan.optimizer, &run->optimizer);
    if (status != GRADUS_OK) return gd_means_failed(&run->plan.means, arguments, status);
    return set_clipping(run) == GRADUS_OK ? spare_biases(run) : refuse(run);
}
