/* Dropout: bit for bit the net that is put together from layers and masks, masks drawn as docs/numerics.md says; where training uses it and prediction
 * does not; bad probabilities. */
#include "base/philox.h"
#include "nets.h"

/* The mask's factors of unit (row, column): 0 or s. */
static float factor(double probability, uint64_t seed, uint64_t step, uint32_t index, size_t row, size_t column, size_t columns) {
    const uint64_t element = (uint64_t)row * ((columns + 3) / 4 * 4) + column;
    const gd_stream stream = {seed, step, index * 16 + 1};
    return (double)gd_random_word(stream, element) < floor(probability * 4294967296.0) ? 0.0f : (float)(1.0 / (1.0 - probability));
}

/* y * factor; a dropped one is +0. */
static void drop_all(float *y, double probability, const gradus_batch *batch, uint32_t index, size_t columns) {
    for (size_t i = 0; probability > 0.0 && i < batch->samples; i++)
        for (size_t j = 0; j < columns; j++) {
            const float f = factor(probability, batch->seed, batch->step, index, i, j, columns);
            y[i * columns + j] = f == 0.0f ? 0.0f : y[i * columns + j] * f;
        }
}

typedef struct layer_values {
    float *z, *y, *dropped, *d; /* d: by the dropped outputs, then by the undropped ones */
    gradus_tensor zt, yt, dropped_t, dt;
} layer_values;

static gradus_tensor values_of(float **memory, size_t rows, size_t columns) {
    *memory = calloc(rows * columns, sizeof **memory);
    cr_assert_not_null(*memory);
    return gradus_tensor_matrix(GRADUS_DTYPE_F32, *memory, rows, columns);
}

/* The gradient and the loss of the net with dropout, from its layers: the last one is a net of its own. */
static void put_together(gradus_context *context, const net_shape *shape, const tensor_list *parameters, const sample_set *set,
                         const tensor_list *gradients, double *loss) {
    const size_t n = set->batch.samples, last = shape->layers - 1;
    layer_values v[MOST_LAYERS];
    float *inputs;
    gradus_tensor x = values_of(&inputs, n, shape->inputs);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < shape->inputs; j++) inputs[i * shape->inputs + j] = set->floats[i * (size_t)set->batch.inputs.row_stride + j];
    drop_all(inputs, shape->input_dropout, &set->batch, 65536, shape->inputs);
    for (size_t l = 0; l < last; l++) {
        const size_t columns = shape->outputs[l];
        v[l].zt = values_of(&v[l].z, n, columns);
        v[l].yt = values_of(&v[l].y, n, columns);
        v[l].dropped_t = values_of(&v[l].dropped, n, columns);
        v[l].dt = values_of(&v[l].d, n, columns);
        cr_assert_eq(gradus_dense_forward(context, shape->activations[l], l ? &v[l - 1].dropped_t : &x, &parameters->tensors[2 * l],
                                          &parameters->tensors[2 * l + 1], &v[l].zt, &v[l].yt),
                     GRADUS_OK);
        memcpy(v[l].dropped, v[l].y, n * columns * sizeof(float));
        drop_all(v[l].dropped, shape->dropout[l], &set->batch, (uint32_t)l, columns);
    }
    /* The last layer by the net's own loss; its gradient by its inputs with an identity layer's weights: dX of d, which a bias gradient of one sample
     * at a time gives. */
    net_shape end = shape_of(last ? shape->outputs[last - 1] : shape->inputs, 1, &shape->outputs[last], 0, shape->activations[last]);
    end.loss = shape->loss;
    gradus_net *net = plain_net(context, &end, 1);
    cr_assert_eq(gradus_net_set(context, net, 0, &parameters->tensors[2 * last], &parameters->tensors[2 * last + 1]), GRADUS_OK);
    gradus_batch batch = set->batch;
    batch.inputs = last ? v[last - 1].dropped_t : x;
    cr_assert_eq(gradus_net_loss_gradient(context, net, &batch, &gradients->tensors[2 * last], loss), GRADUS_OK);
    float *d;
    const gradus_tensor dt = values_of(&d, n, shape->outputs[last]);
    for (size_t i = 0; i < n; i++) { /* mse and identity: d = (2 e)*s */
        float *y = d + i * shape->outputs[last];
        const gradus_tensor row =
            gradus_tensor_matrix(GRADUS_DTYPE_F32, (float *)batch.inputs.data + i * batch.inputs.columns, 1, batch.inputs.columns);
        const gradus_tensor out = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, 1, shape->outputs[last]);
        cr_assert_eq(gradus_net_predict(context, net, &row, &out), GRADUS_OK);
        for (size_t j = 0; j < shape->outputs[last]; j++) {
            const float t = set->targets[i * (size_t)set->batch.targets.row_stride + j];
            y[j] = (2.0f * (y[j] - t)) * (float)(1.0 / ((double)n * (double)shape->outputs[last]));
        }
    }
    for (size_t l = last; l-- > 0;) {
        const size_t columns = shape->outputs[l];
        cr_assert_eq(gradus_dense_backward(context, l + 1 == last ? shape->activations[last] : shape->activations[l + 1], &v[l].dropped_t,
                                           &parameters->tensors[2 * l + 2], l + 1 < last ? &v[l + 1].zt : NULL, l + 1 < last ? &v[l + 1].yt : NULL,
                                           l + 1 == last ? &dt : &v[l + 1].dt, &v[l].dt, NULL, NULL),
                     GRADUS_OK);
        drop_all(v[l].d, shape->dropout[l], &set->batch, (uint32_t)l, columns);
        cr_assert_eq(gradus_dense_backward(context, shape->activations[l], l ? &v[l - 1].dropped_t : &x, &parameters->tensors[2 * l], &v[l].zt,
                                           &v[l].yt, &v[l].dt, NULL, &gradients->tensors[2 * l], &gradients->tensors[2 * l + 1]),
                     GRADUS_OK);
    }
    for (size_t l = 0; l < last; l++) {
        free(v[l].z);
        free(v[l].y);
        free(v[l].dropped);
        free(v[l].d);
    }
    free(inputs);
    free(d);
    gradus_net_destroy(context, net);
}

static void check_shape(gradus_context *context, const net_shape *shape, size_t samples) {
    gradus_net *net = make_net(context, shape, 5);
    sample_set set = make_samples(shape, samples, ROWS_STRIDED, samples);
    tensor_list parameters, wanted, found;
    double expected, loss;
    list_make(&parameters, shape, 0);
    list_make(&wanted, shape, 3);
    list_make(&found, shape, 3);
    list_get(context, net, &parameters);
    set.batch.seed = 0x123456789abcdef0;
    set.batch.step = 0x100000007;
    set.batch.flags = GRADUS_BATCH_DROPOUT;
    put_together(context, shape, &parameters, &set, &wanted, &expected);
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, found.tensors, &loss), GRADUS_OK);
    cr_assert(test_double_bits(loss) == test_double_bits(expected), "%zu inputs, %zu samples: %a, not %a", shape->inputs, samples, loss, expected);
    cr_assert(lists_equal(&wanted, &found), "%zu inputs, activation %d, %zu samples", shape->inputs, shape->activations[0], samples);
    list_free(&parameters);
    list_free(&wanted);
    list_free(&found);
    free_samples(&set);
    gradus_net_destroy(context, net);
}

static net_shape with_dropout(size_t inputs, size_t layers, const size_t *outputs, gradus_activation hidden, double inputs_drop, double hidden_drop) {
    net_shape shape = shape_of(inputs, layers, outputs, hidden, GRADUS_ACTIVATION_IDENTITY);
    shape.input_dropout = inputs_drop;
    for (size_t l = 0; l + 1 < layers; l++) shape.dropout[l] = hidden_drop;
    return shape;
}

static void check_all(gradus_context *context) {
    for (gradus_activation a = 1; gradus_activation_name(a); a++) {
        if (a == GRADUS_ACTIVATION_SOFTMAX) continue;
        const net_shape wide = with_dropout(5, 3, (const size_t[]){35, 66, 3}, a, 0.2, 0.4),
                        narrow = with_dropout(19, 3, (const size_t[]){7, 1, 2}, a, 0.0, 0.5);
        check_shape(context, &wide, 70);
        check_shape(context, &narrow, 65);
        check_shape(context, &wide, 3);
    }
    static const size_t widths[] = {1, 3, 4, 5, 16, 17, 31, 32, 33, 64, 65};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        const net_shape shape = with_dropout(widths[i], 2, (const size_t[]){widths[i], 2}, GRADUS_ACTIVATION_TANH, 0.5, 0.25);
        check_shape(context, &shape, 1);
        check_shape(context, &shape, 130);
    }
}

Test(dropout, the_net_of_layers_and_masks) {
    gradus_context *context = context_with(NULL, 1);
    check_all(context);
    gradus_context_destroy(context);
}

Test(dropout, the_same_with_threads_and_every_instruction_set) {
    const char *isa;
    gd_phases_test_mode(1);
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++) {
        gradus_context *context = context_with(isa, 2);
        check_all(context);
        gradus_context_destroy(context);
    }
}

/* Steps draw by seed and step; evaluation, prediction and the plain loss gradient are those of the net without dropout. */
Test(dropout, training_only) {
    enum { SAMPLES = 40 };
    gradus_context *context = context_with(NULL, 1);
    const net_shape shape = with_dropout(9, 2, (const size_t[]){33, 2}, GRADUS_ACTIVATION_RELU, 0.0, 0.5);
    net_shape plain = shape;
    plain.dropout[0] = 0.0;
    sample_set set = make_samples(&shape, SAMPLES, 0, 3);
    char digests[4][DIGEST];
    double losses[4], plain_loss;
    for (size_t i = 0; i < 4; i++) { /* 3: seed and step of 0 again */
        gradus_net *net = make_net(context, &shape, 5), *other = make_net(context, &plain, 5);
        gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
        gradus_evaluation evaluations[2];
        float outputs[2][SAMPLES * 2];
        set.batch.seed = i == 1;
        set.batch.step = i == 2;
        for (int k = 0; k < 2; k++) {
            const gradus_tensor out = gradus_tensor_matrix(GRADUS_DTYPE_F32, outputs[k], SAMPLES, 2);
            gradus_evaluation_init(&evaluations[k]);
            cr_assert_eq(gradus_net_evaluate(context, k ? other : net, &set.batch, &evaluations[k]), GRADUS_OK);
            cr_assert_eq(gradus_net_predict(context, k ? other : net, &set.batch.inputs, &out), GRADUS_OK);
        }
        cr_assert(memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0 && evaluations[0].loss == evaluations[1].loss);
        cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, NULL, &plain_loss), GRADUS_OK);
        cr_assert_eq(plain_loss, evaluations[1].loss);
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &losses[i]), GRADUS_OK);
        cr_assert_neq(losses[i], plain_loss);
        digest_of(context, net, digests[i]);
        gradus_optimizer_destroy(context, optimizer);
        gradus_net_destroy(context, net);
        gradus_net_destroy(context, other);
    }
    for (size_t i = 1; i < 3; i++) cr_assert(losses[i] != losses[0] && strcmp(digests[i], digests[0]) != 0);
    cr_assert(losses[3] == losses[0] && strcmp(digests[3], digests[0]) == 0);
    free_samples(&set);
    gradus_context_destroy(context);
}

/* A change between steps takes effect, though the plan stays in the scratch; without dropout again the bits are those of a net that never had any. */
Test(dropout, changed_between_steps) {
    gradus_context *context = context_with(NULL, 1);
    const net_shape shape = with_dropout(9, 2, (const size_t[]){20, 2}, GRADUS_ACTIVATION_TANH, 0.0, 0.0);
    const double some[] = {0.5, 0.0};
    gradus_net *net = make_net(context, &shape, 5);
    sample_set set = make_samples(&shape, 33, 0, 3);
    gradus_optimizer *optimizer = make_optimizer(context, net, "sgd:lr=0");
    double losses[5];
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(gradus_net_set_dropout(context, net, i == 3 ? 0.5 : 0.0, i % 2 ? some : NULL), GRADUS_OK);
        cr_assert_eq(gradus_net_dropout(net, 0), i % 2 ? 0.5 : 0.0);
        cr_assert_eq(gradus_net_input_dropout(net), i == 3 ? 0.5 : 0.0);
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &losses[i]), GRADUS_OK);
    }
    cr_assert(losses[0] == losses[2] && losses[0] == losses[4] && losses[1] != losses[0] && losses[3] != losses[0] && losses[3] != losses[1]);
    cr_assert_eq(gradus_net_dropout(net, 9), 0.0);
    gradus_optimizer_destroy(context, optimizer);
    free_samples(&set);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(dropout, what_is_refused) {
    gradus_context *context = context_with(NULL, 1);
    net_shape shape = with_dropout(3, 2, (const size_t[]){4, 2}, GRADUS_ACTIVATION_TANH, 0.0, 0.25);
    static const double bad[] = {-0.1, 1.0, 1.5, NAN, INFINITY};
    gradus_net *net = make_net(context, &shape, 5), *other;
    gradus_layer layers[MOST_LAYERS];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const double hidden[] = {bad[i], 0.0};
        cr_assert_eq(gradus_net_set_dropout(context, net, bad[i], NULL), GRADUS_INVALID_ARGUMENT);
        cr_assert(says(context, "dropout of the inputs"));
        cr_assert_eq(gradus_net_set_dropout(context, net, 0.5, hidden), GRADUS_INVALID_ARGUMENT);
        cr_assert(says(context, "dropout of layer 0") && says(context, "expected a probability from 0 to under 1"));
        cr_assert(gradus_net_dropout(net, 0) == 0.25 && gradus_net_input_dropout(net) == 0.0);
        shape.dropout[0] = bad[i];
        const gradus_net_config config = net_config_of(&shape, layers, 1);
        cr_assert_eq(gradus_net_create(context, &config, &other), GRADUS_INVALID_ARGUMENT);
    }
    const double last[] = {0.0, 0.5};
    cr_assert_eq(gradus_net_set_dropout(context, net, 0.0, last), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "last layer's dropout is 0.5"));
    cr_assert_eq(gradus_net_set_dropout(context, NULL, 0.0, NULL), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_set_dropout(NULL, net, 0.0, NULL), GRADUS_INVALID_ARGUMENT);
    sample_set set = make_samples(&shape, 2, 0, 1);
    double loss;
    set.batch.flags = 2;
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, NULL, &loss), GRADUS_UNSUPPORTED);
    free_samples(&set);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

/* As many as the probability says, each unit as often as any other. */
Test(dropout, frequencies) {
    enum { ROWS = 4000, UNITS = 10 };
    size_t dropped = 0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < UNITS; j++) dropped += factor(0.3, 1, 2, 0, i, j, UNITS) == 0.0f;
    cr_assert(fabs((double)dropped / (ROWS * UNITS) - 0.3) < 4.0 * sqrt(0.3 * 0.7 / (ROWS * UNITS)));
}
