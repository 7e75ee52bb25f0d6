/* Data sets for the commands, and how good a net is on them. */
#ifndef GD_CLI_SCORES_H
#define GD_CLI_SCORES_H

#include <gradus/dataset.h>
#include <gradus/net.h>

#include "cli/means.h"

/* The set to test on: DATA's test set if it brings one (*is_test), else its only set. Returns an exit code, the error said. */
int gd_open_test_set(const gd_means *means, const gd_arguments *arguments, const char *source, gradus_dataset **set, bool *is_test);

size_t gd_dataset_features(const gradus_dataset *set);

/* Whether samples and classes of the set suit a net (named `owner` in the message) with these inputs and classes. Returns an exit code, the
 * error said. */
int gd_check_set(const gd_arguments *arguments, const gradus_dataset *set, const char *owner, size_t inputs, size_t known);

/* Loss, accuracy and F1 of the whole set. */
gradus_status gd_score(gradus_context *context, const gradus_net *net, const gradus_dataset *set, gradus_evaluation *evaluation);

#endif
