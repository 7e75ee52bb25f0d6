/* How good a net is on a set. */
#ifndef GD_CLI_SCORES_H
#define GD_CLI_SCORES_H

#include <gradus/dataset.h>
#include <gradus/metrics.h>

/* Loss and metrics of the whole set; config says which optional ones, NULL: none. */
gradus_status gd_score(gradus_context *context, const gradus_net *net, const gradus_dataset *set, const gradus_metrics_config *config,
                       gradus_metrics *metrics);

#endif
