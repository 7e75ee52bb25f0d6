/* gradus predict: a saved model's answers to new samples. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/predict.h"

static int predict(void *argument) {
    gd_prediction *p = argument;
    const char *source = p->arguments->operands[1];
    if (strcmp(source, "-") == 0) return gd_predict_stream(p);
    gradus_dataset *set;
    int code = gd_saved_model_open(&p->means, p->arguments, &p->model, source, GRADUS_OPEN_TARGETS_OPTIONAL, &set);
    if (code == GD_EXIT_DONE) code = gd_predict_write(p, set);
    gradus_dataset_destroy(p->means.context, set);
    return code;
}

int gd_command_predict(const gd_arguments *arguments) {
    gd_prediction p;
    memset(&p, 0, sizeof p);
    p.arguments = arguments;
    int code = gd_means_create(arguments, &p.means);
    if (code != GD_EXIT_DONE) return code;
    code = gd_saved_model_load(&p.means, arguments, arguments->operands[0], &p.model);
    if (code == GD_EXIT_DONE) code = gd_means_run(&p.means, arguments, predict, &p);
    free(p.values);
    gd_saved_model_free(&p.means, &p.model);
    gd_means_destroy(&p.means);
    return code;
}
