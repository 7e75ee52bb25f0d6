/* What the fuzz programs share: a context, and the input as a file in memory. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gradus/gradus.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile double fuzz_used; /* so that no compiler leaves the reading out */

static inline gradus_context *fuzz_context(void) {
    static gradus_context *context;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = 1;
    if (!context && gradus_context_create(&config, &context) != GRADUS_OK) abort();
    return context;
}

/* The path of a file of these bytes; *descriptor is to be closed. */
static inline const char *fuzz_file(const uint8_t *data, size_t size, int *descriptor) {
    static char path[64];
    *descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    if (*descriptor < 0 || write(*descriptor, data, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", *descriptor);
    return path;
}

/* Reads every number, so that a tensor that leaves its memory is noticed; their sum. */
static inline double fuzz_look(const gradus_dataset *set) {
    double sum = 0.0;
    const gradus_tensor inputs = gradus_dataset_inputs(set), targets = gradus_dataset_targets(set);
    for (size_t i = 0; i < inputs.rows; i++)
        for (size_t j = 0; j < inputs.columns; j++) {
            const size_t at = i * (size_t)inputs.row_stride + j;
            sum += inputs.dtype == GRADUS_DTYPE_U8 ? ((const uint8_t *)inputs.data)[at] : (double)((const float *)inputs.data)[at];
        }
    for (size_t i = 0; i < targets.rows * targets.columns && targets.data; i++)
        sum += targets.dtype == GRADUS_DTYPE_U8 ? ((const uint8_t *)targets.data)[i] : (double)((const int32_t *)targets.data)[i];
    return sum;
}

/* The same file by the schema it gave: it must be readable so. */
static inline void fuzz_again(const char *path, const gradus_dataset *set) {
    gradus_dataset *again = NULL;
    size_t needed;
    gradus_schema *schema = NULL;
    gradus_context *context = fuzz_context();
    if (gradus_schema_write(context, gradus_dataset_schema(set), NULL, 0, &needed) != GRADUS_OK) abort();
    char *text = malloc(needed);
    if (gradus_schema_write(context, gradus_dataset_schema(set), text, needed, &needed) != GRADUS_OK) abort();
    if (gradus_schema_parse(context, text, needed - 1, &schema) != GRADUS_OK) {
        fprintf(stderr, "%s\n%s\n", text, gradus_context_message(context));
        abort();
    }
    if (gradus_dataset_open_as(context, path, schema, 0, &again) == GRADUS_OK) fuzz_used += fuzz_look(again);
    gradus_dataset_destroy(context, again);
    gradus_schema_destroy(context, schema);
    free(text);
}

#endif
