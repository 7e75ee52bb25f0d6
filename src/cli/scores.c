/* Evaluating data sets. */
#include "cli/scores.h"

gradus_status gd_score(gradus_context *context, const gradus_net *net, const gradus_dataset *set, gradus_evaluation *evaluation) {
    gradus_batch batch;
    gradus_batch_init(&batch);
    batch.inputs = gradus_dataset_inputs(set);
    batch.targets = gradus_dataset_targets(set);
    batch.samples = gradus_dataset_samples(set);
    gradus_evaluation_init(evaluation);
    return gradus_net_evaluate(context, net, &batch, evaluation);
}
