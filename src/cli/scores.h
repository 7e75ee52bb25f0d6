/* How good a net is on a set. */
#ifndef GD_CLI_SCORES_H
#define GD_CLI_SCORES_H

#include <gradus/dataset.h>
#include <gradus/net.h>

/* Loss and metrics of the whole set. */
gradus_status gd_score(gradus_context *context, const gradus_net *net, const gradus_dataset *set, gradus_evaluation *evaluation);

#endif
