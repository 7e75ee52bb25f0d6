/* Evaluating data sets. */
#include "cli/scores.h"

gradus_status gd_score(gradus_context *context, const gradus_net *net, const gradus_dataset *set, const gradus_metrics_config *config,
                       gradus_metrics *metrics) {
    gradus_batch batch;
    gradus_batch_init(&batch);
    batch.inputs = gradus_dataset_inputs(set);
    batch.targets = gradus_dataset_targets(set);
    batch.samples = gradus_dataset_samples(set);
    gradus_metrics_init(metrics);
    return gradus_net_metrics(context, net, &batch, config, metrics);
}
