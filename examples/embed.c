/* gradus inside another program: train a net on the built-in digits, then step Adam on an array of one's own. Built with nothing but
 * `cc embed.c $(pkg-config --cflags --libs gradus)`. */
#include <stdio.h>

#include <gradus/gradus.h>

/* Two epochs of 784-128-10; returns the accuracy on the test set, or -1. */
static double train_net(gradus_context *context) {
    const gradus_layer layers[] = {{128, GRADUS_ACTIVATION_RELU, 0}, {10, GRADUS_ACTIVATION_SOFTMAX, 0}};
    gradus_dataset *train = NULL, *test = NULL;
    gradus_net *net = NULL;
    gradus_optimizer *optimizer = NULL;
    gradus_optimizer_config adam;
    gradus_evaluation evaluation;
    gradus_net_config shape;
    gradus_batch all;

    gradus_evaluation_init(&evaluation);
    gradus_optimizer_config_init(&adam, GRADUS_OPTIMIZER_ADAM);
    gradus_net_config_init(&shape);
    shape.inputs = 28 * 28;
    shape.layers = layers;
    shape.layer_count = 2;
    shape.loss = GRADUS_LOSS_CROSS_ENTROPY;

    gradus_train_config config;
    gradus_train_config_init(&config);
    config.epochs = 2;

    gradus_status status = gradus_dataset_open(context, "digits", NULL, &train, &test);
    if (status == GRADUS_OK) status = gradus_net_create(context, &shape, &net);
    if (status == GRADUS_OK) status = gradus_net_optimizer_create(context, net, &adam, &optimizer);
    if (status == GRADUS_OK) status = gradus_train(context, net, optimizer, train, &config, NULL);
    if (status == GRADUS_OK) {
        gradus_batch_init(&all);
        all.inputs = gradus_dataset_inputs(test);
        all.targets = gradus_dataset_targets(test);
        all.samples = gradus_dataset_samples(test);
        status = gradus_net_evaluate(context, net, &all, &evaluation);
    }
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    gradus_dataset_destroy(context, train);
    gradus_dataset_destroy(context, test);
    return status == GRADUS_OK ? evaluation.accuracy : -1.0;
}

/* Minimises (x - 3)^2 in each of five numbers, 1,000 steps of Adam; returns the largest error, or -1. */
static double step_own_array(gradus_context *context) {
    float x[5] = {-1.0f, 0.0f, 2.5f, 7.0f, 100.0f}, gradient[5];
    const gradus_tensor parameters = gradus_tensor_vector(GRADUS_DTYPE_F32, x, 5), gradients = gradus_tensor_vector(GRADUS_DTYPE_F32, gradient, 5);
    const gradus_parameter shape = {"x", 1, 1, 5, GRADUS_ROLE_WEIGHT, GRADUS_AXIS_COLUMNS, 0, {0}};
    gradus_optimizer *optimizer = NULL;
    gradus_optimizer_config adam;
    gradus_step_args args;
    double worst = 0.0;

    gradus_optimizer_config_init(&adam, GRADUS_OPTIMIZER_ADAM);
    adam.hyper_parameters[GRADUS_LEARNING_RATE] = 0.5;
    gradus_step_args_init(&args);
    args.parameters = &parameters;
    args.gradients = &gradients;

    gradus_status status = gradus_optimizer_create(context, &adam, &shape, 1, &optimizer);
    for (int step = 0; status == GRADUS_OK && step < 1000; step++) {
        for (int i = 0; i < 5; i++) gradient[i] = 2.0f * (x[i] - 3.0f);
        status = gradus_optimizer_step(context, optimizer, &args);
    }
    gradus_optimizer_destroy(context, optimizer);
    for (int i = 0; i < 5; i++) {
        const double error = x[i] > 3.0f ? (double)x[i] - 3.0 : 3.0 - (double)x[i];
        if (error > worst) worst = error;
    }
    return status == GRADUS_OK ? worst : -1.0;
}

int main(void) {
    char message[256] = "";
    gradus_context *context = NULL;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    if (gradus_context_create(&config, &context) != GRADUS_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    const double accuracy = train_net(context), error = step_own_array(context);
    if (accuracy < 0.0 || error < 0.0) fprintf(stderr, "%s\n", gradus_context_message(context));
    printf("kernels %s, test accuracy %.4f, largest error of the own array %.1e\n", gradus_context_isa(context), accuracy, error);
    gradus_context_destroy(context);
    return accuracy > 0.9 && error >= 0.0 && error < 1e-3 ? 0 : 1;
}
