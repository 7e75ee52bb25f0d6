/* What class a row of outputs, and a target, stands for. */
#include "nn/classes.h"

#include "nn/loss.h"

/* The index of the greatest; the lowest wins ties. */
static size_t argmax(const float *row, size_t n) {
    size_t best = 0;
    for (size_t j = 1; j < n; j++)
        if (row[j] > row[best]) best = j;
    return best;
}

bool gd_have_classes(gradus_loss kind, size_t outputs, const gradus_tensor *targets) {
    return gd_targets_are_classes(targets) || kind == GRADUS_LOSS_CROSS_ENTROPY || (kind == GRADUS_LOSS_BINARY_CROSS_ENTROPY && outputs == 1);
}

size_t gd_output_class(gradus_loss kind, size_t outputs, const float *row) {
    return gd_loss_classes(kind, outputs) == outputs ? argmax(row, outputs) : row[0] > 0.5f;
}

size_t gd_target_class(gradus_loss kind, size_t outputs, const gradus_tensor *targets, size_t i) {
    if (gd_targets_are_classes(targets)) return gd_label(targets, i);
    return gd_output_class(kind, outputs, (const float *)targets->data + gd_tensor_row(targets, i));
}
