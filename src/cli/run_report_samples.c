/* What a report shows of single samples. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "cli/run_report.h"
#include "nn/classes.h"

enum { MISTAKES = 24, GRID = 200, MOST_OUTPUTS = 1 << 26 };

/* How sure the net was of a class that is wrong; 0: it was right. */
static float confidence(const gradus_net *net, const float *row, size_t width, size_t truth, size_t *predicted) {
    *predicted = gd_output_class(gradus_net_loss(net), width, row);
    if (*predicted == truth) return 0.0f;
    return width > 1 ? row[*predicted] : *predicted == 1 ? row[0] : 1.0f - row[0];
}

/* Keeps the surest ones, in falling order. */
static void offer(gd_report_samples *s, const gd_report_mistake *mistake) {
    size_t at = s->mistake_count;
    while (at > 0 && s->mistakes[at - 1].probability < mistake->probability) at--;
    if (at >= MISTAKES) return;
    if (s->mistake_count < MISTAKES) s->mistake_count++;
    memmove(&s->mistakes[at + 1], &s->mistakes[at], (s->mistake_count - 1 - at) * sizeof *s->mistakes);
    s->mistakes[at] = *mistake;
}

static bool find_mistakes(const gradus_net *net, const gradus_dataset *set, gd_report_samples *s) {
    const gradus_tensor inputs = gradus_dataset_inputs(set), targets = gradus_dataset_targets(set);
    s->mistakes = calloc(MISTAKES, sizeof *s->mistakes);
    if (s->mistakes == NULL) return false;
    for (size_t i = 0; i < gradus_dataset_samples(set); i++) {
        gd_report_mistake mistake = {.pixels = (const uint8_t *)inputs.data + i * (size_t)inputs.row_stride};
        mistake.truth = gd_target_class(gradus_net_loss(net), s->width, &targets, i);
        mistake.probability = (double)confidence(net, s->outputs + i * s->width, s->width, mistake.truth, &mistake.predicted);
        if (mistake.predicted != mistake.truth) offer(s, &mistake);
    }
    return true;
}

/* The net's line over its one input, from the least to the greatest one of the samples. */
static gradus_status fit_line(gradus_context *context, const gradus_net *net, const float *feature, size_t samples, gd_report_samples *s) {
    float least = feature[0], greatest = feature[0];
    for (size_t i = 1; i < samples; i++) {
        if (feature[i] < least) least = feature[i];
        if (feature[i] > greatest) greatest = feature[i];
    }
    s->grid = calloc(GRID, sizeof *s->grid);
    s->grid_outputs = calloc(GRID, s->width * sizeof *s->grid_outputs);
    if (s->grid == NULL || s->grid_outputs == NULL) return gd_fail(context, GRADUS_OUT_OF_MEMORY, "no memory for the report");
    for (size_t i = 0; i < GRID; i++) s->grid[i] = (float)((double)least + ((double)greatest - (double)least) * (double)i / (GRID - 1));
    const gradus_tensor inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, s->grid, GRID, 1);
    const gradus_tensor outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, s->grid_outputs, GRID, s->width);
    return gradus_net_predict(context, net, &inputs, &outputs);
}

static gradus_status compare_numbers(gradus_context *context, const gradus_net *net, const gradus_dataset *set, gd_report_samples *s) {
    const gradus_tensor inputs = gradus_dataset_inputs(set), targets = gradus_dataset_targets(set);
    const size_t samples = gradus_dataset_samples(set);
    const bool line = inputs.columns == 1 && inputs.row_stride == 1 && inputs.dtype == GRADUS_DTYPE_F32;
    gradus_status status = line ? fit_line(context, net, inputs.data, samples, s) : GRADUS_OK;
    s->targets = status == GRADUS_OK ? calloc(s->width, sizeof *s->targets) : NULL;
    if (status != GRADUS_OK || s->targets == NULL)
        return status != GRADUS_OK ? status : gd_fail(context, GRADUS_OUT_OF_MEMORY, "no memory for the report");
    s->target_count = s->width;
    for (size_t k = 0; k < s->width; k++) {
        s->targets[k] = (gd_report_target){.name = gradus_schema_target_name(gradus_dataset_schema(set), k),
                                           .samples = samples,
                                           .stride = s->width,
                                           .truth = (const float *)targets.data + k,
                                           .predicted = s->outputs + k};
        if (!line) continue;
        s->targets[k].feature = inputs.data;
        s->targets[k].grid = GRID;
        s->targets[k].grid_feature = s->grid;
        s->targets[k].grid_predicted = s->grid_outputs + k;
    }
    return GRADUS_OK;
}

static bool are_numbers(const gradus_dataset *set) { return gradus_dataset_classes(set) == 0; }

bool gd_report_samples_wanted(const gradus_net *net, const gradus_dataset *set) {
    const bool pictures = gradus_dataset_height(set) > 0 && gradus_dataset_inputs(set).dtype == GRADUS_DTYPE_U8 && !are_numbers(set);
    return (pictures || are_numbers(set)) && gradus_dataset_samples(set) <= MOST_OUTPUTS / gradus_net_outputs(net);
}

gradus_status gd_report_samples_make(gradus_context *context, const gradus_net *net, const gradus_dataset *set, const float *outputs,
                                     gd_report_samples *s) {
    memset(s, 0, sizeof *s);
    if (!gd_report_samples_wanted(net, set)) return GRADUS_OK;
    s->outputs = outputs;
    s->width = gradus_net_outputs(net);
    if (outputs != NULL && are_numbers(set)) return compare_numbers(context, net, set, s);
    return outputs != NULL && find_mistakes(net, set, s) ? GRADUS_OK : gd_fail(context, GRADUS_OUT_OF_MEMORY, "no memory for the report");
}

void gd_report_samples_free(gd_report_samples *s) {
    free(s->mistakes);
    free(s->targets);
    free(s->grid);
    free(s->grid_outputs);
}
