/* gradus_dense_forward and gradus_dense_backward: a layer on plain arrays. The products are gemm.c's, the sums over samples those of the nets
 * (dense_backward_weights.c). */
#include <gradus/dense.h>

#include <stdio.h>
#include <string.h>

#include "base/fp.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "kernels/step.h"

/* One tensor in the caller's memory as it travels through phases. */
typedef struct rows {
    float *data;
    ptrdiff_t stride;
} rows;

static rows rows_of(const gradus_tensor *tensor) { return tensor ? (rows){tensor->data, tensor->row_stride} : (rows){NULL, 0}; }

static float *at(rows r, size_t row, size_t column) { return r.data + (ptrdiff_t)row * r.stride + (ptrdiff_t)column; }

/* ---- checks ---- */

#define COUNT(number, NAME, name) +1
static gradus_status check_activation(gradus_context *context, gradus_activation activation, const char *function) {
    if (activation >= 1 && activation <= 0 GRADUS_ACTIVATION_MAP(COUNT)) return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %d is no activation", function, (int)activation);
}

/* A tensor with its name and the shape that it must have; `needed` says whether NULL is an error. */
typedef struct expected {
    const char *name;
    const gradus_tensor *tensor;
    size_t rows, columns;
    bool needed;
} expected;

static gradus_status check_tensors(gradus_context *context, const char *function, const expected *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char what[64];
        snprintf(what, sizeof what, "%s: %s", function, list[i].name);
        if (!list[i].tensor && list[i].needed) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s must not be NULL", what);
        if (!list[i].tensor) continue;
        const gradus_status status = gd_tensor_check_f32(context, list[i].tensor, list[i].rows, list[i].columns, what);
        if (status != GRADUS_OK) return status;
    }
    return GRADUS_OK;
}

/* ---- forward ---- */

typedef struct forward {
    gradus_context *context;
    gradus_activation activation;
    size_t samples, outputs;
    const float *bias;
    rows z, y;
} forward;

/* The end of a piece of a row: bias, activation. */
static void take_outputs(const void *argument, size_t row, size_t column, const float *r, size_t columns) {
    const forward *f = argument;
    float *y = at(f->y, row, column);
    memcpy(y, r, columns * sizeof *y);
    if (f->bias) f->context->kernels->add(y, f->bias + column, columns);
    if (f->z.data) memcpy(at(f->z, row, column), y, columns * sizeof *y);
    gd_activate(f->context, f->activation, y, columns);
}

static void softmax_rows(void *argument, size_t begin, size_t end) {
    const forward *f = argument;
    float maximum, sum;
    for (size_t row = begin; row < end; row++) gd_softmax(f->context, at(f->y, row, 0), f->outputs, &maximum, &sum);
}

static GD_NOINLINE gradus_status run_forward(forward *f, const gd_product *product, void *scratch) {
    gradus_status status = gd_product_run(f->context, product, scratch);
    if (status != GRADUS_OK || f->activation != GRADUS_ACTIVATION_SOFTMAX || f->outputs == 0) return status;
    const gd_phase phase = {softmax_rows, f, f->samples, 8};
    return gd_phases_run(f->context, &phase, 1, gd_work_nanoseconds(f->context, GD_FUNCTION * (double)f->samples * (double)f->outputs), 1);
}

gradus_status gradus_dense_forward(gradus_context *context, gradus_activation activation, const gradus_tensor *inputs, const gradus_tensor *weights,
                                   const gradus_tensor *bias, const gradus_tensor *preactivations, const gradus_tensor *outputs) {
    static const char name[] = "gradus_dense_forward";
    const size_t samples = inputs ? inputs->rows : 0, in = weights ? weights->rows : 0, out = weights ? weights->columns : 0;
    const expected list[] = {
        {"weights", weights, in, out, true},
        {"inputs", inputs, samples, in, true},
        {"bias", bias, 1, out, false},
        {"preactivations", preactivations, samples, out, false},
        {"outputs", outputs, samples, out, true},
    };
    void *scratch;
    gradus_status status = check_activation(context, activation, name);
    if (status == GRADUS_OK) status = check_tensors(context, name, list, sizeof list / sizeof list[0]);
    if (status != GRADUS_OK) return status;
    forward f = {context, activation, samples, out, bias ? bias->data : NULL, rows_of(preactivations), rows_of(outputs)};
    const gd_product product = {.kind = GRADUS_PRODUCT_NN,
                                .m = samples,
                                .n = out,
                                .k = in,
                                .a = inputs->data,
                                .b = weights->data,
                                .a_row = inputs->row_stride,
                                .b_row = weights->row_stride,
                                .take = take_outputs,
                                .argument = &f};
    status = gd_context_scratch(context, gd_product_scratch(context, &product), &scratch);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run_forward(&f, &product, scratch);
    gd_fp_leave(environment);
    return status;
}

/* ---- backward ---- */

typedef struct backward {
    gradus_context *context;
    gradus_activation activation;
    size_t samples, outputs;
    rows from, given; /* what the derivative is computed from; the gradients by the outputs */
    rows d, dx;
    gd_product to_inputs;
    gd_backward_weights to_parameters;
    bool wants_inputs;
} backward;

static void derive_rows(void *argument, size_t begin, size_t end) {
    const backward *b = argument;
    for (size_t row = begin; row < end; row++) {
        float *d = at(b->d, row, 0);
        memcpy(d, at(b->given, row, 0), b->outputs * sizeof *d);
        gd_activation_derivative(b->context, b->activation, at(b->from, row, 0), d, b->outputs);
    }
}

static void take_input_gradients(const void *argument, size_t row, size_t column, const float *r, size_t columns) {
    const backward *b = argument;
    memcpy(at(b->dx, row, column), r, columns * sizeof *r);
}

static GD_NOINLINE gradus_status run_backward(backward *b, void *scratch) {
    gradus_status status = GRADUS_OK;
    const double elements = (double)b->samples * (double)b->outputs;
    if (b->d.data != b->given.data && elements > 0) {
        const gd_phase phase = {derive_rows, b, b->samples, 8};
        status = gd_phases_run(b->context, &phase, 1, gd_work_nanoseconds(b->context, GD_FUNCTION * elements), 1);
    }
    if (status == GRADUS_OK && b->wants_inputs) status = gd_product_run(b->context, &b->to_inputs, scratch);
    if (status == GRADUS_OK && (b->to_parameters.weights_gradient.data || b->to_parameters.bias_gradient.data)) {
        gd_phase phases[GD_BACKWARD_WEIGHTS_PHASES];
        gd_backward_weights_phases(&b->to_parameters, phases);
        status = gd_phases_run(b->context, phases, GD_BACKWARD_WEIGHTS_PHASES,
                               gd_work_nanoseconds(b->context, 2.0 * elements * ((double)b->to_parameters.dense.inputs + 1.0)),
                               GD_BACKWARD_WEIGHTS_PHASES);
    }
    return status;
}

/* Checks, and the shape of W: `in` is 0 where nobody asks for it. */
static gradus_status check_backward(gradus_context *context, gradus_activation activation, const gradus_tensor *inputs, const gradus_tensor *weights,
                                    const gradus_tensor *preactivations, const gradus_tensor *outputs, const gradus_tensor *output_gradients,
                                    const gradus_tensor *input_gradients, const gradus_tensor *weight_gradients, const gradus_tensor *bias_gradients,
                                    gd_dense *dense) {
    static const char name[] = "gradus_dense_backward";
    const size_t samples = output_gradients ? output_gradients->rows : 0, out = output_gradients ? output_gradients->columns : 0;
    const size_t in = inputs ? inputs->columns : weights ? weights->rows : 0;
    gradus_status status = check_activation(context, activation, name);
    if (status != GRADUS_OK) return status;
    const bool from_input = gd_activation_from_input(activation);
    const expected list[] = {
        {"output_gradients", output_gradients, samples, out, true},
        {"inputs", inputs, samples, in, weight_gradients != NULL},
        {"weights", weights, in, out, input_gradients != NULL},
        {"preactivations", preactivations, samples, out, false},
        {"outputs", outputs, samples, out, activation != GRADUS_ACTIVATION_IDENTITY && !from_input},
        {"input_gradients", input_gradients, samples, in, false},
        {"weight_gradients", weight_gradients, in, out, false},
        {"bias_gradients", bias_gradients, 1, out, false},
    };
    if (from_input && !preactivations)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT,
                       "%s: preactivations must not be NULL: this activation's derivative is computed from them, not from the outputs", name);
    *dense = (gd_dense){in, out};
    return check_tensors(context, name, list, sizeof list / sizeof list[0]);
}

/* Lays out d behind what the products need, one after the other. */
static gradus_status lay_out(backward *b, void **scratch) {
    const size_t stride = gd_round_up(b->outputs, GD_ALIGNMENT / sizeof(float));
    const bool wants_weights = b->to_parameters.weights_gradient.data != NULL, derives = b->activation != GRADUS_ACTIVATION_IDENTITY;
    const size_t for_weights = wants_weights ? gd_backward_weights_scratch(b->to_parameters.dense, b->samples) : 0;
    const size_t for_inputs = b->wants_inputs ? gd_product_scratch(b->context, &b->to_inputs) : 0;
    size_t bytes, of_d = 0, all;
    if (!gd_size_multiply(for_weights, sizeof(float), &bytes) || (derives && !gd_size_multiply(b->samples, stride * sizeof(float), &of_d)) ||
        !gd_size_add(bytes > for_inputs ? bytes : for_inputs, of_d, &all))
        return gd_fail(b->context, GRADUS_OUT_OF_MEMORY, "gradus_dense_backward: the scratch for these shapes does not fit in memory");
    gradus_status status = gd_context_scratch(b->context, all, scratch);
    if (status != GRADUS_OK) return status;
    b->d = derives ? (rows){*scratch, (ptrdiff_t)stride} : b->given;
    *scratch = (char *)*scratch + of_d;
    b->to_inputs.a = b->to_parameters.d = b->d.data;
    b->to_inputs.a_row = b->d.stride;
    b->to_parameters.d_stride = (size_t)b->d.stride;
    b->to_parameters.strips = *scratch;
    if (b->samples == 0) b->to_parameters.x = b->to_parameters.d = *scratch; /* the caller's may have no address */
    return GRADUS_OK;
}

gradus_status gradus_dense_backward(gradus_context *context, gradus_activation activation, const gradus_tensor *inputs, const gradus_tensor *weights,
                                    const gradus_tensor *preactivations, const gradus_tensor *outputs, const gradus_tensor *output_gradients,
                                    const gradus_tensor *input_gradients, const gradus_tensor *weight_gradients,
                                    const gradus_tensor *bias_gradients) {
    static const int never = 0;
    gd_dense dense;
    void *scratch;
    gradus_status status = check_backward(context, activation, inputs, weights, preactivations, outputs, output_gradients, input_gradients,
                                          weight_gradients, bias_gradients, &dense);
    if (status != GRADUS_OK) return status;
    const size_t samples = output_gradients->rows;
    backward b = {.context = context,
                  .activation = activation,
                  .samples = samples,
                  .outputs = dense.outputs,
                  .from = rows_of(gd_activation_from_input(activation) ? preactivations : outputs),
                  .given = rows_of(output_gradients),
                  .dx = rows_of(input_gradients),
                  .wants_inputs = input_gradients != NULL};
    const rows x = rows_of(inputs), w = rows_of(weights);
    b.to_inputs = (gd_product){.kind = GRADUS_PRODUCT_NT,
                               .m = samples,
                               .n = dense.inputs,
                               .k = dense.outputs,
                               .b = w.data,
                               .b_row = w.stride,
                               .take = take_input_gradients,
                               .argument = &b};
    b.to_parameters = (gd_backward_weights){
        .context = context, .dense = dense, .x = x.data, .x_stride = (size_t)x.stride, .d_panel = GD_PANEL, .samples = samples, .skip = &never};
    if (weight_gradients) b.to_parameters.weights_gradient = *weight_gradients;
    if (bias_gradients) b.to_parameters.bias_gradient = *bias_gradients;
    status = lay_out(&b, &scratch);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run_backward(&b, scratch);
    gd_fp_leave(environment);
    return status;
}
