/* links: oracle
 * Whole nets, bit by bit, against the contract written as plain C (tests/reference): what panels, strips, tiles and threads make of the products must
 * be what docs/numerics.md says, on every instruction set. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradus/gradus.h>

#include "base/philox.h"
#include "reference/reference.h"

enum { MOST_LAYERS = 4, MOST_WIDTH = 320, MOST_SAMPLES = 400 };

typedef struct shape {
    size_t samples, inputs, layers;
    gradus_layer layer[MOST_LAYERS];
    gradus_loss loss;
    bool numbers; /* as targets; else classes */
    double label_smoothing;
} shape;

/* Everything the reference keeps of a net: parameters, activations, gradients. */
typedef struct plain {
    float *weights[MOST_LAYERS], *bias[MOST_LAYERS], *sums[MOST_LAYERS + 1], *values[MOST_LAYERS + 1], *d[MOST_LAYERS + 1],
        *weights_gradient[MOST_LAYERS], *bias_gradient[MOST_LAYERS];
    float *targets;
    uint8_t labels[MOST_SAMPLES];
} plain;

static float *numbers(size_t n, uint64_t seed, float scale) {
    float *x = calloc(n ? n : 1, sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = (gd_uniform(gd_random_word(gd_stream_make(seed, 0, 0, GD_PURPOSE_NOISE), i)) - 0.5f) * scale;
    return x;
}

static size_t inputs_of(const shape *s, size_t l) { return l == 0 ? s->inputs : s->layer[l - 1].outputs; }

static bool from_logits(gradus_loss loss) { return loss == GRADUS_LOSS_CROSS_ENTROPY || loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY; }

static plain make_plain(const shape *s) {
    plain p;
    memset(&p, 0, sizeof p);
    p.values[0] = numbers(s->samples * s->inputs, 1, 4.0f);
    for (size_t l = 0; l < s->layers; l++) {
        const size_t in = inputs_of(s, l), out = s->layer[l].outputs;
        p.weights[l] = numbers(in * out, 10 + l, 4.0f / sqrtf((float)in));
        p.bias[l] = numbers(out, 20 + l, 1.0f);
        p.sums[l + 1] = numbers(s->samples * out, 0, 0.0f);
        p.values[l + 1] = numbers(s->samples * out, 0, 0.0f);
        p.weights_gradient[l] = numbers(in * out, 0, 0.0f);
        p.bias_gradient[l] = numbers(out, 0, 0.0f);
    }
    for (size_t l = 0; l <= s->layers; l++) p.d[l] = numbers(s->samples * (l == 0 ? s->inputs : s->layer[l - 1].outputs), 0, 0.0f);
    const size_t outputs = s->layer[s->layers - 1].outputs, classes = outputs == 1 && s->loss != GRADUS_LOSS_CROSS_ENTROPY ? 2 : outputs;
    p.targets = numbers(s->samples * outputs, 30, 2.0f);
    for (size_t i = 0; from_logits(s->loss) && i < s->samples * outputs; i++) p.targets[i] = i % 5 == 0 ? 0.0f : fabsf(p.targets[i]);
    for (size_t i = 0; i < s->samples; i++) p.labels[i] = (uint8_t)(gd_random_word(gd_stream_make(40, 0, 0, GD_PURPOSE_NOISE), i) % classes);
    return p;
}

static void free_plain(const shape *s, plain *p) {
    for (size_t l = 0; l < s->layers; l++) {
        free(p->weights[l]);
        free(p->bias[l]);
        free(p->weights_gradient[l]);
        free(p->bias_gradient[l]);
    }
    for (size_t l = 0; l <= s->layers; l++) {
        free(p->sums[l]);
        free(p->values[l]);
        free(p->d[l]);
    }
    free(p->targets);
}

/* The reference's forward and backward; returns the mean loss. */
static double run_plain(const shape *s, plain *p) {
    const size_t last = s->layers - 1, outputs = s->layer[last].outputs;
    for (size_t l = 0; l < s->layers; l++)
        gd_reference_forward(p->values[l], p->weights[l], p->bias[l], s->samples, inputs_of(s, l), s->layer[l].outputs, s->layer[l].activation,
                             p->sums[l + 1], p->values[l + 1]);
    const float *x = from_logits(s->loss) ? p->sums[s->layers] : p->values[s->layers];
    const double loss =
        gd_reference_loss(s->loss, s->label_smoothing, x, s->numbers ? p->targets : NULL, p->labels, s->samples, outputs, p->d[s->layers]);
    if (!from_logits(s->loss))
        gd_reference_layer_derivative(p->sums[s->layers], p->values[s->layers], s->samples, outputs, s->layer[last].activation, p->d[s->layers]);
    for (size_t l = s->layers; l-- > 0;) {
        gd_reference_backward_weights(p->values[l], p->d[l + 1], s->samples, inputs_of(s, l), s->layer[l].outputs, p->weights_gradient[l],
                                      p->bias_gradient[l]);
        if (l == 0) break;
        gd_reference_backward_inputs(p->d[l + 1], p->weights[l], s->samples, inputs_of(s, l), s->layer[l].outputs, p->d[l]);
        gd_reference_layer_derivative(p->sums[l], p->values[l], s->samples, inputs_of(s, l), s->layer[l - 1].activation, p->d[l]);
    }
    return loss;
}

static void same(const float *got, const float *want, size_t n, const char *isa, const char *what, size_t layer) {
    for (size_t i = 0; i < n; i++)
        cr_assert(memcmp(&got[i], &want[i], sizeof *got) == 0, "%s: %s of layer %zu, element %zu: %a, not %a", isa, what, layer, i, (double)got[i],
                  (double)want[i]);
}

static gradus_net *make_net(gradus_context *context, const shape *s, const plain *p) {
    gradus_net *net;
    gradus_net_config config;
    gradus_net_config_init(&config);
    config.inputs = s->inputs;
    config.layers = s->layer;
    config.layer_count = s->layers;
    config.loss = s->loss;
    config.label_smoothing = s->label_smoothing;
    cr_assert(gradus_net_create(context, &config, &net) == GRADUS_OK, "%s", gradus_context_message(context));
    for (size_t l = 0; l < s->layers; l++) {
        const gradus_tensor weights = gradus_tensor_matrix(GRADUS_DTYPE_F32, p->weights[l], inputs_of(s, l), s->layer[l].outputs);
        const gradus_tensor bias = gradus_tensor_vector(GRADUS_DTYPE_F32, p->bias[l], s->layer[l].outputs);
        cr_assert(gradus_net_set(context, net, l, &weights, &bias) == GRADUS_OK, "%s", gradus_context_message(context));
    }
    return net;
}

static void compare_gradients(gradus_context *context, const gradus_net *net, const shape *s, plain *p, double expected, const char *isa) {
    const size_t outputs = s->layer[s->layers - 1].outputs;
    gradus_tensor gradients[2 * MOST_LAYERS];
    gradus_batch batch;
    double loss;
    gradus_batch_init(&batch);
    batch.samples = s->samples;
    batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, p->values[0], s->samples, s->inputs);
    batch.targets = s->numbers ? gradus_tensor_matrix(GRADUS_DTYPE_F32, p->targets, s->samples, outputs)
                               : gradus_tensor_vector(GRADUS_DTYPE_U8, p->labels, s->samples);
    for (size_t l = 0; l < s->layers; l++) {
        gradients[2 * l] =
            gradus_tensor_matrix(GRADUS_DTYPE_F32, numbers(inputs_of(s, l) * s->layer[l].outputs, 0, 0.0f), inputs_of(s, l), s->layer[l].outputs);
        gradients[2 * l + 1] = gradus_tensor_vector(GRADUS_DTYPE_F32, numbers(s->layer[l].outputs, 0, 0.0f), s->layer[l].outputs);
    }
    cr_assert(gradus_net_loss_gradient(context, net, &batch, gradients, &loss) == GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert(memcmp(&loss, &expected, sizeof loss) == 0, "%s: the loss is %a, not %a", isa, loss, expected);
    for (size_t l = 0; l < s->layers; l++) {
        same(gradients[2 * l].data, p->weights_gradient[l], inputs_of(s, l) * s->layer[l].outputs, isa, "weights gradient", l);
        same(gradients[2 * l + 1].data, p->bias_gradient[l], s->layer[l].outputs, isa, "bias gradient", l);
        free(gradients[2 * l].data);
        free(gradients[2 * l + 1].data);
    }
}

static void compare_outputs(gradus_context *context, const gradus_net *net, const shape *s, const plain *p, const char *isa) {
    const size_t outputs = s->layer[s->layers - 1].outputs;
    float *got = numbers(s->samples * outputs, 0, 0.0f);
    const gradus_tensor in = gradus_tensor_matrix(GRADUS_DTYPE_F32, p->values[0], s->samples, s->inputs);
    const gradus_tensor out = gradus_tensor_matrix(GRADUS_DTYPE_F32, got, s->samples, outputs);
    cr_assert(gradus_net_predict(context, net, &in, &out) == GRADUS_OK, "%s", gradus_context_message(context));
    same(got, p->values[s->layers], s->samples * outputs, isa, "outputs", s->layers - 1);
    free(got);
}

static void compare(const shape *s) {
    plain p = make_plain(s);
    const double loss = run_plain(s, &p);
    const char *isa;
    int runnable;
    for (size_t i = 0; (isa = gradus_isa_name(i, &runnable, NULL)) != NULL; i++) {
        gradus_context *context;
        gradus_context_config config;
        if (!runnable) continue;
        gradus_context_config_init(&config);
        config.isa = isa;
        config.threads = 3;
        cr_assert(gradus_context_create(&config, &context) == GRADUS_OK);
        gradus_net *net = make_net(context, s, &p);
        compare_outputs(context, net, s, &p, isa);
        compare_gradients(context, net, s, &p, loss, isa);
        gradus_net_destroy(context, net);
        gradus_context_destroy(context);
    }
    free_plain(s, &p);
}

#define RELU GRADUS_ACTIVATION_RELU
#define TANH GRADUS_ACTIVATION_TANH
#define SIGMOID GRADUS_ACTIVATION_SIGMOID
#define IDENTITY GRADUS_ACTIVATION_IDENTITY
#define SOFTMAX GRADUS_ACTIVATION_SOFTMAX

/* k-blocks of 256 cross in forward (inputs) and dX (outputs), panels are full, half and ragged, leaves are one, several, 2^k and not. */
Test(contract, wide_layers_and_several_k_blocks) {
    compare(&(shape){130, 300, 3, {{260, RELU, 0}, {33, TANH, 0}, {17, SOFTMAX, 0}}, GRADUS_LOSS_CROSS_ENTROPY, false, 0.0});
    compare(&(shape){7, 257, 2, {{320, SIGMOID, 0}, {48, IDENTITY, 0}}, GRADUS_LOSS_MSE, true, 0.0});
}

Test(contract, narrow_layers) {
    compare(&(shape){65, 300, 3, {{16, TANH, 0}, {10, SIGMOID, 0}, {3, SOFTMAX, 0}}, GRADUS_LOSS_CROSS_ENTROPY, false, 0.0});
    compare(&(shape){200, 5, 4, {{1, IDENTITY, 0}, {2, RELU, 0}, {40, TANH, 0}, {1, SIGMOID, 0}}, GRADUS_LOSS_MSE, true, 0.0});
}

/* 1 to 7 leaves: 3, 5, 6 and 7 distinguish ways to finish the tree. */
Test(contract, any_number_of_leaves) {
    for (size_t samples = 1; samples <= MOST_SAMPLES; samples += samples < 64 ? 21 : 56)
        compare(&(shape){samples, 20, 2, {{18, RELU, 0}, {10, SOFTMAX, 0}}, GRADUS_LOSS_CROSS_ENTROPY, false, 0.0});
}

/* Every activation as a hidden and as the last layer, with every loss that takes it, wide and narrow, with numbers and with classes. */
Test(contract, every_activation_and_loss) {
    size_t width = 0;
    for (gradus_activation a = 1; gradus_activation_name(a); a++)
        for (gradus_loss loss = 1; gradus_loss_name(loss); loss++) {
            static const size_t widths[] = {1, 3, 16, 17, 33, 48};
            const gradus_activation last = loss == GRADUS_LOSS_CROSS_ENTROPY ? SOFTMAX : loss == GRADUS_LOSS_BINARY_CROSS_ENTROPY ? SIGMOID : a;
            const size_t outputs = widths[width++ % 6], hidden = widths[width % 6];
            shape s = {67, 19, 2, {{hidden, a == SOFTMAX ? TANH : a, 0}, {outputs, last, 0}}, loss, width % 2 == 0, 0.0};
            compare(&s);
            s.numbers = !s.numbers;
            if (loss == GRADUS_LOSS_CROSS_ENTROPY) s.label_smoothing = 0.1;
            compare(&s);
        }
}
