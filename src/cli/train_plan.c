/* From arguments to a plan. */
#include "cli/train_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "cli/copies.h"
#include "format/json.h"
#include "nn/layer_text.h"

int gd_plan_refuse(const gd_train_plan *plan, const char *option, const char *given, const char *wrong, const char *remedy) {
    char what[1400];
    snprintf(what, sizeof what, "--%s %.200s: %s", option, given, wrong);
    return gd_complain(plan->arguments->command, GD_EXIT_USAGE, what, remedy);
}

static int refuse_copies(const gd_arguments *arguments, const char *variable) {
    char what[160];
    snprintf(what, sizeof what, "this is one of several copies (%s), and this build has no MPI: each would train the whole net", variable);
    char remedy[160];
    snprintf(remedy, sizeof remedy, "start it once, without mpirun or srun; for independent runs unset %s", variable);
    return gd_complain(arguments->command, GD_EXIT_USAGE, what, remedy);
}

static int read_optimizer(gd_train_plan *plan) {
    const char *text = plan->arguments->optimizer;
    gradus_context *context = plan->means.context;
    gradus_optimizer_config_init(&plan->optimizer, GRADUS_OPTIMIZER_SGD);
    if (gradus_optimizer_config_parse(context, text, &plan->optimizer) != GRADUS_OK)
        return gd_plan_refuse(plan, "optimizer", text, gradus_context_message(context), "gradus train --help lists optimizers and keys");
    if (strcmp(plan->arguments->bias_decay, "no") == 0) plan->optimizer.groups = 2; /* biases have one of their own then */
    return GD_EXIT_DONE;
}

/* Besides the schedule itself, the rest of how to train. */
static int read_training(gd_train_plan *plan) {
    const gd_arguments *arguments = plan->arguments;
    gradus_context *context = plan->means.context;
    gradus_train_config *config = &plan->config;
    gradus_train_config_init(config);
    config->batch_size = arguments->batch_size;
    config->accumulate = arguments->accumulate;
    config->epochs = arguments->epochs;
    config->max_steps = arguments->max_steps;
    config->stop_loss = arguments->stop_loss;
    config->seed = arguments->seed;
    if (arguments->schedule == NULL) return GD_EXIT_DONE;
    gradus_schedule_init(&plan->schedule);
    config->schedule = &plan->schedule;
    config->learning_rate = plan->optimizer.hyper_parameters[GRADUS_LEARNING_RATE];
    if (gradus_schedule_parse(context, arguments->schedule, &plan->schedule) == GRADUS_OK) return GD_EXIT_DONE;
    return gd_plan_refuse(plan, "schedule", arguments->schedule, gradus_context_message(context), "gradus train --help lists schedules and keys");
}

static int read_initializer(gd_train_plan *plan) {
    const char *text = plan->arguments->init;
    gradus_initializer_init(&plan->initializer);
    if (gradus_initializer_parse(plan->means.context, text, &plan->initializer) == GRADUS_OK) return GD_EXIT_DONE;
    return gd_plan_refuse(plan, "init", text, gradus_context_message(plan->means.context), "gradus train --help lists the names");
}

static int read_folder(gd_train_plan *plan) {
    const gd_arguments *arguments = plan->arguments;
    if (!gd_checkpoint_policy_parse(arguments->checkpoint_every, &plan->checkpoint_every))
        return gd_plan_refuse(plan, "checkpoint-every", arguments->checkpoint_every, "expected " GD_CHECKPOINT_POLICY_VALUES,
                              "for example 60s, 1000steps, 1epoch");
    if (arguments->resume == NULL) return GD_EXIT_DONE;
    if (arguments->overwrite)
        return gd_plan_refuse(plan, "resume", arguments->resume, "--overwrite begins anew, --resume goes on", "leave one of the two out");
    if (arguments->out == NULL || strcmp(arguments->out, arguments->resume) == 0) return GD_EXIT_DONE;
    return gd_plan_refuse(plan, "resume", arguments->resume, "--out names another folder", "leave --out out: the run goes on in its own folder");
}

static int check_smoothing(const gd_train_plan *plan) {
    char given[32];
    if (plan->loss == GRADUS_LOSS_CROSS_ENTROPY || plan->arguments->label_smoothing == 0.0) return GD_EXIT_DONE;
    gd_json_print_number(given, plan->arguments->label_smoothing);
    return gd_plan_refuse(plan, "label-smoothing", given, "only cross-entropy smooths its targets",
                          "use --loss cross-entropy, or leave --label-smoothing out");
}

/* What is said of the loss before the data are known. */
static int read_loss(gd_train_plan *plan) {
    if (plan->arguments->loss == NULL) return GD_EXIT_DONE;
    plan->loss = gradus_loss_from_name(plan->arguments->loss);
    return check_smoothing(plan);
}

static int settle_loss(gd_train_plan *plan) {
    bool classes = gradus_dataset_classes(plan->train) > 0;
    if (plan->loss == GRADUS_LOSS_UNSET) plan->loss = classes ? GRADUS_LOSS_CROSS_ENTROPY : GRADUS_LOSS_MSE;
    return check_smoothing(plan);
}

static void count_steps(gd_train_plan *plan) {
    const gd_arguments *arguments = plan->arguments;
    uint64_t samples = gradus_dataset_samples(plan->train);
    uint64_t batch = arguments->batch_size == 0 ? samples : arguments->batch_size * arguments->accumulate;
    plan->steps = arguments->epochs * (samples / batch + (samples % batch != 0));
    if (arguments->max_steps != 0 && arguments->max_steps < plan->steps) plan->steps = arguments->max_steps;
}

static int plan_all(gd_train_plan *plan) {
    for (size_t i = 0; i < sizeof plan->texts / sizeof plan->texts[0]; i++) plan->texts[i] = gd_writer_make(&plan->means.context->allocator);
    int (*const steps[])(gd_train_plan *) = {read_folder,     read_optimizer,      read_training, read_initializer, gd_plan_early_stop,
                                             read_loss,       gd_plan_read_layers, gd_plan_data,  settle_loss,      gd_plan_complete_layers,
                                             gd_plan_dropout, gd_plan_weights};
    int code = GD_EXIT_DONE;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == GD_EXIT_DONE; i++) code = steps[i](plan);
    if (code == GD_EXIT_DONE) count_steps(plan);
    return code;
}

int gd_train_plan_make(const gd_arguments *arguments, gd_train_plan *plan) {
    memset(plan, 0, sizeof *plan);
    plan->arguments = arguments;
    const char *variable = gd_copies_variable();
    if (variable != NULL) return refuse_copies(arguments, variable);
    int code = gd_means_create(arguments, &plan->means);
    return code == GD_EXIT_DONE ? plan_all(plan) : code;
}

void gd_train_plan_end(gd_train_plan *plan) {
    gradus_context *context = plan->means.context;
    if (context == NULL) return;
    for (size_t i = 0; i < sizeof plan->texts / sizeof plan->texts[0]; i++) gd_writer_free(&plan->texts[i]);
    if (plan->dropout != NULL) gd_release(&context->allocator, plan->dropout, plan->layer_count * sizeof *plan->dropout);
    if (plan->layers != NULL) gd_release(&context->allocator, plan->layers, plan->layer_count * sizeof *plan->layers);
    if (plan->sample_weights != NULL)
        gd_release(&context->allocator, plan->sample_weights, gradus_dataset_samples(plan->train) * sizeof *plan->sample_weights);
    gradus_dataset_destroy(context, plan->train);
    gradus_dataset_destroy(context, plan->valid);
    gradus_dataset_destroy(context, plan->test);
    gd_means_destroy(&plan->means);
}

/* In --optimizer's own grammar, every key with its value. */
static void write_optimizer(gd_writer *out, const gradus_optimizer_config *config) {
    gradus_optimizer_info info = {.struct_size = sizeof info};
    for (size_t i = 0; gradus_optimizer_list(i, &info) && info.algorithm != config->algorithm;) i++;
    gd_write_text(out, info.name);
    gd_write_text(out, ":variant=");
    gd_write_text(out, info.variant);
    for (uint32_t k = 0; k < info.hyper_parameters; k++) {
        char number[32];
        gd_json_print_number(number, config->hyper_parameters[info.keys[k]]);
        gd_write_text(out, ",");
        gd_write_text(out, gradus_hyper_parameter_key(info.keys[k]));
        gd_write_text(out, "=");
        gd_write_text(out, number);
    }
}

bool gd_train_plan_settle(gd_train_plan *plan, const gradus_net *net) {
    gd_writer *layers = &plan->texts[0], *optimizer = &plan->texts[1];
    plan->effective = *plan->arguments;
    gd_layers_write(layers, net);
    gd_write_bytes(layers, "", 1);
    write_optimizer(optimizer, &plan->optimizer);
    gd_write_bytes(optimizer, "", 1);
    plan->effective.layers = (const char *)layers->data;
    plan->effective.optimizer = (const char *)optimizer->data;
    plan->effective.loss = gradus_loss_name(plan->loss);
    plan->effective.normalize = gradus_scaling_name(plan->scaling);
    return !layers->failed && !optimizer->failed;
}
