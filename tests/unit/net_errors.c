/* Nets asked for what cannot be done: the status, a message with the numbers, and nothing changed. */
#include <stdio.h>

#include "nets.h"

static const size_t outputs[] = {18, 4};

static net_shape shape_here(void) { return shape_of(7, 2, outputs, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX); }

static const char *const optimizers[] = {"sgd:lr=0.1", "momentum:lr=0.1", "adam:lr=0.01"};

/* -- a loss that is not finite, and an interruption: as if the call had never been made -- */

typedef enum { UNDISTURBED, BAD_BATCHES, INTERRUPTED } disturbance;

static void disturb(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, sample_set *set, disturbance kind) {
    double loss = 0.0;
    if (kind == BAD_BATCHES) {
        const float kept = set->floats[3];
        set->floats[3] = NAN;
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set->batch, &loss), GRADUS_NOT_FINITE);
        cr_assert(isnan(loss) && says(context, "nan"), "%s", gradus_context_message(context));
        set->floats[3] = INFINITY;
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set->batch, &loss), GRADUS_NOT_FINITE);
        cr_assert_not(isfinite(loss));
        set->floats[3] = kept;
    }
    if (kind == INTERRUPTED) {
        gradus_interrupt(context);
        gradus_interrupt(context);
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set->batch, &loss), GRADUS_INTERRUPTED);
        cr_assert(gradus_context_message(context)[0] != 0);
    }
}

static void run(const char *optimizer_text, disturbance kind, char digest[DIGEST]) {
    const net_shape shape = shape_here();
    gradus_context *context = context_of(3);
    gradus_net *net = make_net(context, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, optimizer_text);
    char before[DIGEST], after[DIGEST];
    for (uint64_t step = 0; step < 4; step++) {
        sample_set set = make_samples(&shape, 100, 0, step);
        double loss;
        uint64_t taken;
        digest_of(context, net, before);
        disturb(context, net, optimizer, &set, kind);
        digest_of(context, net, after);
        cr_assert_str_eq(before, after);
        for (size_t i = 0; i < 4; i++) {
            cr_assert_eq(gradus_optimizer_steps(context, optimizer, i, &taken), GRADUS_OK);
            cr_assert_eq(taken, step);
        }
        cr_assert_eq(gradus_net_step(context, net, optimizer, &set.batch, &loss), GRADUS_OK, "%s", gradus_context_message(context));
        free_samples(&set);
    }
    digest_of(context, net, digest);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(net_errors, a_failed_step_changes_nothing) {
    for (int mode = 0; mode <= 1; mode++)
        for (size_t o = 0; o < 3; o++) {
            char wanted[DIGEST], found[DIGEST];
            gd_phases_test_mode(mode);
            run(optimizers[o], UNDISTURBED, wanted);
            run(optimizers[o], BAD_BATCHES, found);
            cr_assert_str_eq(found, wanted, "%s, mode %d: a batch with NaN left traces", optimizers[o], mode);
            run(optimizers[o], INTERRUPTED, found);
            cr_assert_str_eq(found, wanted, "%s, mode %d: an interrupted step left traces", optimizers[o], mode);
        }
}

/* The request is sticky until a call returns INTERRUPTED; every call that computes honours it, once. */
Test(net_errors, interruptions) {
    const net_shape shape = shape_here();
    gradus_context *context = context_of(2);
    gradus_net *net = make_net(context, &shape, 1);
    sample_set set = make_samples(&shape, 70, 0, 1);
    tensor_list gradients;
    float y[70 * 4];
    const gradus_tensor predictions = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, 70, 4);
    gradus_evaluation evaluation;
    double loss;
    char digest[DIGEST];
    list_make(&gradients, &shape, 0);
    gradus_evaluation_init(&evaluation);
    evaluation.loss = 42.0;
    for (int mode = 0; mode <= 1; mode++) {
        gd_phases_test_mode(mode);
        gradus_interrupt(context);
        digest_of(context, net, digest);
        cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &predictions), GRADUS_INTERRUPTED);
        cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &predictions), GRADUS_OK);
        gradus_interrupt(context);
        cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, gradients.tensors, &loss), GRADUS_INTERRUPTED);
        cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, gradients.tensors, &loss), GRADUS_OK);
        gradus_interrupt(context);
        cr_assert_eq(gradus_net_evaluate(context, net, &set.batch, &evaluation), GRADUS_INTERRUPTED);
        if (mode == 0) cr_assert_eq(evaluation.loss, 42.0);
        cr_assert_eq(gradus_net_evaluate(context, net, &set.batch, &evaluation), GRADUS_OK);
    }
    list_free(&gradients);
    free_samples(&set);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

/* -- batches -- */

typedef struct batch_case {
    gradus_status status;
    const char *message[2]; /* what it must say, besides the function's name */
} batch_case;

static gradus_status call(gradus_context *context, const char *function, gradus_net *net, gradus_optimizer *optimizer, const gradus_batch *batch) {
    double loss;
    gradus_evaluation evaluation;
    gradus_evaluation_init(&evaluation);
    if (strcmp(function, "gradus_net_step") == 0) return gradus_net_step(context, net, optimizer, batch, &loss);
    if (strcmp(function, "gradus_net_evaluate") == 0) return gradus_net_evaluate(context, net, batch, &evaluation);
    return gradus_net_loss_gradient(context, net, batch, NULL, &loss);
}

static void refused(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_batch *batch, batch_case expected) {
    static const char *const functions[] = {"gradus_net_step", "gradus_net_evaluate", "gradus_net_loss_gradient"};
    for (int f = 0; f < 3; f++) {
        const gradus_status status = call(context, functions[f], net, optimizer, batch);
        cr_assert_eq(status, expected.status, "%s: %s, expected %s: %s", functions[f], gradus_status_name(status),
                     gradus_status_name(expected.status), gradus_context_message(context));
        for (int m = 0; m < 2; m++)
            cr_assert(!expected.message[m] || says(context, expected.message[m]), "%s: '%s' does not say '%s'", functions[f],
                      gradus_context_message(context), expected.message[m]);
    }
}

Test(net_errors, batches) {
    const net_shape shape = shape_here();
    gradus_context *context = context_of(1);
    gradus_net *net = make_net(context, &shape, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "sgd");
    sample_set set = make_samples(&shape, 11, LABELS_I32, 1);
    gradus_batch b;
    const batch_case invalid = {GRADUS_INVALID_ARGUMENT, {NULL, NULL}}, unsupported = {GRADUS_UNSUPPORTED, {NULL, NULL}};
#define REFUSED(EXPECTED, ...) \
    do { \
        b = set.batch; \
        __VA_ARGS__; \
        refused(context, net, optimizer, &b, EXPECTED); \
    } while (0)
    refused(context, net, optimizer, NULL, invalid);
    REFUSED(invalid, b.struct_size = 0);
    REFUSED(invalid, b.struct_size = 1 << 30);
    REFUSED(invalid, b.samples = 0);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"12", "11"}}), b.samples = 12);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"6", "7"}}), b.inputs.columns = 6);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"row_stride 3", "7"}}), b.inputs.row_stride = 3);
    REFUSED(invalid, b.inputs.row_stride = -7);
    REFUSED(invalid, b.inputs.data = NULL);
    REFUSED(invalid, b.inputs.flags = 1);
    REFUSED(invalid, b.inputs.reserved = 1);
    REFUSED(invalid, b.inputs.batch = 2);
    REFUSED(invalid, b.inputs.row_stride = PTRDIFF_MAX);
    REFUSED(((batch_case){GRADUS_UNSUPPORTED, {"2", "U8"}}), b.inputs.dtype = GRADUS_DTYPE_F64);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"99", NULL}}), b.inputs.dtype = 99);
    REFUSED(invalid, b.targets.data = NULL);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"11", "10"}}), b.targets.columns = 10);
    REFUSED(((batch_case){GRADUS_UNSUPPORTED, {"2", "I32"}}), b.targets.dtype = GRADUS_DTYPE_F64);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"1 x 11", "11 x 4"}}), b.targets.dtype = GRADUS_DTYPE_F32);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"first is 1", "0 or 64"}}), b.first = 1; b.total = 12);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"11 samples", "at least 22"}}), b.total = 22);
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"11 samples", "total of 10"}}), b.total = 10);
    REFUSED(unsupported, b.flags = 4);
    REFUSED(unsupported, b.reserved = 1);
    set.labels_i32[9] = 4;
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"target 9 is class 4", "0 to 3"}}), (void)0);
    set.labels_i32[9] = -1;
    REFUSED(((batch_case){GRADUS_INVALID_ARGUMENT, {"target 9 is class -1", "0 to 3"}}), (void)0);
#undef REFUSED
    set.labels_i32[9] = 3;
    set.batch.total = 11;
    cr_assert_eq(call(context, "gradus_net_step", net, optimizer, &set.batch), GRADUS_OK);
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

/* A caller built against a longer struct: accepted while what this library does not know is 0. */
Test(net_errors, longer_structs) {
    const net_shape shape = shape_here();
    gradus_context *context = context_of(1);
    gradus_net *net = make_net(context, &shape, 1);
    sample_set set = make_samples(&shape, 5, 0, 1);
    struct {
        gradus_batch batch;
        unsigned char tail[24];
    } longer;
    double loss;
    memset(&longer, 0, sizeof longer);
    longer.batch = set.batch;
    longer.batch.struct_size = sizeof longer;
    cr_assert_eq(gradus_net_loss_gradient(context, net, &longer.batch, NULL, &loss), GRADUS_OK);
    longer.tail[5] = 1;
    cr_assert_eq(gradus_net_loss_gradient(context, net, &longer.batch, NULL, &loss), GRADUS_UNSUPPORTED);
    char offset[32];
    snprintf(offset, sizeof offset, "%zu", sizeof(gradus_batch) + 5);
    cr_assert(says(context, offset) && says(context, "gradus_batch"), "%s", gradus_context_message(context));
    free_samples(&set);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

/* -- predictions, parameters, gradients, foreign optimizers -- */

Test(net_errors, predict_get_set_and_gradients) {
    const net_shape shape = shape_here();
    gradus_context *context = context_of(1);
    gradus_net *net = make_net(context, &shape, 1);
    sample_set set = make_samples(&shape, 5, 0, 1);
    float memory[7 * 18];
    double loss;
    gradus_tensor y = gradus_tensor_matrix(GRADUS_DTYPE_F32, memory, 5, 4), none = gradus_tensor_matrix(GRADUS_DTYPE_F32, NULL, 0, 7);
    tensor_list list;
    cr_assert_eq(gradus_net_predict(context, net, NULL, &y), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, NULL), GRADUS_INVALID_ARGUMENT);
    y.rows = 6;
    cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &y), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "6 x 4") && says(context, "5 x 4"), "%s", gradus_context_message(context));
    y.rows = 5;
    y.dtype = GRADUS_DTYPE_BF16;
    cr_assert_eq(gradus_net_predict(context, net, &set.batch.inputs, &y), GRADUS_UNSUPPORTED);
    y = gradus_tensor_matrix(GRADUS_DTYPE_F32, NULL, 0, 4);
    cr_assert_eq(gradus_net_predict(context, net, &none, &y), GRADUS_OK);
    const gradus_tensor weights = gradus_tensor_matrix(GRADUS_DTYPE_F32, memory, 7, 18), bias = gradus_tensor_vector(GRADUS_DTYPE_F32, memory, 17);
    cr_assert_eq(gradus_net_get(context, net, 2, NULL, NULL), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_get(context, net, 1, &weights, NULL), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "7 x 18") && says(context, "18 x 4"), "%s", gradus_context_message(context));
    cr_assert_eq(gradus_net_set(context, net, 0, &weights, &bias), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_get(context, net, 0, NULL, NULL), GRADUS_OK);
    list_make(&list, &shape, 0);
    list.tensors[3].columns = 3;
    cr_assert_eq(gradus_net_loss_gradient(context, net, &set.batch, list.tensors, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "gradients[3]"), "%s", gradus_context_message(context));
    list_free(&list);
    free_samples(&set);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
}

Test(net_errors, optimizers_of_others) {
    const net_shape shape = shape_here(), narrower = shape_of(7, 2, (const size_t[]){17, 4}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    gradus_context *context = context_of(1);
    gradus_net *net = make_net(context, &shape, 1), *other = make_net(context, &narrower, 1);
    gradus_optimizer *optimizer = make_optimizer(context, net, "adam"), *foreign = make_optimizer(context, other, "adam");
    sample_set set = make_samples(&shape, 5, 0, 1);
    tensor_list parameters, gradients;
    double loss;
    gradus_step_args args;
    cr_assert_eq(gradus_net_step(context, net, foreign, &set.batch, &loss), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_step(context, net, NULL, &set.batch, &loss), GRADUS_INVALID_ARGUMENT);
    /* Its state lies as the net's weights do: not for plain tensors. */
    list_make(&parameters, &shape, 0);
    list_make(&gradients, &shape, 0);
    gradus_step_args_init(&args);
    args.parameters = parameters.tensors;
    args.gradients = gradients.tensors;
    cr_assert_eq(gradus_optimizer_step(context, optimizer, &args), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "gradus_net_step"), "%s", gradus_context_message(context));
    list_free(&parameters);
    list_free(&gradients);
    free_samples(&set);
    gradus_optimizer_destroy(context, optimizer);
    gradus_optimizer_destroy(context, foreign);
    gradus_net_destroy(context, net);
    gradus_net_destroy(context, other);
    gradus_context_destroy(context);
}

/* -- nets that cannot be -- */

static void no_net(gradus_context *context, const gradus_net_config *config, gradus_status expected, const char *message) {
    gradus_net *net = (gradus_net *)context;
    size_t bytes;
    cr_assert_eq(gradus_net_create(context, config, &net), expected, "%s", gradus_context_message(context));
    cr_assert_null(net);
    cr_assert(says(context, message), "'%s' does not say '%s'", gradus_context_message(context), message);
    cr_assert_eq(gradus_net_memory(context, config, &bytes), expected);
}

Test(net_errors, creation) {
    const net_shape shape = shape_here();
    gradus_context *context = context_of(1);
    gradus_layer layers[MOST_LAYERS];
    gradus_net_config c;
#define NO_NET(MESSAGE, ...) \
    do { \
        c = net_config_of(&shape, layers, 1); \
        __VA_ARGS__; \
        no_net(context, &c, GRADUS_INVALID_ARGUMENT, MESSAGE); \
    } while (0)
    no_net(context, NULL, GRADUS_INVALID_ARGUMENT, "NULL");
    NO_NET("struct_size", c.struct_size = 0);
    NO_NET("inputs", c.inputs = 0);
    NO_NET("layers", c.layers = NULL);
    NO_NET("layers", c.layer_count = 0);
    NO_NET("loss 7", c.loss = 7);
    NO_NET("needs sigmoid", c.loss = GRADUS_LOSS_BINARY_CROSS_ENTROPY);
    NO_NET("label_smoothing is 1.5", c.label_smoothing = 1.5);
    NO_NET("label_smoothing is -0.1", c.label_smoothing = -0.1);
    NO_NET("label_smoothing is nan", c.label_smoothing = NAN);
    NO_NET("cross-entropy only", c.loss = GRADUS_LOSS_MSE; c.label_smoothing = 0.1);
    NO_NET("layer 1", layers[1].outputs = 0);
    NO_NET("layer 0", layers[0].activation = GRADUS_ACTIVATION_SOFTMAX);
    NO_NET("activation 12", layers[1].activation = 12);
    NO_NET("activation 0", layers[1].activation = 0);
    NO_NET("needs softmax", layers[1].activation = GRADUS_ACTIVATION_RELU);
    NO_NET("reserved", layers[0].reserved = 1);
    NO_NET("memory", layers[0].outputs = SIZE_MAX);
    NO_NET("memory", layers[0].outputs = SIZE_MAX / 4);
    NO_NET("memory", c.inputs = SIZE_MAX / 64);
#undef NO_NET
    gradus_net_destroy(context, NULL);
    cr_assert_eq(gradus_activation_from_name("tanh"), GRADUS_ACTIVATION_TANH);
    cr_assert_eq(gradus_activation_from_name("Tanh"), 0);
    cr_assert_eq(gradus_activation_from_name(NULL), 0);
    cr_assert_null(gradus_activation_name(0));
    cr_assert_null(gradus_activation_name(12));
    cr_assert_null(gradus_activation_name(-1));
    gradus_context_destroy(context);
}
