/* A training loop of one's own. gradus gives the loss and its gradient on plain arrays and takes the step; what happens between is the program's: here the
 * gradient is measured, cut to a norm, and the learning rate halves whenever the loss has stopped falling. The net fits y = sin(3 x1) * x2. */
#include <math.h>
#include <stdio.h>

#include <gradus/gradus.h>

enum { SAMPLES = 256, HIDDEN = 32, PARAMETERS = 2 * HIDDEN + HIDDEN + HIDDEN + 1, TENSORS = 4, STEPS = 2000 };

/* The net's parameters and their gradient as one array each, and views of them: weights [in, out] and bias [1, out] of each layer. */
static float values[PARAMETERS], slopes[PARAMETERS];

static void view(float *array, gradus_tensor tensors[TENSORS]) {
    static const size_t rows[TENSORS] = {2, 1, HIDDEN, 1}, columns[TENSORS] = {HIDDEN, HIDDEN, 1, 1};
    for (int i = 0; i < TENSORS; array += rows[i] * columns[i], i++) tensors[i] = gradus_tensor_matrix(GRADUS_DTYPE_F32, array, rows[i], columns[i]);
}

static void make_samples(float inputs[SAMPLES][2], float targets[SAMPLES]) {
    for (int i = 0; i < SAMPLES; i++) {
        inputs[i][0] = (float)(i % 16) / 7.5f - 1.0f;
        inputs[i][1] = (float)(i / 16) / 7.5f - 1.0f;
        targets[i] = sinf(3.0f * inputs[i][0]) * inputs[i][1];
    }
}

static double norm(const float *x, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
    return sqrt(sum);
}

typedef struct rate {
    double now, best;
    int waited;
} rate;

/* Halves the learning rate after 100 steps without a loss lower than the best by a thousandth. */
static gradus_status adapt(gradus_context *context, gradus_optimizer *optimizer, rate *r, double loss) {
    r->waited++;
    if (loss < 0.999 * r->best) r->best = loss, r->waited = 0;
    if (r->waited < 100) return GRADUS_OK;
    r->now /= 2, r->waited = 0;
    return gradus_optimizer_set(context, optimizer, 0, GRADUS_LEARNING_RATE, r->now);
}

static gradus_status step(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_batch *batch, rate *r, double *loss) {
    gradus_tensor parameters[TENSORS], gradients[TENSORS];
    gradus_step_args args;
    view(values, parameters);
    view(slopes, gradients);
    gradus_status status = gradus_net_loss_gradient(context, net, batch, gradients, loss);
    gradus_step_args_init(&args);
    args.parameters = parameters;
    args.gradients = gradients;
    args.gradient_scale = fmin(1.0, 1.0 / norm(slopes, PARAMETERS)); /* a norm of at most 1 */
    if (status == GRADUS_OK) status = adapt(context, optimizer, r, *loss);
    if (status == GRADUS_OK) status = gradus_optimizer_step(context, optimizer, &args);
    for (size_t layer = 0; status == GRADUS_OK && layer < 2; layer++)
        status = gradus_net_set(context, net, layer, &parameters[2 * layer], &parameters[2 * layer + 1]);
    return status;
}

static gradus_status train(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, double *loss) {
    static float inputs[SAMPLES][2], targets[SAMPLES];
    gradus_tensor parameters[TENSORS];
    gradus_batch batch;
    rate r = {.now = 0.01, .best = HUGE_VAL};
    gradus_status status = GRADUS_OK;
    make_samples(inputs, targets);
    gradus_batch_init(&batch);
    batch.samples = SAMPLES;
    batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, inputs, SAMPLES, 2);
    batch.targets = gradus_tensor_matrix(GRADUS_DTYPE_F32, targets, SAMPLES, 1);
    view(values, parameters);
    for (size_t layer = 0; status == GRADUS_OK && layer < 2; layer++)
        status = gradus_net_get(context, net, layer, &parameters[2 * layer], &parameters[2 * layer + 1]);
    for (int i = 0; status == GRADUS_OK && i < STEPS; i++) status = step(context, net, optimizer, &batch, &r, loss);
    printf("loss %.6f after %d steps, learning rate %g\n", *loss, STEPS, r.now);
    return status;
}

int main(void) {
    const gradus_layer layers[] = {{HIDDEN, GRADUS_ACTIVATION_TANH, 0}, {1, GRADUS_ACTIVATION_IDENTITY, 0}};
    const gradus_parameter shapes[TENSORS] = {
        {"hidden.weight", 1, 2, HIDDEN, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}},
        {"hidden.bias", 1, 1, HIDDEN, GRADUS_ROLE_BIAS, GRADUS_AXIS_COLUMNS, 0, {0}},
        {"output.weight", 1, HIDDEN, 1, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}},
        {"output.bias", 1, 1, 1, GRADUS_ROLE_BIAS, GRADUS_AXIS_COLUMNS, 0, {0}},
    };
    gradus_context *context = NULL;
    gradus_net *net = NULL;
    gradus_optimizer *optimizer = NULL;
    gradus_net_config shape;
    gradus_optimizer_config adam;
    double loss = HUGE_VAL;
    gradus_net_config_init(&shape);
    shape.inputs = 2;
    shape.layers = layers;
    shape.layer_count = 2;
    shape.loss = GRADUS_LOSS_MSE;
    gradus_optimizer_config_init(&adam, GRADUS_OPTIMIZER_ADAM);
    adam.hyper_parameters[GRADUS_LEARNING_RATE] = 0.01;
    if (gradus_context_create(NULL, &context) != GRADUS_OK) return 1;
    gradus_status status = gradus_net_create(context, &shape, &net);
    if (status == GRADUS_OK) status = gradus_optimizer_create(context, &adam, shapes, TENSORS, &optimizer);
    if (status == GRADUS_OK) status = train(context, net, optimizer, &loss);
    if (status != GRADUS_OK) fprintf(stderr, "%s\n", gradus_context_message(context));
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    return status == GRADUS_OK && loss < 1e-3 ? 0 : 1;
}
