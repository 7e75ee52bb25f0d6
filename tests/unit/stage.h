/* What tests of training runs share: a small data set, and a run over it. */
#ifndef TESTS_STAGE_H
#define TESTS_STAGE_H

#include <stdio.h>
#include <unistd.h>

#include "nets.h"

enum { SAMPLES = 150, FEATURES = 20, CLASSES = 5 };

/* -- a folder of IDX files with random pictures of 4 x 5, whose class shows in one pixel of five -- */

static inline void write_bytes(const char *folder, const char *name, const uint8_t *bytes, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* Other samples for other seeds, of the same classes. */
static inline gradus_dataset *make_dataset(gradus_context *context, uint64_t seed) {
    static uint8_t images[16 + SAMPLES * FEATURES] = {0, 0, 8, 3, 0, 0, 0, SAMPLES, 0, 0, 0, 4, 0, 0, 0, 5},
                                         labels[8 + SAMPLES] = {0, 0, 8, 1, 0, 0, 0, SAMPLES};
    char folder[] = "/tmp/gradus-train-XXXXXX", command[160];
    gradus_dataset *train, *test;
    uint64_t random = seed;
    for (size_t s = 0; s < SAMPLES; s++) {
        labels[8 + s] = (uint8_t)(s % CLASSES);
        for (size_t i = 0; i < FEATURES; i++) images[16 + s * FEATURES + i] = (uint8_t)(test_random(&random) % 128);
        images[16 + s * FEATURES + 3 * (s % CLASSES)] = (uint8_t)(images[16 + s * FEATURES + 3 * (s % CLASSES)] + 120);
    }
    cr_assert_not_null(mkdtemp(folder));
    write_bytes(folder, "train-images-idx3-ubyte", images, sizeof images);
    write_bytes(folder, "train-labels-idx1-ubyte", labels, sizeof labels);
    cr_assert_eq(gradus_dataset_open(context, folder, NULL, &train, &test), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_null(test);
    snprintf(command, sizeof command, "%s/train-images-idx3-ubyte", folder);
    unlink(command);
    snprintf(command, sizeof command, "%s/train-labels-idx1-ubyte", folder);
    unlink(command);
    rmdir(folder);
    return train;
}

/* -- one run -- */

typedef struct stage {
    gradus_context *context;
    gradus_dataset *data;
    gradus_net *net;
    gradus_optimizer *optimizer;
    gradus_train_config config;
    gradus_train_state state;
} stage;

static inline net_shape train_shape(void) {
    return shape_of(FEATURES, 2, (const size_t[]){17, CLASSES}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX);
}

static inline stage stage_make(const char *optimizer) {
    const net_shape shape = train_shape();
    stage s;
    memset(&s, 0, sizeof s);
    s.context = context_of(2);
    s.data = make_dataset(s.context, 3);
    s.net = make_net(s.context, &shape, 4);
    s.optimizer = make_optimizer(s.context, s.net, optimizer);
    gradus_train_config_init(&s.config);
    s.config.seed = 11;
    gradus_train_state_init(&s.state);
    return s;
}

static inline gradus_status stage_train(stage *s) { return gradus_train(s->context, s->net, s->optimizer, s->data, &s->config, &s->state); }

static inline void stage_free(stage *s) {
    gradus_optimizer_destroy(s->context, s->optimizer);
    gradus_net_destroy(s->context, s->net);
    gradus_dataset_destroy(s->context, s->data);
    gradus_context_destroy(s->context);
}

#endif
