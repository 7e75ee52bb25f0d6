/* --class-weights balanced: each sample counts as its class's share of the samples is small. */
#include "base/context.h"
#include "base/memory.h"
#include "cli/train_plan.h"
#include "nn/loss.h"

/* A sample's weight is its class's. */
static void spread(gd_train_plan *plan, const double *of_class) {
    const gradus_tensor targets = gradus_dataset_targets(plan->train);
    const size_t samples = gradus_dataset_samples(plan->train);
    for (size_t i = 0; i < samples; i++) plan->sample_weights[i] = (float)of_class[gd_label(&targets, i)];
    plan->weights = gradus_tensor_vector(GRADUS_DTYPE_F32, plan->sample_weights, samples);
    plan->config.weights = &plan->weights;
}

int gd_plan_weights(gd_train_plan *plan) {
    gradus_context *context = plan->means.context;
    const size_t classes = gradus_dataset_classes(plan->train);
    void *of_class = NULL, *of_sample = NULL;
    if (plan->arguments->class_weights == NULL) return GD_EXIT_DONE;
    if (classes == 0)
        return gd_plan_refuse(plan, "class-weights", plan->arguments->class_weights, "the target is a number, not a class",
                              "add --classify, or leave it out");
    gradus_status status = gd_context_allocate(context, classes * sizeof(double), "--class-weights", &of_class);
    if (status == GRADUS_OK)
        status = gd_context_allocate(context, gradus_dataset_samples(plan->train) * sizeof(float), "--class-weights", &of_sample);
    plan->sample_weights = of_sample;
    if (status == GRADUS_OK) status = gradus_dataset_class_weights(context, plan->train, of_class);
    if (status == GRADUS_OK) spread(plan, of_class);
    if (of_class != NULL) gd_release(&context->allocator, of_class, classes * sizeof(double));
    return status == GRADUS_OK ? GD_EXIT_DONE : gd_means_failed(&plan->means, plan->arguments, status);
}
