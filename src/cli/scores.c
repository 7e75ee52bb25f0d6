/* Opening test sets, checking that they suit a net, evaluating them. */
#include "cli/scores.h"

#include <stdio.h>

int gd_open_test_set(const gd_means *means, const gd_arguments *arguments, const char *source, gradus_dataset **set, bool *is_test) {
    gradus_dataset *train, *test;
    *set = NULL;
    gradus_status status = gradus_dataset_open(means->context, source, NULL, &train, &test);
    if (status != GRADUS_OK) return gd_means_failed(means, arguments, status);
    *is_test = test != NULL;
    *set = *is_test ? test : train;
    if (*is_test) gradus_dataset_destroy(means->context, train);
    return GD_EXIT_DONE;
}

size_t gd_dataset_features(const gradus_dataset *set) { return gradus_dataset_inputs(set).columns; }

int gd_check_set(const gd_arguments *arguments, const gradus_dataset *set, const char *owner, size_t inputs, size_t known) {
    char what[1024];
    size_t features = gd_dataset_features(set), classes = gradus_dataset_classes(set);
    if (features != inputs) {
        snprintf(what, sizeof what, "%.400s: samples of %zu features, but %.400s takes %zu", gradus_dataset_source(set), features, owner, inputs);
        return gd_complain(arguments->command, GD_EXIT_FAILED, what, "give data of the kind that the net is for");
    }
    if (classes > known) {
        snprintf(what, sizeof what, "%.400s: %zu classes, but %.400s knows %zu", gradus_dataset_source(set), classes, owner, known);
        return gd_complain(arguments->command, GD_EXIT_FAILED, what, "give data of the kind that the net is for");
    }
    return GD_EXIT_DONE;
}

gradus_status gd_score(gradus_context *context, const gradus_net *net, const gradus_dataset *set, gradus_evaluation *evaluation) {
    gradus_batch batch;
    gradus_batch_init(&batch);
    batch.inputs = gradus_dataset_inputs(set);
    batch.targets = gradus_dataset_targets(set);
    batch.samples = gradus_dataset_samples(set);
    gradus_evaluation_init(evaluation);
    return gradus_net_evaluate(context, net, &batch, evaluation);
}
