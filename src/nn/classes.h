/* What class a row of outputs, and a target, stands for. docs/numerics.md, section 5. */
#ifndef GD_NN_CLASSES_H
#define GD_NN_CLASSES_H

#include <stdbool.h>

#include <gradus/loss.h>
#include <gradus/tensor.h>

/* Whether the targets of a net with this loss and so many outputs say what class a sample is of; that of row i. */
bool gd_have_classes(gradus_loss kind, size_t outputs, const gradus_tensor *targets);
size_t gd_target_class(gradus_loss kind, size_t outputs, const gradus_tensor *targets, size_t i);

/* The class that a row of outputs stands for. */
size_t gd_output_class(gradus_loss kind, size_t outputs, const float *row);

#endif
