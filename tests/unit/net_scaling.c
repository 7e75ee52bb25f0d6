/* Scaling in a net: the bits of the net on inputs that were scaled before. */
#include "counting.h"
#include "nets.h"

enum { INPUTS = 21, SAMPLES = 1100 };

static void scale_all(const sample_set *set, const double *mean, const double *inverse, float *out) {
    const bool bytes = set->batch.inputs.dtype == GRADUS_DTYPE_U8;
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t j = 0; j < INPUTS; j++) {
            const size_t at = i * (size_t)set->batch.inputs.row_stride + j;
            const float x = bytes ? (float)set->bytes[at] * 0x1.010102p-8f : set->floats[at];
            out[i * INPUTS + j] = (float)(((double)x - mean[j]) * inverse[j]);
        }
}

/* A gradient, steps, predictions, evaluation of both nets; the scaled one also with its scaling changed and taken away in between. */
static void compare(gradus_context *context, unsigned kind) {
    const net_shape shape = shape_of(INPUTS, 2, (const size_t[]){20, 3}, GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX);
    gradus_net *nets[2];
    gradus_optimizer *optimizers[2];
    sample_set set = make_samples(&shape, SAMPLES, kind, 3);
    double mean[INPUTS], inverse[INPUTS], losses[2];
    float *scaled = malloc(SAMPLES * INPUTS * sizeof *scaled), *outputs[2];
    char digests[2][DIGEST];
    for (int k = 0; k < 2; k++) {
        nets[k] = make_net(context, &shape, 1);
        optimizers[k] = make_optimizer(context, nets[k], "adam");
        outputs[k] = malloc(SAMPLES * 3 * sizeof(float));
    }
    for (int round = 0; round < 3; round++) {
        gradus_batch batches[2] = {set.batch, set.batch};
        tensor_list gradients[2];
        gradus_evaluation evaluations[2];
        for (size_t j = 0; j < INPUTS; j++) {
            mean[j] = 0.1 * (double)j + round;
            inverse[j] = j == 4 ? 0.0 : 1.0 / (1.0 + (double)j);
            if (round == 2) mean[j] = 0.0, inverse[j] = 1.0;
        }
        scale_all(&set, mean, inverse, scaled);
        batches[1].inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, scaled, SAMPLES, INPUTS);
        cr_assert_eq(gradus_net_set_scaling(context, nets[0], round == 2 ? NULL : mean, round == 2 ? NULL : inverse), GRADUS_OK);
        cr_assert_eq(gradus_net_scaling_mean(nets[0]) == NULL, round == 2);
        if (round < 2)
            cr_assert(memcmp(gradus_net_scaling_mean(nets[0]), mean, sizeof mean) == 0 &&
                      memcmp(gradus_net_scaling_inverse(nets[0]), inverse, sizeof inverse) == 0);
        for (int k = 0; k < 2; k++) {
            const gradus_tensor out = gradus_tensor_matrix(GRADUS_DTYPE_F32, outputs[k], SAMPLES, 3);
            list_make(&gradients[k], &shape, 0);
            cr_assert_eq(gradus_net_loss_gradient(context, nets[k], &batches[k], gradients[k].tensors, &losses[k]), GRADUS_OK);
            for (size_t first = 0; first < 300; first += 100) {
                gradus_batch part = batches[k];
                part.samples = part.inputs.rows = part.targets.columns = 100;
                cr_assert_eq(gradus_net_step(context, nets[k], optimizers[k], &part, &losses[k]), GRADUS_OK);
            }
            cr_assert_eq(gradus_net_predict(context, nets[k], &batches[k].inputs, &out), GRADUS_OK);
            gradus_evaluation_init(&evaluations[k]);
            cr_assert_eq(gradus_net_evaluate(context, nets[k], &batches[k], &evaluations[k]), GRADUS_OK);
            digest_of(context, nets[k], digests[k]);
        }
        cr_assert_str_eq(digests[0], digests[1]);
        cr_assert(lists_equal(&gradients[0], &gradients[1]) && losses[0] == losses[1]);
        cr_assert(memcmp(outputs[0], outputs[1], SAMPLES * 3 * sizeof(float)) == 0);
        cr_assert(evaluations[0].loss == evaluations[1].loss && evaluations[0].accuracy == evaluations[1].accuracy);
        for (int k = 0; k < 2; k++) list_free(&gradients[k]);
    }
    for (int k = 0; k < 2; k++) {
        gradus_optimizer_destroy(context, optimizers[k]);
        gradus_net_destroy(context, nets[k]);
        free(outputs[k]);
    }
    free(scaled);
    free_samples(&set);
}

Test(net_scaling, as_scaled_before) {
    const char *isa;
    for (size_t i = 0; (isa = runnable_isa(i)) != NULL; i++)
        for (uint32_t threads = 1; threads < 4; threads++) {
            gradus_context *context = context_with(isa, threads);
            compare(context, INPUTS_U8);
            compare(context, ROWS_STRIDED);
            gradus_context_destroy(context);
        }
}

Test(net_scaling, what_is_refused) {
    counting c;
    const gradus_context_config config = counting_config(&c, 1);
    gradus_context *context = make_context(&config);
    const net_shape shape = shape_of(2, 1, (const size_t[]){1}, 0, GRADUS_ACTIVATION_IDENTITY);
    gradus_net *net = plain_net(context, &shape, 1);
    const double good[] = {1.0, 2.0}, bad[] = {1.0, NAN}, worse[] = {INFINITY, 0.0};
    cr_assert_eq(gradus_net_set_scaling(context, net, good, good), GRADUS_OK);
    cr_assert_eq(gradus_net_set_scaling(context, net, good, NULL), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_set_scaling(context, net, NULL, good), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_set_scaling(context, net, bad, good), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "mean 1 is nan"));
    cr_assert_eq(gradus_net_set_scaling(context, net, good, worse), GRADUS_INVALID_ARGUMENT);
    cr_assert(says(context, "inverse 0 is inf"));
    cr_assert_eq(gradus_net_set_scaling(context, NULL, good, good), GRADUS_INVALID_ARGUMENT);
    cr_assert_eq(gradus_net_set_scaling(NULL, net, good, good), GRADUS_INVALID_ARGUMENT);
    c.refuse_at = c.asked + 1;
    cr_assert_eq(gradus_net_set_scaling(context, net, good, good), GRADUS_OUT_OF_MEMORY);
    cr_assert(gradus_net_scaling_mean(net)[1] == 2.0 && gradus_net_scaling_inverse(net)[0] == 1.0);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&c);
}
