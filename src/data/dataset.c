/* Data sets in memory: what every source makes, and opening one by name or path. */
#include "data/dataset.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/context.h"
#include "base/fp.h"

gradus_status gd_dataset_create(gradus_context *context, const char *source, size_t samples, size_t height, size_t width, gradus_dataset **dataset) {
    size_t features, inputs_size, source_size = strlen(source) + 1;
    if (!gd_size_multiply(height, width, &features) || !gd_size_multiply(samples, features, &inputs_size))
        return gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: %zu pictures of %zu x %zu do not fit in memory", source, samples, height, width);
    void *memory = NULL, *inputs = NULL, *targets = NULL, *name = NULL;
    gradus_status status = gd_context_allocate(context, sizeof(gradus_dataset), source, &memory);
    if (!status) status = gd_context_allocate(context, source_size, source, &name);
    if (!status) status = gd_context_allocate(context, inputs_size, source, &inputs);
    if (!status) status = gd_context_allocate(context, samples, source, &targets);
    if (status) {
        gd_release(&context->allocator, inputs, inputs_size);
        gd_release(&context->allocator, name, source_size);
        gd_release(&context->allocator, memory, sizeof(gradus_dataset));
        return status;
    }
    memcpy(name, source, source_size);
    gradus_dataset *made = memory;
    *made = (gradus_dataset){.allocator = context->allocator,
                             .samples = samples,
                             .height = height,
                             .width = width,
                             .inputs = inputs,
                             .targets = targets,
                             .source = name,
                             .inputs_size = inputs_size,
                             .source_size = source_size};
    *dataset = made;
    return GRADUS_OK;
}

void gradus_dataset_destroy(gradus_context *context, gradus_dataset *dataset) {
    (void)context;
    if (!dataset) return;
    gradus_allocator allocator = dataset->allocator;
    gd_release(&allocator, dataset->inputs, dataset->inputs_size);
    gd_release(&allocator, dataset->targets, dataset->samples);
    gd_release(&allocator, dataset->source, dataset->source_size);
    gd_release(&allocator, dataset, sizeof *dataset);
}

#define KINDS "DATA is \"digits\" or a folder of IDX files (train-images-idx3-ubyte and train-labels-idx1-ubyte, each plain or .gz)"

static gradus_status open_path(gradus_context *context, const char *path, gradus_dataset **train, gradus_dataset **test) {
    struct stat facts;
    if (stat(path, &facts)) return gd_fail(context, GRADUS_IO, "%s: %s; " KINDS, path, strerror(errno));
    if (!S_ISDIR(facts.st_mode)) return gd_fail(context, GRADUS_BAD_DATA, "%s: this version reads no single files; " KINDS, path);
    return gd_idx_open(context, path, train, test);
}

GD_NOINLINE static gradus_status open_source(gradus_context *context, const char *source, gradus_dataset **train, gradus_dataset **test) {
    return strcmp(source, "digits") == 0 ? gd_digits_open(context, train, test) : open_path(context, source, train, test);
}

gradus_status gradus_dataset_open(gradus_context *context, const char *source, gradus_dataset **train, gradus_dataset **test) {
    if (train) *train = NULL;
    if (test) *test = NULL;
    if (!context || !source || !train || !test)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_dataset_open: context, source, train and test must not be NULL");
    int before = errno;
    gd_fp_environment environment = gd_fp_enter();
    gradus_status status = open_source(context, source, train, test);
    gd_fp_leave(environment);
    if (!status) errno = before;
    return status;
}

size_t gradus_dataset_samples(const gradus_dataset *dataset) { return dataset->samples; }

gradus_tensor gradus_dataset_inputs(const gradus_dataset *dataset) {
    return gradus_tensor_matrix(GRADUS_DTYPE_U8, dataset->inputs, dataset->samples, dataset->height * dataset->width);
}

gradus_tensor gradus_dataset_targets(const gradus_dataset *dataset) {
    return gradus_tensor_vector(GRADUS_DTYPE_U8, dataset->targets, dataset->samples);
}

size_t gradus_dataset_classes(const gradus_dataset *dataset) { return dataset->classes; }

size_t gradus_dataset_height(const gradus_dataset *dataset) { return dataset->height; }

size_t gradus_dataset_width(const gradus_dataset *dataset) { return dataset->width; }

const char *gradus_dataset_source(const gradus_dataset *dataset) { return dataset->source; }
