/* What the tests of data sets share: files in a folder of their own, data sets made of them with counted memory, and what their messages say. */
#ifndef TESTS_TABLES_H
#define TESTS_TABLES_H

#include <stdio.h>
#include <unistd.h>

#include "counting.h"

typedef struct place {
    char folder[64], path[128];
    counting counter;
    gradus_context *context;
    gradus_dataset *train, *test;
    gradus_dataset_config config;
} place;

static inline void arrive(place *p) {
    memset(p, 0, sizeof *p);
    strcpy(p->folder, "/tmp/gradus-table-XXXXXX");
    cr_assert_not_null(mkdtemp(p->folder));
    snprintf(p->path, sizeof p->path, "%s/file", p->folder);
    gradus_context_config config = counting_config(&p->counter, 1);
    cr_assert_eq(gradus_context_create(&config, &p->context), GRADUS_OK);
    gradus_dataset_config_init(&p->config);
}

static inline void forget(place *p) {
    gradus_dataset_destroy(p->context, p->train);
    gradus_dataset_destroy(p->context, p->test);
    p->train = p->test = NULL;
}

static inline void leave(place *p) {
    forget(p);
    gradus_context_destroy(p->context);
    counting_check(&p->counter);
    unlink(p->path);
    cr_expect_eq(rmdir(p->folder), 0);
}

static inline void write_file(const place *p, const void *bytes, size_t size) {
    FILE *file = fopen(p->path, "wb");
    cr_assert(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "cannot write %s", p->path);
}

/* The file's status with the place's config; what was open before is gone. */
static inline gradus_status open_bytes(place *p, const void *bytes, size_t size) {
    forget(p);
    write_file(p, bytes, size);
    return gradus_dataset_open(p->context, p->path, &p->config, &p->train, &p->test);
}

static inline void opens(place *p, const char *text) {
    cr_assert_eq(open_bytes(p, text, strlen(text)), GRADUS_OK, "%s", gradus_context_message(p->context));
    cr_assert_eq(gradus_dataset_inputs(p->train).rows, gradus_dataset_samples(p->train));
}

static inline void says(const place *p, const char *part) {
    const char *message = gradus_context_message(p->context);
    cr_expect_not_null(strstr(message, part), "'%s' is not in '%s'", part, message);
    cr_expect(strlen(message) < 600 && !strchr(message, '\n'), "%s", message);
}

/* The text is refused, with a message that names the file and this. */
static inline void refuses(place *p, const char *text, const char *part) {
    cr_expect_eq(open_bytes(p, text, strlen(text)), GRADUS_BAD_DATA, "%s", text);
    cr_expect(!p->train && !p->test);
    says(p, p->path);
    says(p, part);
}

static inline float input(const gradus_dataset *set, size_t sample, size_t feature) {
    const gradus_tensor inputs = gradus_dataset_inputs(set);
    cr_assert(sample < inputs.rows && feature < inputs.columns);
    const size_t at = sample * (size_t)inputs.row_stride + feature;
    return inputs.dtype == GRADUS_DTYPE_U8 ? (float)((const uint8_t *)inputs.data)[at] : ((const float *)inputs.data)[at];
}

static inline double target(const gradus_dataset *set, size_t sample) {
    const gradus_tensor targets = gradus_dataset_targets(set);
    cr_assert_not_null(targets.data);
    if (targets.dtype == GRADUS_DTYPE_U8) return ((const uint8_t *)targets.data)[sample];
    return targets.dtype == GRADUS_DTYPE_I32 ? ((const int32_t *)targets.data)[sample] : (double)((const float *)targets.data)[sample];
}

/* What a set is for whoever opens it with another's schema. */
static inline gradus_status open_text_as(place *p, const char *text, const gradus_schema *schema, uint32_t flags, gradus_dataset **set) {
    write_file(p, text, strlen(text));
    return gradus_dataset_open_as(p->context, p->path, schema, flags, set);
}

#endif
