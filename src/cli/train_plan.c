/* From arguments to a plan. */
#include "cli/train_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "cli/copies.h"
#include "cli/scores.h"
#include "format/json.h"
#include "nn/layer_text.h"
#include "nn/loss.h"

static int usage(const gd_train_plan *plan, const char *remedy, const char *option, const char *given, const char *wrong) {
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
    gradus_status status = gradus_optimizer_config_parse(context, text, &plan->optimizer);
    return status == GRADUS_OK ? GD_EXIT_DONE
                               : usage(plan, "gradus train --help lists optimizers and keys", "optimizer", text, gradus_context_message(context));
}

static int read_loss(gd_train_plan *plan) {
    char given[32];
    plan->loss = gradus_loss_from_name(plan->arguments->loss);
    if (plan->loss == GRADUS_LOSS_CROSS_ENTROPY || plan->arguments->label_smoothing == 0.0) return GD_EXIT_DONE;
    gd_json_print_number(given, plan->arguments->label_smoothing);
    return usage(plan, "use --loss cross-entropy, or leave --label-smoothing out", "label-smoothing", given,
                 "only cross-entropy smooths its targets");
}

static int read_layers(gd_train_plan *plan, const char *text) {
    gradus_context *context = plan->means.context;
    if (gd_layers_parse(context, text, &plan->layers, &plan->layer_count) == GRADUS_OK) return GD_EXIT_DONE;
    return usage(plan, "for example --layers 128:relu,10:softmax", "layers", text, gradus_context_message(context));
}

/* The output layer must be what data and loss ask for. Without --layers it is. */
static int complete_layers(gd_train_plan *plan) {
    const char *text = plan->arguments->layers;
    size_t classes = gradus_dataset_classes(plan->train), outputs = gd_loss_classes(plan->loss, 1) == classes ? 1 : classes;
    gradus_activation needed = gd_loss_activation(plan->loss), usual = needed ? needed : GRADUS_ACTIVATION_IDENTITY;
    if (text == NULL) {
        char standard[64];
        snprintf(standard, sizeof standard, "128:relu,%zu:%s", outputs, gradus_activation_name(usual));
        return read_layers(plan, standard);
    }
    gradus_layer last = plan->layers[plan->layer_count - 1];
    bool wide = last.outputs == classes || last.outputs == outputs;
    if (wide && (!needed || last.activation == needed)) return GD_EXIT_DONE;
    char wrong[600], remedy[300], must[60];
    const char *comma = strrchr(text, ',');
    bool add = last.activation != usual && !wide; /* a hidden layer, it seems */
    int kept = add ? (int)strlen(text) : comma != NULL ? (int)(comma - text) : 0;
    snprintf(must, sizeof must, needed ? "be %zu:%s" : "have %zu output%s", outputs,
             needed        ? gradus_activation_name(needed)
             : outputs > 1 ? "s"
                           : "");
    snprintf(wrong, sizeof wrong, "the last layer must %s, since %.300s has %zu classes and the loss is %s", must, gradus_dataset_source(plan->train),
             classes, gradus_loss_name(plan->loss));
    snprintf(remedy, sizeof remedy, "write --layers %.*s%s%zu:%s", kept < 200 ? kept : 200, text, kept > 0 ? "," : "", wide ? last.outputs : outputs,
             gradus_activation_name(usual));
    return usage(plan, remedy, "layers", text, wrong);
}

static int open_data(gd_train_plan *plan) {
    const gd_arguments *arguments = plan->arguments;
    gradus_status status = gradus_dataset_open(plan->means.context, arguments->operands[0], &plan->train, &plan->test);
    if (status != GRADUS_OK) return gd_means_failed(&plan->means, arguments, status);
    if (arguments->test != NULL) {
        bool is_test;
        gradus_dataset_destroy(plan->means.context, plan->test);
        int code = gd_open_test_set(&plan->means, arguments, arguments->test, &plan->test, &is_test);
        if (code != GD_EXIT_DONE) return code;
    }
    if (plan->test == NULL) return GD_EXIT_DONE;
    return gd_check_set(arguments, plan->test, gradus_dataset_source(plan->train), gd_dataset_features(plan->train),
                        gradus_dataset_classes(plan->train));
}

static void count_steps(gd_train_plan *plan) {
    const gd_arguments *arguments = plan->arguments;
    uint64_t samples = gradus_dataset_samples(plan->train);
    uint64_t batch = arguments->batch_size == 0 ? samples : arguments->batch_size;
    plan->steps = arguments->epochs * (samples / batch + (samples % batch != 0));
    if (arguments->max_steps != 0 && arguments->max_steps < plan->steps) plan->steps = arguments->max_steps;
}

int gd_train_plan_make(const gd_arguments *arguments, gd_train_plan *plan) {
    memset(plan, 0, sizeof *plan);
    plan->arguments = arguments;
    const char *variable = gd_copies_variable();
    if (variable != NULL) return refuse_copies(arguments, variable);
    int code = gd_means_create(arguments, &plan->means);
    if (code == GD_EXIT_DONE) {
        for (size_t i = 0; i < sizeof plan->texts / sizeof plan->texts[0]; i++) plan->texts[i] = gd_writer_make(&plan->means.context->allocator);
        code = read_optimizer(plan);
    }
    if (code == GD_EXIT_DONE) code = read_loss(plan);
    if (code == GD_EXIT_DONE && arguments->layers != NULL) code = read_layers(plan, arguments->layers);
    if (code == GD_EXIT_DONE) code = open_data(plan);
    if (code == GD_EXIT_DONE) code = complete_layers(plan);
    if (code == GD_EXIT_DONE) count_steps(plan);
    return code;
}

void gd_train_plan_end(gd_train_plan *plan) {
    gradus_context *context = plan->means.context;
    if (context == NULL) return;
    for (size_t i = 0; i < sizeof plan->texts / sizeof plan->texts[0]; i++) gd_writer_free(&plan->texts[i]);
    if (plan->layers != NULL) gd_release(&context->allocator, plan->layers, plan->layer_count * sizeof *plan->layers);
    gradus_dataset_destroy(context, plan->train);
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
    return !layers->failed && !optimizer->failed;
}
