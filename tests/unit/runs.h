/* What the tests of checkpoints share: a net with its optimizer and best weights, steps on batches that depend on the step's number, and a folder. */
#ifndef TESTS_RUNS_H
#define TESTS_RUNS_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/optimizer.h"

#include "nets.h"

typedef struct folder {
    char path[64], last[128], previous[128];
} folder;

static inline folder folder_make(void) {
    folder f;
    strcpy(f.path, "/tmp/gradus-checkpoint-XXXXXX");
    cr_assert_not_null(mkdtemp(f.path));
    snprintf(f.last, sizeof f.last, "%s/last.safetensors", f.path);
    snprintf(f.previous, sizeof f.previous, "%s/last-previous.safetensors", f.path);
    return f;
}

/* Nothing but the two files may be there: rmdir finds what was forgotten. */
static inline void folder_drop(const folder *f) {
    unlink(f->last);
    unlink(f->previous);
    cr_expect_eq(rmdir(f->path), 0, "something was left in %s", f->path);
}

typedef struct content {
    uint8_t *data;
    size_t size;
} content;

static inline content slurp(const char *path) {
    struct stat info;
    FILE *in = fopen(path, "rb");
    cr_assert(in != NULL && fstat(fileno(in), &info) == 0, "%s", path);
    content b = {malloc((size_t)info.st_size + 1), (size_t)info.st_size};
    cr_assert_eq(fread(b.data, 1, b.size, in), b.size);
    fclose(in);
    return b;
}

static inline void spill(const char *path, const void *data, size_t size) {
    FILE *out = fopen(path, "wb");
    cr_assert(out != NULL && fwrite(data, 1, size, out) == size && fclose(out) == 0, "%s", path);
}

/* A run's objects. */
typedef struct trio {
    gradus_net *net, *best;
    gradus_optimizer *optimizer;
    gradus_train_state state;
} trio;

static inline trio trio_make(gradus_context *context, const net_shape *shape, const char *optimizer, uint64_t seed) {
    trio t = {make_net(context, shape, seed), make_net(context, shape, seed + 1), NULL, {0}};
    t.optimizer = make_optimizer(context, t.net, optimizer);
    gradus_train_state_init(&t.state);
    return t;
}

static inline void trio_free(gradus_context *context, trio *t) {
    gradus_optimizer_destroy(context, t->optimizer);
    gradus_net_destroy(context, t->net);
    gradus_net_destroy(context, t->best);
}

/* Steps state.steps .. until, each on its own batch. */
static inline void trio_steps(gradus_context *context, trio *t, const net_shape *shape, uint64_t until) {
    for (; t->state.steps < until; t->state.steps++) {
        double loss;
        sample_set set = make_samples(shape, 70 + (t->state.steps % 3) * 30, 0, 77 + t->state.steps);
        cr_assert_eq(gradus_net_step(context, t->net, t->optimizer, &set.batch, &loss), GRADUS_OK, "%s", gradus_context_message(context));
        free_samples(&set);
    }
}

static inline gradus_checkpoint_contents trio_contents(const trio *t, const char *configuration) {
    gradus_checkpoint_contents contents;
    gradus_checkpoint_contents_init(&contents);
    contents.net = t->net;
    contents.best = t->best;
    contents.optimizer = t->optimizer;
    contents.state = &t->state;
    contents.configuration = configuration;
    contents.seconds = 1.25;
    return contents;
}

static inline void trio_save(gradus_context *context, const trio *t, const char *path) {
    const gradus_checkpoint_contents contents = trio_contents(t, "data = here\nepochs = 3\n");
    cr_assert_eq(gradus_checkpoint_save(context, path, &contents), GRADUS_OK, "%s", gradus_context_message(context));
}

/* Opens and restores; what went wrong first. *warning (may be NULL): whether it was the previous file. */
static inline gradus_status trio_load(gradus_context *context, trio *t, const char *path, bool *warning) {
    gradus_checkpoint *checkpoint;
    gradus_checkpoint_info info = {.struct_size = sizeof info};
    gradus_status status = gradus_checkpoint_open(context, path, &checkpoint);
    cr_assert_eq(status == GRADUS_OK, checkpoint != NULL);
    if (status != GRADUS_OK) return status;
    gradus_checkpoint_describe(checkpoint, &info);
    status = gradus_checkpoint_restore(context, checkpoint, t->net, t->optimizer, t->best);
    if (status == GRADUS_OK) t->state = *info.state;
    if (warning != NULL) *warning = info.warning != NULL;
    gradus_checkpoint_close(context, checkpoint);
    return status;
}

/* Everything that a run's future depends on, as one digest. */
static inline uint64_t trio_digest(gradus_context *context, const trio *t) {
    char text[DIGEST];
    uint64_t digest = 1469598103934665603u;
    const gradus_net *nets[] = {t->net, t->best};
    for (size_t n = 0; n < 2; n++) {
        digest_of(context, nets[n], text);
        for (const char *c = text; *c != 0; c++) digest = (digest ^ (uint8_t)*c) * 1099511628211u;
    }
    for (size_t p = 0; p < t->optimizer->count; p++) {
        const gradus_parameter *parameter = &t->optimizer->parameters[p];
        const size_t size = parameter->rows * parameter->columns;
        float *values = malloc(size * sizeof *values);
        const gradus_tensor tensor = gradus_tensor_matrix(GRADUS_DTYPE_F32, values, parameter->rows, parameter->columns);
        for (uint32_t j = 0; gradus_optimizer_state_get(context, t->optimizer, p, j, &tensor) == GRADUS_OK; j++)
            for (size_t i = 0; i < size; i++) digest = (digest ^ test_float_bits(values[i])) * 1099511628211u;
        digest = (digest ^ t->optimizer->steps[p]) * 1099511628211u;
        free(values);
    }
    for (uint32_t g = 0; g < t->optimizer->groups; g++)
        for (size_t k = 0; k < GRADUS_HYPER_PARAMETER_LIMIT; k++)
            digest = (digest ^ test_double_bits(t->optimizer->hyper_parameters[g][k])) * 1099511628211u;
    return digest;
}

#endif
