/* A layer's backward product to its input, in every form that gradients come in, against gradus_matrix_multiply: by the contract both have the same bits. */
#include <stdlib.h>
#include <string.h>

#include "base/phases.h"
#include "kernels/kernels.h"
#include "kernels/step.h"
#include "nets.h"

enum { MOST_SAMPLES = 65, MOST_INPUTS = 130, MOST_OUTPUTS = 600, ROOM = 1 << 17 };

static const size_t samples_here[] = {1, 2, 8, 9, 15, 16, 17, 32, 33, MOST_SAMPLES};
static const size_t inputs_here[] = {1, 31, 33, 64, MOST_INPUTS};
static const size_t outputs_here[] = {3, 16, 17, 33, 256, 257, 290, MOST_OUTPUTS};

/* What the products read and write, each with room for every form; `wanted` is [samples][inputs]. */
typedef struct problem {
    gd_dense dense;
    size_t samples;
    float *w, *d, *wanted, *weights, *rows, *panels, *turned, *dx, *dx_turned, *one;
} problem;

static problem make_problem(void) {
    problem p = {.w = calloc(ROOM * 10, sizeof(float))};
    float **all[] = {&p.d, &p.wanted, &p.weights, &p.rows, &p.panels, &p.turned, &p.dx, &p.dx_turned, &p.one};
    for (size_t i = 0; i < 9; i++) *all[i] = p.w + (i + 1) * ROOM;
    return p;
}

/* Plain W and d, W as a net keeps it, d by rows, in panels and turned, and what dX must be. */
static void fill(problem *p, gradus_context *context, gd_dense dense, size_t samples) {
    const size_t in = dense.inputs, out = dense.outputs, width = context->kernels->tile_columns;
    uint64_t random = in + 1000 * out + 1000000 * samples;
    p->dense = dense;
    p->samples = samples;
    memset(p->w, 0, ROOM * 10 * sizeof(float));
    for (size_t i = 0; i < in * out; i++) p->w[i] = (float)(test_random(&random) % 2001) * 1e-3f - 1.0f;
    for (size_t i = 0; i < samples * out; i++) p->d[i] = (float)(test_random(&random) % 2001) * 1e-3f - 1.0f;
    for (size_t i = 0; i < in; i++)
        for (size_t j = 0; j < out; j++) p->weights[gd_dense_at(dense, i, j)] = p->w[i * out + j];
    for (size_t s = 0; s < samples; s++)
        for (size_t j = 0; j < out; j++) {
            p->rows[s * (out + 3) + j] = p->d[s * out + j];
            p->panels[j / GD_PANEL * samples * GD_PANEL + s * GD_PANEL + j % GD_PANEL] = p->d[s * out + j];
            p->turned[s / width * out * width + j * width + s % width] = p->d[s * out + j];
        }
    for (size_t i = 0; i < samples * (in + GD_PANEL); i++) p->one[i] = 1.0f;
    const gradus_tensor d = gradus_tensor_matrix(GRADUS_DTYPE_F32, p->d, samples, out), w = gradus_tensor_matrix(GRADUS_DTYPE_F32, p->w, in, out),
                        wanted = gradus_tensor_matrix(GRADUS_DTYPE_F32, p->wanted, samples, in);
    cr_assert_eq(gradus_matrix_multiply(context, GRADUS_PRODUCT_NT, 1.0, &d, &w, 0.0, &wanted), GRADUS_OK, "%s", gradus_context_message(context));
}

typedef enum gradient_form { BY_ROWS, IN_PANELS, TURNED } gradient_form;

/* d in one form, dX in panels or by rows; `from` is 1 everywhere: the derivative of relu there is 1. */
static void check(const problem *p, gradus_context *context, gradient_form form, bool to_panels) {
    const size_t in = p->dense.inputs, out = p->dense.outputs, n = p->samples, width = context->kernels->tile_columns;
    float *const scratch = p->one + ROOM / 2;
    if (form == TURNED) memcpy(scratch, p->turned, gd_turned_size(p->dense, n) * sizeof(float));
    gd_backward_input b = {.context = context,
                           .dense = p->dense,
                           .weights = p->weights,
                           .d = form == BY_ROWS ? p->rows : p->panels,
                           .d_turned = form == TURNED,
                           .turned = scratch,
                           .from = p->one,
                           .dx = p->dx,
                           .dx_turned = p->dx_turned,
                           .d_stride = form == BY_ROWS ? out + 3 : GD_PANEL,
                           .d_panel = form == BY_ROWS ? GD_PANEL : n * GD_PANEL,
                           .from_stride = in,
                           .dx_stride = to_panels ? GD_PANEL : in + 1,
                           .dx_panel = to_panels ? n * GD_PANEL : GD_PANEL,
                           .samples = n,
                           .activation = GRADUS_ACTIVATION_RELU};
    gd_phase phases[GD_BACKWARD_INPUT_PHASES];
    for (size_t i = 0; i < ROOM; i++) p->dx[i] = p->dx_turned[i] = -77.0f;
    gd_backward_input_phases(&b, phases);
    cr_assert_eq(gd_phases_run(context, phases, GD_BACKWARD_INPUT_PHASES, 1e12, 0), GRADUS_OK);
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < in; i++) {
            const size_t at = i / GD_PANEL * b.dx_panel + s * b.dx_stride + i % GD_PANEL;
            const uint32_t wanted = test_float_bits(p->wanted[s * in + i]);
            cr_assert_eq(test_float_bits(p->dx[at]), wanted, "%s, %zu x %zu x %zu, form %d: dX(%zu, %zu)", context->kernels->name, n, in, out,
                         (int)form, s, i);
            if (n > context->kernels->width)
                cr_assert_eq(test_float_bits(p->dx_turned[s / width * in * width + i * width + s % width]), wanted, "turned (%zu, %zu)", s, i);
        }
    if (!to_panels)
        for (size_t s = 0; s < n; s++) cr_assert_eq(p->dx[s * (in + 1) + in], -77.0f, "between the rows");
}

static void check_all_forms(problem *p, gradus_context *context, gd_dense dense, size_t samples) {
    const bool turns = !gd_dense_narrow(dense) && samples > context->kernels->width; /* else neither d nor dX is needed turned */
    fill(p, context, dense, samples);
    for (int to_panels = 0; to_panels < 2; to_panels++) {
        check(p, context, BY_ROWS, to_panels);
        if (turns) check(p, context, TURNED, to_panels);
        if (!turns && !gd_dense_narrow(dense)) check(p, context, IN_PANELS, to_panels);
    }
}

Test(dense_input, every_form) {
    problem p = make_problem();
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1 + (unsigned)i % 2);
        for (size_t s = 0; s < sizeof samples_here / sizeof samples_here[0]; s++)
            for (size_t o = 0; o < sizeof outputs_here / sizeof outputs_here[0]; o++)
                for (size_t k = 0; k < sizeof inputs_here / sizeof inputs_here[0]; k++)
                    check_all_forms(&p, context, (gd_dense){inputs_here[k], outputs_here[o]}, samples_here[s]);
        gradus_context_destroy(context);
    }
    free(p.w);
}
