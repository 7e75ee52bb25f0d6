/* The data of a run: opened as the options say; parts that are not trained on are set apart. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cli/train_plan.h"

static int failed(const gd_train_plan *plan, gradus_status status) { return gd_means_failed(&plan->means, plan->arguments, status); }

/* A loss of probabilities, and --classify, make classes of any target. */
static gradus_task task(const gd_train_plan *plan) {
    bool probabilities = plan->loss == GRADUS_LOSS_CROSS_ENTROPY || plan->loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY;
    return probabilities || plan->arguments->classify ? GRADUS_TASK_CLASSIFICATION : GRADUS_TASK_AUTO;
}

static int open_training(gd_train_plan *plan) {
    const gd_arguments *arguments = plan->arguments;
    gradus_dataset_config config;
    gradus_dataset_config_init(&config);
    config.targets = arguments->target;
    config.ignore = arguments->ignore;
    config.categorical = arguments->categorical;
    config.task = task(plan);
    config.missing = gradus_missing_from_name(arguments->missing);
    config.header = gradus_header_from_name(arguments->header);
    gradus_status status = gradus_dataset_open(plan->means.context, arguments->operands[0], &config, &plan->train, &plan->test);
    if (status != GRADUS_INVALID_ARGUMENT) return status == GRADUS_OK ? GD_EXIT_DONE : failed(plan, status);
    return gd_complain(arguments->command, GD_EXIT_USAGE, gradus_context_message(plan->means.context),
                       "columns are names or numbers from 1, joined by commas: --target, --ignore, --categorical");
}

/* Takes a share of the training set. */
static int split(gd_train_plan *plan, double fraction, gradus_dataset **part) {
    gradus_dataset *rest;
    gradus_status status = gradus_dataset_split(plan->means.context, plan->train, fraction, plan->arguments->seed, &rest, part);
    if (status != GRADUS_OK) return failed(plan, status);
    gradus_dataset_destroy(plan->means.context, plan->train);
    plan->train = rest;
    return GD_EXIT_DONE;
}

/* The set that --valid or --test names. NULL is no name: *part stays as it is. */
static int open_part(gd_train_plan *plan, const char *option, const char *text, gradus_dataset **part) {
    double fraction;
    if (text == NULL) return GD_EXIT_DONE;
    gradus_dataset_destroy(plan->means.context, *part);
    *part = NULL;
    if (gd_parse_double(text, strlen(text), &fraction)) {
        if (fraction > 0.0 && fraction < 1.0) return split(plan, fraction, part);
        return gd_plan_refuse(plan, option, text, "expected DATA, or a fraction over 0 and under 1",
                              "a file of such a name is written with its folder: ./1");
    }
    gradus_status status = gradus_dataset_open_as(plan->means.context, text, gradus_dataset_schema(plan->train), 0, part);
    return status == GRADUS_OK ? GD_EXIT_DONE : failed(plan, status);
}

int gd_plan_data(gd_train_plan *plan) {
    const gd_arguments *arguments = plan->arguments;
    int code = open_training(plan);
    if (code == GD_EXIT_DONE) code = open_part(plan, "test", arguments->test, &plan->test);
    if (code == GD_EXIT_DONE) code = open_part(plan, "valid", arguments->valid, &plan->valid);
    if (code != GD_EXIT_DONE) return code;
    bool pictures = gradus_dataset_inputs(plan->train).dtype == GRADUS_DTYPE_U8;
    plan->config.valid = plan->valid;
    plan->scaling = arguments->normalize != NULL ? gradus_scaling_from_name(arguments->normalize)
                    : pictures                   ? GRADUS_SCALING_NONE
                                                 : GRADUS_SCALING_STANDARD;
    return GD_EXIT_DONE;
}
