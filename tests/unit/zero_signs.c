/* The sign of zero is promised: sums whose every product underflows are -0, whatever they are cut into. Nobody adds a zero for a block, leaf or tile
 * that has nothing in it (docs/numerics.md, sections 3 and 4). */
#include "kernels/dispatch.h"
#include "kernels/ops.h"
#include "kernels/tree.h"
#include "nets.h"

enum { COUNT = 600 * 256 };

static float small_numbers[COUNT], minus_numbers[COUNT], result[COUNT];

/* small * minus is -1e-60, which rounds to -0, and -0 + -1e-60 does, too. */
static void prepare(void) {
    for (size_t i = 0; i < COUNT; i++) {
        small_numbers[i] = 1e-30f;
        minus_numbers[i] = -1e-30f;
        result[i] = 1.0f;
    }
}

static void check_minus_zeros(const float *x, size_t count, const char *what, size_t k) {
    for (size_t i = 0; i < count; i++) cr_assert_eq(test_float_bits(x[i]), 0x80000000u, "%s, k %zu: element %zu is %a", what, k, i, (double)x[i]);
}

/* k on both sides of whole blocks of 256. */
static const size_t depths[] = {1, 64, 255, 256, 257, 512, 513};
enum { DEPTHS = sizeof depths / sizeof depths[0] };

Test(zero_signs, products) {
    prepare();
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1);
        for (size_t d = 0; d < DEPTHS; d++) {
            const size_t k = depths[d], n = d % 2 ? 255 : 33; /* 255: one column less than the products' pieces */
            const gradus_tensor a = gradus_tensor_matrix(GRADUS_DTYPE_F32, small_numbers, 9, k);
            const gradus_tensor b = gradus_tensor_matrix(GRADUS_DTYPE_F32, minus_numbers, k, n);
            const gradus_tensor c = gradus_tensor_matrix(GRADUS_DTYPE_F32, result, 9, n);
            for (size_t j = 0; j < COUNT; j++) result[j] = 1.0f;
            cr_assert_eq(gradus_matrix_multiply(context, GRADUS_PRODUCT_NN, 1.0, &a, &b, 0.0, &c), GRADUS_OK);
            check_minus_zeros(result, 9 * n, runnable_isa(i), k);
            for (size_t j = 9 * n; j < COUNT; j++) cr_assert_eq(result[j], 1.0f, "n %zu: written behind C", n);
        }
        gradus_context_destroy(context);
    }
}

/* One layer, narrow or in panels, its bias -0. */
static gradus_net *minus_net(gradus_context *context, size_t inputs, size_t outputs) {
    static float zeros[40];
    const net_shape shape = shape_of(inputs, 1, &outputs, GRADUS_ACTIVATION_IDENTITY, GRADUS_ACTIVATION_IDENTITY);
    gradus_net *net = plain_net(context, &shape, 1);
    const gradus_tensor weights = gradus_tensor_matrix(GRADUS_DTYPE_F32, minus_numbers, inputs, outputs),
                        bias = gradus_tensor_vector(GRADUS_DTYPE_F32, zeros, outputs);
    for (size_t j = 0; j < outputs; j++) zeros[j] = -0.0f;
    cr_assert_eq(gradus_net_set(context, net, 0, &weights, &bias), GRADUS_OK);
    return net;
}

Test(zero_signs, a_layer_forward) {
    prepare();
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1);
        for (size_t d = 0; d < DEPTHS; d++)
            for (size_t outputs = 3; outputs <= 35; outputs += 32) {
                gradus_net *net = minus_net(context, depths[d], outputs);
                const gradus_tensor x = gradus_tensor_matrix(GRADUS_DTYPE_F32, small_numbers, 40, depths[d]),
                                    y = gradus_tensor_matrix(GRADUS_DTYPE_F32, result, 40, outputs);
                cr_assert_eq(gradus_net_predict(context, net, &x, &y), GRADUS_OK);
                check_minus_zeros(result, 40 * outputs, runnable_isa(i), depths[d]);
                gradus_net_destroy(context, net);
            }
        gradus_context_destroy(context);
    }
}

/* dW runs over samples, on both sides of whole leaves of 64: x*d is -0 with d = 2*(y - t)*s, t = 1e-30. */
Test(zero_signs, a_layers_gradient) {
    static const size_t samples[] = {1, 63, 64, 65, 128, 192, 256};
    prepare();
    for (size_t i = 0; runnable_isa(i); i++) {
        gradus_context *context = context_with(runnable_isa(i), 1);
        for (size_t s = 0; s < sizeof samples / sizeof samples[0]; s++)
            for (size_t outputs = 3; outputs <= 35; outputs += 32) {
                enum { INPUTS = 20 };
                float bias[35];
                double loss;
                gradus_net *net = minus_net(context, INPUTS, outputs);
                gradus_batch batch;
                gradus_batch_init(&batch);
                batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, small_numbers, samples[s], INPUTS);
                batch.targets = gradus_tensor_matrix(GRADUS_DTYPE_F32, small_numbers, samples[s], outputs);
                batch.samples = samples[s];
                const gradus_tensor gradients[] = {gradus_tensor_matrix(GRADUS_DTYPE_F32, result, INPUTS, outputs),
                                                   gradus_tensor_vector(GRADUS_DTYPE_F32, bias, outputs)};
                cr_assert_eq(gradus_net_loss_gradient(context, net, &batch, gradients, &loss), GRADUS_OK, "%s", gradus_context_message(context));
                check_minus_zeros(result, INPUTS * outputs, runnable_isa(i), samples[s]);
                gradus_net_destroy(context, net);
            }
        gradus_context_destroy(context);
    }
}

Test(zero_signs, nothing_is_plus_0) {
    gd_tree tree;
    memset(&tree, 0, sizeof tree);
    const double total = gd_tree_total(&tree);
    cr_assert(total == 0.0 && !signbit(total));
    for (size_t i = 0; gd_kernels_at(i); i++) {
        if (!gd_kernels_runnable(gd_kernels_at(i))) continue;
        cr_assert_eq(test_float_bits(gd_sum(gd_kernels_at(i), minus_numbers, 0)), 0);
        cr_assert_eq(test_float_bits(gd_dot(gd_kernels_at(i), minus_numbers, minus_numbers, 0)), 0);
    }
}

/* A row's maximum is the first of equal ones, of +0 and -0, too. */
Test(zero_signs, the_maximum_of_zeros) {
    const float rows[2][2] = {{-0.0f, 0.0f}, {0.0f, -0.0f}};
    for (size_t i = 0; gd_kernels_at(i); i++)
        for (int row = 0; gd_kernels_runnable(gd_kernels_at(i)) && row < 2; row++) {
            float y[2], maximum, sum;
            gd_kernels_at(i)->softmax(rows[row], y, 2, &maximum, &sum);
            cr_assert_eq(test_float_bits(maximum), test_float_bits(rows[row][0]), "%s", gd_kernels_at(i)->name);
        }
}
