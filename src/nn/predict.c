/* Inference: a net's outputs for any number of samples. The net is only read. */
#include "base/fp.h"
#include "nn/chunk.h"

enum { ROW_GRAIN = 16 };

static void softmax_rows(void *argument, size_t begin, size_t end) {
    const gd_chunk *c = argument;
    float maximum, sum;
    for (size_t i = begin; i < end; i++) gd_softmax(c->context, c->result + i * c->result_stride, gradus_net_outputs(c->net), &maximum, &sum);
}

static GD_NOINLINE gradus_status predict(gd_chunk *c, const gradus_tensor *inputs, const gradus_tensor *outputs) {
    gradus_status status = GRADUS_OK;
    const gradus_activation last = c->net->layers[c->net->layer_count - 1].activation;
    for (size_t first = 0; status == GRADUS_OK && first < inputs->rows; first += GD_CHUNK) {
        const size_t samples = gd_chunk_samples(inputs->rows - first);
        float *result = (float *)outputs->data + gd_tensor_row(outputs, first);
        size_t count = gd_chunk_plan(c, inputs, first, samples, last, result, (size_t)outputs->row_stride);
        if (last == GRADUS_ACTIVATION_SOFTMAX) c->phases[count++] = (gd_phase){softmax_rows, c, samples, ROW_GRAIN};
        status = gd_chunk_run(c, count, samples);
    }
    return status;
}

gradus_status gradus_net_predict(gradus_context *context, const gradus_net *net, const gradus_tensor *inputs, const gradus_tensor *outputs) {
    gradus_status status = gd_check_inputs(context, net, inputs, "gradus_net_predict: inputs");
    if (status == GRADUS_OK && !outputs) status = gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_predict: outputs is NULL");
    if (status == GRADUS_OK) status = gd_tensor_check_f32(context, outputs, inputs->rows, gradus_net_outputs(net), "gradus_net_predict: outputs");
    if (status != GRADUS_OK || inputs->rows == 0) return status;
    gd_chunk c = {.context = context, .net = net};
    status = gd_chunk_lay_out(&c, inputs->rows);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = predict(&c, inputs, outputs);
    gd_fp_leave(environment);
    return status;
}
