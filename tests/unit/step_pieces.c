/* How gradus_optimizer_step takes a list in pieces: arrays that come from memory, tensors that are refused wherever they are, a host that interrupts. */
#include <math.h>
#include <stdio.h>

#include "kernels/kernels.h"
#include "nets.h"

enum { MOST_TENSORS_HERE = 300 };

static const float RATE = 0.01f;

static gradus_optimizer *descent(gradus_context *context, const gradus_tensor *tensors, size_t count) {
    gradus_optimizer *optimizer;
    gradus_optimizer_config config;
    gradus_parameter parameters[MOST_TENSORS_HERE];
    for (size_t i = 0; i < count; i++)
        parameters[i] = (gradus_parameter){NULL, 1, tensors[i].rows, tensors[i].columns, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    gradus_optimizer_config_init(&config, GRADUS_OPTIMIZER_SGD);
    config.hyper_parameters[GRADUS_LEARNING_RATE] = (double)RATE;
    cr_assert_eq(gradus_optimizer_create(context, &config, parameters, count, &optimizer), GRADUS_OK, "%s", gradus_context_message(context));
    return optimizer;
}

static size_t floats_of(const gradus_tensor *t) { return (t->rows - 1) * (size_t)t->row_stride + t->columns; }

/* ---- from memory: more than 32 MiB, so that updates prefetch where the CPU gains by it; pieces end where a task, a row, or a tensor does ---- */

static float weight(size_t i) { return (float)(i % 8191) * 0.25f - 1000.0f; }
static float gradient(size_t i) { return (float)(i % 1021) * 0.125f - 64.0f; }

static void expect_stepped_once(const gradus_tensor *w, size_t first, double clip, bool zeroed, const float *g) {
    const float high = (float)clip;
    for (size_t i = 0; i < floats_of(w); i++) {
        const bool inside = w->rows == 1 || i % (size_t)w->row_stride < w->columns;
        const float x = clip == 0.0 ? gradient(first + i) : fminf(fmaxf(gradient(first + i), -high), high);
        const float expected = inside ? fmaf(-RATE, x, weight(first + i)) : weight(first + i);
        cr_assert_eq(((const float *)w->data)[i], expected, "%zu of %zu columns", i, w->columns);
        cr_assert_eq(g[i], inside && zeroed ? 0.0f : gradient(first + i));
    }
}

Test(step_pieces, arrays_that_come_from_memory) {
    enum { COUNT = 4, GAP = 5, FLOATS = 3 * (1500001 + GAP) + 2048 + 300000 + 2049 };
    static const size_t shapes[COUNT][2] = {{3, 1500001}, {1, 2048}, {1, 300000}, {1, 2049}};
    static const double clips[] = {0.0, 0.25};
    gradus_context *context = context_of(3);
    float *const memory = malloc(2 * FLOATS * sizeof(float));
    gradus_tensor w[COUNT], g[COUNT];
    size_t first[COUNT], used = 0;
    for (size_t j = 0; j < COUNT; j++) {
        w[j] = gradus_tensor_matrix(GRADUS_DTYPE_F32, memory + used, shapes[j][0], shapes[j][1]);
        if (j == 0) w[j].row_stride += GAP;
        g[j] = w[j];
        g[j].data = memory + FLOATS + used;
        first[j] = used;
        used += floats_of(&w[j]);
    }
    cr_assert(used <= FLOATS);
    gradus_optimizer *optimizer = descent(context, w, COUNT);
    for (size_t run = 0; run < 4; run++) {
        const size_t c = run / 2;
        gradus_step_args args;
        context->prefetch_ahead = run % 2 ? GD_AHEAD_NEAR : 0; /* whatever this CPU's habits are */
        gradus_step_args_init(&args);
        args.parameters = w;
        args.gradients = g;
        args.clip_value = clips[c];
        args.flags = c ? GRADUS_STEP_ZERO_GRADIENTS : 0;
        for (size_t i = 0; i < FLOATS; i++) memory[i] = weight(i), memory[FLOATS + i] = gradient(i);
        cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK, "%s", gradus_context_message(context));
        for (size_t j = 0; j < COUNT; j++) expect_stepped_once(&w[j], first[j], clips[c], c == 1, g[j].data);
    }
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
    free(memory);
}

/* ---- refused: one tensor of many, dense ones by the short way, in the first, a middle and the last place; then nothing changes ---- */

enum { COLUMNS = 6 };

static void other_columns(gradus_tensor *t) { t->columns = t->columns ^ 1, t->row_stride = t->batch_stride = (ptrdiff_t)t->columns; }
static void other_rows(gradus_tensor *t) { t->rows = 0, t->batch_stride = 0; }
static void other_batch(gradus_tensor *t) { t->batch = 0; }
static void flags(gradus_tensor *t) { t->flags = 1; }
static void reserved(gradus_tensor *t) { t->reserved = 1; }
static void integers(gradus_tensor *t) { t->dtype = GRADUS_DTYPE_I32; }
static void no_data(gradus_tensor *t) { t->data = NULL; }
static void negative_row_stride(gradus_tensor *t) { t->row_stride = -COLUMNS; }
static void negative_batch_stride(gradus_tensor *t) { t->batch_stride = -COLUMNS; }

static const struct {
    void (*spoil)(gradus_tensor *t);
    gradus_status status;
    const char *message;
} refusals[] = {{other_columns, GRADUS_INVALID_ARGUMENT, "1 x 1 x 7"},
                {other_rows, GRADUS_INVALID_ARGUMENT, "1 x 0 x 6"},
                {other_batch, GRADUS_INVALID_ARGUMENT, "0 x 1 x 6"},
                {flags, GRADUS_INVALID_ARGUMENT, "flags"},
                {reserved, GRADUS_INVALID_ARGUMENT, "reserved"},
                {integers, GRADUS_UNSUPPORTED, "F32"},
                {no_data, GRADUS_INVALID_ARGUMENT, "NULL"},
                {negative_row_stride, GRADUS_INVALID_ARGUMENT, "negative"},
                {negative_batch_stride, GRADUS_INVALID_ARGUMENT, "negative"}};

static void expect_refused(gradus_context *context, gradus_optimizer *optimizer, const gradus_step_args *args, size_t r, size_t place,
                           const char *name) {
    char where[32];
    snprintf(where, sizeof where, "%s[%zu]: ", name, place);
    cr_assert_eq(gradus_optimizer_step(context, optimizer, args), refusals[r].status, "refusal %zu, %s", r, where);
    cr_assert(says(context, where) && says(context, refusals[r].message), "%s", gradus_context_message(context));
}

static void check_refusals(size_t count) {
    static float memory[2][MOST_TENSORS_HERE][COLUMNS];
    const size_t places[] = {0, count / 2, count - 1};
    gradus_context *context = context_of(3);
    gradus_tensor w[MOST_TENSORS_HERE], g[MOST_TENSORS_HERE];
    gradus_step_args args;
    for (size_t i = 0; i < count; i++) {
        w[i] = gradus_tensor_vector(GRADUS_DTYPE_F32, memory[0][i], COLUMNS);
        g[i] = gradus_tensor_vector(GRADUS_DTYPE_F32, memory[1][i], COLUMNS);
        for (size_t k = 0; k < COLUMNS; k++) memory[0][i][k] = 0.0f, memory[1][i][k] = 1.0f;
    }
    gradus_optimizer *optimizer = descent(context, w, count);
    gradus_step_args_init(&args);
    args.parameters = w;
    args.gradients = g;
    for (size_t r = 0; r < sizeof refusals / sizeof refusals[0]; r++)
        for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
            const gradus_tensor kept_w = w[places[p]], kept_g = g[places[p]];
            refusals[r].spoil(&w[places[p]]);
            expect_refused(context, optimizer, &args, r, places[p], "parameters");
            w[places[p]] = kept_w;
            if (refusals[r].spoil == no_data) continue; /* a gradient without data: the tensor is skipped */
            refusals[r].spoil(&g[places[p]]);
            expect_refused(context, optimizer, &args, r, places[p], "gradients");
            refusals[r].spoil(&w[places[p]]); /* both, alike */
            expect_refused(context, optimizer, &args, r, places[p], "parameters");
            w[places[p]] = kept_w;
            g[places[p]] = kept_g;
        }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < COLUMNS; k++) cr_assert_eq(memory[0][i][k], 0.0f);
    cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < COLUMNS; k++) cr_assert_eq(memory[0][i][k], -RATE);
    gradus_optimizer_destroy(context, optimizer);
    gradus_context_destroy(context);
}

Test(step_pieces, a_tensor_that_is_refused) { check_refusals(5); }

Test(step_pieces, one_of_many_that_is_refused) { check_refusals(MOST_TENSORS_HERE); }

/* ---- a clip value at the ends of its range ---- */

Test(step_pieces, greatest_and_least_clip) {
    static const double clips[] = {0x1p-126, 0x1.fffffep+127};
    gradus_context *context = context_of(1);
    for (size_t c = 0; c < 2; c++) {
        float x = 1.0f, y = 2.0f;
        const gradus_tensor w = gradus_tensor_vector(GRADUS_DTYPE_F32, &x, 1), g = gradus_tensor_vector(GRADUS_DTYPE_F32, &y, 1);
        gradus_optimizer *optimizer = descent(context, &w, 1);
        gradus_step_args args;
        gradus_step_args_init(&args);
        args.parameters = &w;
        args.gradients = &g;
        args.clip_value = clips[c];
        cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_OK, "%s", gradus_context_message(context));
        cr_assert_eq(x, c ? fmaf(-RATE, 2.0f, 1.0f) : 1.0f);
        gradus_optimizer_destroy(context, optimizer);
    }
    gradus_context_destroy(context);
}

/* ---- an interrupt while weights change waits until all have: whole steps only ---- */

static void interrupt_first(void *user, size_t tasks, void (*task)(void *arg, size_t index), void *arg) {
    gradus_interrupt(*(gradus_context **)user);
    for (size_t i = 0; i < tasks; i++) task(arg, i);
}

Test(step_pieces, an_interrupt_leaves_whole_steps) {
    enum { N = 100000, COUNTS = 2 };
    static const size_t counts[COUNTS] = {2, 100}; /* tensors: looked at in advance, and by a phase of its own */
    gradus_context *context;
    gradus_context_config config;
    float *const x = malloc(2 * N * sizeof *x);
    gradus_context_config_init(&config);
    config.executor = (gradus_executor){&context, 2, interrupt_first};
    context = make_context(&config);
    gd_phases_test_mode(1);
    for (size_t c = 0; c < COUNTS; c++) {
        const size_t n = N / counts[c];
        gradus_tensor w[100], g[100];
        gradus_step_args args;
        for (size_t i = 0; i < N; i++) x[i] = 0.0f, x[N + i] = 1.0f;
        for (size_t i = 0; i < counts[c]; i++) {
            w[i] = gradus_tensor_vector(GRADUS_DTYPE_F32, x + i * n, n);
            g[i] = gradus_tensor_vector(GRADUS_DTYPE_F32, x + N + i * n, n);
        }
        gradus_optimizer *optimizer = descent(context, w, counts[c]);
        gradus_step_args_init(&args);
        args.parameters = w;
        args.gradients = g;
        for (int step = 0; step < 2; step++) {
            cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), step ? GRADUS_INTERRUPTED : GRADUS_OK, "step %d", step);
            for (size_t i = 0; i < N; i++) cr_assert_eq(x[i], -RATE, "step %d, element %zu", step, i);
        }
        gradus_optimizer_destroy(context, optimizer);
    }
    gradus_context_destroy(context);
    free(x);
}
