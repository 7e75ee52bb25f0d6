/* The layers of a run. The output layer must be what data and loss ask for; without --layers it is. */
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "cli/train_plan.h"
#include "nn/layer_text.h"
#include "nn/loss.h"

typedef struct output_layer {
    size_t classes, outputs;         /* outputs: the usual number */
    gradus_activation needed, usual; /* needed: UNSET if the loss takes any */
} output_layer;

static int read_layers(gd_train_plan *plan, const char *text) {
    gradus_context *context = plan->means.context;
    if (gd_layers_parse(context, text, &plan->layers, &plan->layer_count) == GRADUS_OK) return GD_EXIT_DONE;
    return gd_plan_refuse(plan, "layers", text, gradus_context_message(context), "for example --layers 128:relu,10:softmax");
}

int gd_plan_read_layers(gd_train_plan *plan) { return plan->arguments->layers != NULL ? read_layers(plan, plan->arguments->layers) : GD_EXIT_DONE; }

static output_layer find_output_layer(const gd_train_plan *plan) {
    output_layer layer;
    layer.classes = gradus_dataset_classes(plan->train);
    layer.outputs = layer.classes == 0                                ? gradus_dataset_targets(plan->train).columns
                    : gd_loss_classes(plan->loss, 1) == layer.classes ? 1
                                                                      : layer.classes;
    layer.needed = gd_loss_activation(plan->loss);
    layer.usual = layer.needed ? layer.needed : GRADUS_ACTIVATION_IDENTITY;
    return layer;
}

static int refuse(const gd_train_plan *plan, const output_layer *layer, bool wide) {
    char wrong[700], remedy[300], must[60], kinds[40];
    const char *text = plan->arguments->layers, *comma = strrchr(text, ',');
    bool add = plan->layers[plan->layer_count - 1].activation != layer->usual && !wide; /* a hidden layer, it seems */
    int kept = add ? (int)strlen(text) : comma != NULL ? (int)(comma - text) : 0;
    snprintf(must, sizeof must, layer->needed ? "be %zu:%s" : "have %zu output%s", layer->outputs,
             layer->needed        ? gradus_activation_name(layer->needed)
             : layer->outputs > 1 ? "s"
                                  : "");
    snprintf(kinds, sizeof kinds, layer->classes > 0 ? "%zu classes" : "%zu targets", layer->classes > 0 ? layer->classes : layer->outputs);
    snprintf(wrong, sizeof wrong, "the last layer must %s, since %.300s has %s and the loss is %s", must, gradus_dataset_source(plan->train), kinds,
             gradus_loss_name(plan->loss));
    snprintf(remedy, sizeof remedy, "write --layers %.*s%s%zu:%s", kept < 200 ? kept : 200, text, kept > 0 ? "," : "",
             wide ? plan->layers[plan->layer_count - 1].outputs : layer->outputs, gradus_activation_name(layer->usual));
    return gd_plan_refuse(plan, "layers", text, wrong, remedy);
}

int gd_plan_complete_layers(gd_train_plan *plan) {
    output_layer layer = find_output_layer(plan);
    if (plan->arguments->layers == NULL) {
        char standard[64];
        snprintf(standard, sizeof standard, "128:relu,%zu:%s", layer.outputs, gradus_activation_name(layer.usual));
        return read_layers(plan, standard);
    }
    gradus_layer last = plan->layers[plan->layer_count - 1];
    bool wide = last.outputs == layer.outputs || (layer.classes > 0 && last.outputs == layer.classes);
    if (wide && (!layer.needed || last.activation == layer.needed)) return GD_EXIT_DONE;
    return refuse(plan, &layer, wide);
}

int gd_plan_dropout(gd_train_plan *plan) {
    double probability = plan->arguments->dropout;
    void *memory;
    if (probability == 0.0) return GD_EXIT_DONE;
    gradus_status status = gd_context_allocate(plan->means.context, plan->layer_count * sizeof *plan->dropout, "--dropout", &memory);
    if (status != GRADUS_OK) return gd_means_failed(&plan->means, plan->arguments, status);
    plan->dropout = memory;
    for (size_t i = 0; i < plan->layer_count; i++) plan->dropout[i] = i + 1 < plan->layer_count ? probability : 0.0;
    return GD_EXIT_DONE;
}
