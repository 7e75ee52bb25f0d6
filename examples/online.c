/* As in a server: one thread trains on samples as they come in, others answer requests with the newest weights. Nobody waits for a step: the trainer copies
 * its net into one that nobody reads and publishes that. Each thread has a context of its own; a published net is shared, for predicting never writes to it.
 * The "world" that is learnt is y = 2*x1 - x2 until the middle of the run, then its sign turns. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <gradus/gradus.h>

enum { READERS = 2, COPIES = READERS + 2, BATCH = 32, STEPS = 4000, PUBLISH_EVERY = 20, HIDDEN = 16 };

/* The published net, and who reads which copy. The lock is held for a few instructions, never while anything is computed. One copy is the newest, every
 * reader has at most one, so one is always free. */
typedef struct board {
    pthread_mutex_t lock;
    gradus_net *copies[COPIES];
    int readers[COPIES], newest;
    unsigned versions;
} board;

static board published = {.lock = PTHREAD_MUTEX_INITIALIZER, .newest = 0};
static atomic_bool stopped;

static int take(void) {
    pthread_mutex_lock(&published.lock);
    const int copy = published.newest;
    published.readers[copy]++;
    pthread_mutex_unlock(&published.lock);
    return copy;
}

static void give_back(int copy) {
    pthread_mutex_lock(&published.lock);
    published.readers[copy]--;
    pthread_mutex_unlock(&published.lock);
}

/* Weights from one net to another of the same shape. */
static gradus_status copy_net(gradus_context *context, const gradus_net *from, gradus_net *to) {
    static float weights[HIDDEN * HIDDEN], bias[HIDDEN];
    gradus_status status = GRADUS_OK;
    size_t inputs = gradus_net_inputs(from);
    for (size_t i = 0; status == GRADUS_OK && i < gradus_net_layer_count(from); i++) {
        const size_t outputs = gradus_net_layer(from, i).outputs;
        const gradus_tensor w = gradus_tensor_matrix(GRADUS_DTYPE_F32, weights, inputs, outputs),
                            b = gradus_tensor_matrix(GRADUS_DTYPE_F32, bias, 1, outputs);
        status = gradus_net_get(context, from, i, &w, &b);
        if (status == GRADUS_OK) status = gradus_net_set(context, to, i, &w, &b);
        inputs = outputs;
    }
    return status;
}

static gradus_status publish(gradus_context *context, const gradus_net *net) {
    int copy = 0;
    pthread_mutex_lock(&published.lock);
    while (copy == published.newest || published.readers[copy] > 0) copy++;
    pthread_mutex_unlock(&published.lock);
    const gradus_status status = copy_net(context, net, published.copies[copy]); /* only this thread publishes: nobody takes this copy meanwhile */
    pthread_mutex_lock(&published.lock);
    if (status == GRADUS_OK) published.newest = copy, published.versions++;
    pthread_mutex_unlock(&published.lock);
    return status;
}

static float world(float x1, float x2, int turned) { return (2.0f * x1 - x2) * (turned ? -1.0f : 1.0f); }

/* A sample's two inputs: points that never repeat and fill the square. */
static void next_inputs(unsigned i, float x[2]) {
    x[0] = (float)fmod(0.754877666 * i, 1.0) * 2.0f - 1.0f;
    x[1] = (float)fmod(0.569840291 * i, 1.0) * 2.0f - 1.0f;
}

static gradus_status train(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer) {
    float inputs[BATCH][2], targets[BATCH];
    gradus_status status = GRADUS_OK;
    gradus_batch batch;
    double loss;
    gradus_batch_init(&batch);
    batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, inputs, BATCH, 2);
    batch.targets = gradus_tensor_matrix(GRADUS_DTYPE_F32, targets, BATCH, 1);
    batch.samples = BATCH;
    for (; status == GRADUS_OK && batch.step < STEPS; batch.step++) {
        for (unsigned i = 0; i < BATCH; i++) {
            next_inputs((unsigned)batch.step * BATCH + i, inputs[i]);
            targets[i] = world(inputs[i][0], inputs[i][1], batch.step >= STEPS / 2);
        }
        status = gradus_net_step(context, net, optimizer, &batch, &loss);
        if (status == GRADUS_OK && batch.step % PUBLISH_EVERY == PUBLISH_EVERY - 1) status = publish(context, net);
    }
    return status;
}

/* Answers requests until the training ends; counts them. NULL: something failed. */
static void *answer(void *argument) {
    unsigned long *answers = argument;
    float x[2], y = 0;
    const gradus_tensor input = gradus_tensor_matrix(GRADUS_DTYPE_F32, x, 1, 2), output = gradus_tensor_matrix(GRADUS_DTYPE_F32, &y, 1, 1);
    gradus_context *context = NULL;
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = 1;
    gradus_status status = gradus_context_create(&config, &context);
    while (status == GRADUS_OK && !atomic_load(&stopped)) {
        next_inputs((unsigned)*answers, x);
        const int copy = take();
        status = gradus_net_predict(context, published.copies[copy], &input, &output);
        give_back(copy);
        if (status == GRADUS_OK) ++*answers;
    }
    gradus_context_destroy(context);
    return status == GRADUS_OK ? answers : NULL;
}

static gradus_status make(gradus_context *context, gradus_net **net, gradus_optimizer **optimizer) {
    const gradus_layer layers[] = {{HIDDEN, GRADUS_ACTIVATION_TANH, 0}, {1, GRADUS_ACTIVATION_IDENTITY, 0}};
    gradus_net_config shape;
    gradus_optimizer_config adam;
    gradus_net_config_init(&shape);
    shape.inputs = 2;
    shape.layers = layers;
    shape.layer_count = 2;
    shape.loss = GRADUS_LOSS_MSE;
    gradus_optimizer_config_init(&adam, GRADUS_OPTIMIZER_ADAM);
    adam.hyper_parameters[GRADUS_LEARNING_RATE] = 0.01;
    gradus_status status = gradus_net_create(context, &shape, net);
    for (int i = 0; status == GRADUS_OK && i < COPIES; i++) status = gradus_net_create(context, &shape, &published.copies[i]);
    if (status == GRADUS_OK) status = gradus_net_optimizer_create(context, *net, &adam, optimizer);
    return status;
}

int main(void) {
    gradus_context *context = NULL;
    gradus_net *net = NULL;
    gradus_optimizer *optimizer = NULL;
    pthread_t readers[READERS];
    unsigned long answers[READERS] = {0}, all = 0;
    int started = 0, good = 1;
    float x[2] = {0.5f, -0.25f}, y = 0;
    const gradus_tensor input = gradus_tensor_matrix(GRADUS_DTYPE_F32, x, 1, 2), output = gradus_tensor_matrix(GRADUS_DTYPE_F32, &y, 1, 1);
    if (gradus_context_create(NULL, &context) != GRADUS_OK) return 1;
    gradus_status status = make(context, &net, &optimizer);
    for (; status == GRADUS_OK && started < READERS; started++)
        if (pthread_create(&readers[started], NULL, answer, &answers[started]) != 0) break;
    if (status == GRADUS_OK) status = train(context, net, optimizer);
    atomic_store(&stopped, true);
    for (int i = 0; i < started; i++) {
        void *result;
        pthread_join(readers[i], &result);
        good = good && result != NULL;
        all += answers[i];
    }
    if (status == GRADUS_OK) status = gradus_net_predict(context, published.copies[published.newest], &input, &output);
    if (status != GRADUS_OK) fprintf(stderr, "%s\n", gradus_context_message(context));
    printf("%d steps, %u versions published, %lu answers from %d threads; f(0.5, -0.25) = %.3f (the world: %.3f)\n", STEPS, published.versions, all,
           started, (double)y, (double)world(x[0], x[1], 1));
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    for (int i = 0; i < COPIES; i++) gradus_net_destroy(context, published.copies[i]);
    gradus_context_destroy(context);
    return status == GRADUS_OK && good && all > 0 && fabsf(y - world(x[0], x[1], 1)) < 0.1f ? 0 : 1;
}
