/* Evaluating data sets. */
#include "cli/scores.h"

#include "nn/train.h"

gradus_status gd_score(gradus_context *context, const gradus_net *net, const gradus_dataset *set, const gradus_metrics_config *config,
                       gradus_metrics *metrics) {
    const gradus_batch batch = gd_dataset_batch(set);
    gradus_metrics_init(metrics);
    return gradus_net_metrics(context, net, &batch, config, metrics);
}
