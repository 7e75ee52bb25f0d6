/* Data sets in memory: the built-in digits, folders of IDX files. */
#ifndef GRADUS_DATASET_H
#define GRADUS_DATASET_H

#include <gradus/context.h>
#include <gradus/tensor.h>

GRADUS_BEGIN_DECLS

/* Samples with their targets. Never changed after it is made: any number of threads may read it. */
typedef struct gradus_dataset gradus_dataset;

/* Opens a data set by name or path:
 *   "digits"   the built-in set: 28x28 grey pictures of the ten digits, drawn by the library itself from a fixed seed, 10,000 to train, 2,000 to
 *              test; the same pictures on every machine
 *   a folder   with train-images-idx3-ubyte and train-labels-idx1-ubyte, each plain or .gz, and, if they are there, t10k-images-idx3-ubyte and
 *              t10k-labels-idx1-ubyte as the test set (the names of MNIST and its kin)
 * *test is NULL where there is no test set. Both are NULL on failure; neither pointer may be NULL.
 * Errors: IO (cannot read), BAD_DATA (not what it claims; the message names the file and what was expected), OUT_OF_MEMORY. A file never makes the
 * library use more memory than its header declares and its size allows. */
GRADUS_API gradus_status gradus_dataset_open(gradus_context *context, const char *source, gradus_dataset **train, gradus_dataset **test);
GRADUS_API void gradus_dataset_destroy(gradus_context *context, gradus_dataset *dataset);

/* The number of samples; the inputs [samples, features], U8; the targets (class labels), U8 vector of `samples`; how many classes there are (the
 * highest label plus 1); the pictures' height and width (features = height * width). The tensors are views that live as long as the data set: read
 * only. Thread-safe. */
GRADUS_API size_t gradus_dataset_samples(const gradus_dataset *dataset);
GRADUS_API gradus_tensor gradus_dataset_inputs(const gradus_dataset *dataset);
GRADUS_API gradus_tensor gradus_dataset_targets(const gradus_dataset *dataset);
GRADUS_API size_t gradus_dataset_classes(const gradus_dataset *dataset);
GRADUS_API size_t gradus_dataset_height(const gradus_dataset *dataset);
GRADUS_API size_t gradus_dataset_width(const gradus_dataset *dataset);

/* Where it came from: "digits", or the path of the file of inputs. Valid as long as the data set. */
GRADUS_API const char *gradus_dataset_source(const gradus_dataset *dataset);

GRADUS_END_DECLS

#endif
