/* XOR in 30 lines: a net of two layers learns it from its four cases. */
#include <stdio.h>

#include <gradus/gradus.h>

int main(void) {
    float inputs[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, targets[4] = {0, 1, 1, 0}, outputs[4] = {0};
    const gradus_layer layers[] = {{8, GRADUS_ACTIVATION_TANH, 0}, {1, GRADUS_ACTIVATION_SIGMOID, 0}};
    const gradus_tensor y = gradus_tensor_matrix(GRADUS_DTYPE_F32, outputs, 4, 1);
    gradus_context *context = NULL;
    gradus_optimizer *optimizer = NULL;
    gradus_net *net = NULL;
    gradus_net_config shape;
    gradus_optimizer_config adam;
    gradus_batch batch;
    double loss = 0;
    gradus_net_config_init(&shape);
    shape.inputs = 2, shape.layers = layers, shape.layer_count = 2, shape.loss = GRADUS_LOSS_BINARY_CROSS_ENTROPY;
    gradus_optimizer_config_init(&adam, GRADUS_OPTIMIZER_ADAM);
    adam.hyper_parameters[GRADUS_LEARNING_RATE] = 0.05;
    gradus_batch_init(&batch);
    batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, inputs, 4, 2);
    batch.targets = gradus_tensor_matrix(GRADUS_DTYPE_F32, targets, 4, 1), batch.samples = 4;
    gradus_status status = gradus_context_create(NULL, &context);
    if (status == GRADUS_OK) status = gradus_net_create(context, &shape, &net);
    if (status == GRADUS_OK) status = gradus_net_optimizer_create(context, net, &adam, &optimizer);
    for (; status == GRADUS_OK && batch.step < 500; batch.step++) status = gradus_net_step(context, net, optimizer, &batch, &loss);
    if (status == GRADUS_OK) status = gradus_net_predict(context, net, &batch.inputs, &y);
    for (int i = 0; i < 4; i++) printf("%g xor %g = %.3f\n", (double)inputs[i][0], (double)inputs[i][1], (double)outputs[i]);
    printf("loss %.4f after 500 steps\n", loss);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    return status == GRADUS_OK && loss < 0.1 ? 0 : 1;
}
