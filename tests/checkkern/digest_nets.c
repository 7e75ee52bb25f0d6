/* The digests of nets, by the public functions: every activation and loss that go together, trained, evaluated and asked for outputs and gradients;
 * a short training with every optimizer; the digits. No arithmetic here rounds. */
#include "checkkern/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkkern/values.h"
#include "data/dataset.h"

enum { SEED = 3, INPUTS = 37, HIDDEN = 35, MOST_OUTPUTS = 32, FEW = 70, STEPS = 2, TRAIN_STEPS = 4 };

/* A narrow last layer and a ragged leaf; a wide last layer whose rows have no gaps, and whole leaves; the brief form's, two leaves. */
static const struct { size_t outputs, samples; } sizes[] = {{5, 150}, {MOST_OUTPUTS, 128}}, brief_size = {5, 70};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* Samples with targets of both kinds: classes, and two numbers a row that add up to 1. */
typedef struct samples {
    size_t count, outputs;
    gradus_tensor inputs, classes, dense;
} samples;

static samples draw_samples(size_t count, size_t outputs) {
    gd_random random = gd_random_make(SEED, "samples", count, outputs);
    samples s = {.count = count, .outputs = outputs};
    s.inputs = gd_digest_matrix(&random, count, INPUTS);
    s.dense = gd_digest_matrix(&random, count, outputs);
    s.classes = gradus_tensor_vector(GRADUS_DTYPE_I32, gd_digest_allocate(count * sizeof(int32_t)), count);
    for (size_t i = 0; i < count; i++) {
        const size_t target = (size_t)gd_random_below(&random, outputs);
        float *row = (float *)s.dense.data + i * (size_t)s.dense.row_stride;
        for (size_t j = 0; j < outputs; j++) row[j] = 0.0f;
        row[target] = 0.75f;
        row[(target + 1 + i % (outputs - 1)) % outputs] = 0.25f;
        ((int32_t *)s.classes.data)[i] = (int32_t)target;
    }
    return s;
}

static void free_samples(samples *s) {
    free(s->inputs.data);
    free(s->classes.data);
    free(s->dense.data);
}

typedef struct net_kind {
    gradus_activation hidden, last;
    gradus_loss loss;
    int dense; /* targets */
} net_kind;

/* Whether the library makes such a net. */
static int make_net(gradus_context *context, const net_kind *kind, size_t inputs, size_t hidden, size_t outputs, gradus_net **net) {
    const gradus_layer layers[] = {{hidden, kind->hidden, 0}, {outputs, kind->last, 0}};
    gradus_net_config config;
    gradus_net_config_init(&config);
    config.inputs = inputs;
    config.layers = layers;
    config.layer_count = 2;
    config.loss = kind->loss;
    config.seed = SEED;
    return gd_digest_may(context, gradus_net_create(context, &config, net));
}

static gradus_optimizer *make_optimizer(gradus_context *context, const gradus_net *net, gradus_optimizer_algorithm algorithm) {
    gradus_optimizer *optimizer = NULL;
    gradus_optimizer_config config;
    gradus_optimizer_config_init(&config, algorithm);
    gd_digest_must(context, gradus_net_optimizer_create(context, net, &config, &optimizer));
    return optimizer;
}

static void hash_weights(gradus_context *context, const gradus_net *net, gd_sha256 *hash) {
    char hex[65];
    gd_digest_must(context, gradus_net_sha256(context, net, hex));
    gd_sha256_update(hash, hex, strlen(hex));
}

static void hash_outputs(gradus_context *context, const gradus_net *net, const samples *s, gd_sha256 *hash) {
    float y[FEW * MOST_OUTPUTS];
    gradus_tensor inputs = s->inputs;
    const gradus_tensor outputs = gradus_tensor_matrix(GRADUS_DTYPE_F32, y, FEW, s->outputs);
    inputs.rows = FEW;
    gd_digest_must(context, gradus_net_predict(context, net, &inputs, &outputs));
    gd_sha256_floats(hash, y, FEW * s->outputs);
}

static void hash_gradient(gradus_context *context, const gradus_net *net, const gradus_batch *batch, gd_sha256 *hash) {
    const size_t outputs = gradus_net_outputs(net), counts[] = {INPUTS * HIDDEN, HIDDEN, HIDDEN * outputs, outputs};
    float *const memory = gd_digest_allocate((counts[0] + counts[1] + counts[2] + counts[3]) * sizeof(float));
    const gradus_tensor gradients[] = {gradus_tensor_matrix(GRADUS_DTYPE_F32, memory, INPUTS, HIDDEN),
                                       gradus_tensor_vector(GRADUS_DTYPE_F32, memory + counts[0], HIDDEN),
                                       gradus_tensor_matrix(GRADUS_DTYPE_F32, memory + counts[0] + counts[1], HIDDEN, outputs),
                                       gradus_tensor_vector(GRADUS_DTYPE_F32, memory + counts[0] + counts[1] + counts[2], outputs)};
    double loss;
    gd_digest_must(context, gradus_net_loss_gradient(context, net, batch, gradients, &loss));
    gd_hash_double(hash, loss);
    for (size_t i = 0; i < 4; i++) gd_sha256_floats(hash, gradients[i].data, counts[i]);
    free(memory);
}

static void hash_evaluation(gradus_context *context, const gradus_net *net, const gradus_batch *batch, gd_sha256 *hash) {
    gradus_evaluation evaluation;
    gradus_evaluation_init(&evaluation);
    gd_digest_must(context, gradus_net_evaluate(context, net, batch, &evaluation));
    gd_hash_double(hash, evaluation.loss);
    gd_hash_double(hash, evaluation.accuracy);
    gd_hash_double(hash, evaluation.f1);
}

/* Two steps of Adam, then everything one can ask of a net. Whether the library takes such a net and such targets. */
static int digest_net(gradus_context *context, const net_kind *kind, const samples *s, gd_digests *digests) {
    gradus_net *net = NULL;
    gradus_batch batch;
    gd_sha256 hash;
    int taken = make_net(context, kind, INPUTS, HIDDEN, s->outputs, &net);
    if (!taken) return 0;
    gradus_optimizer *optimizer = make_optimizer(context, net, GRADUS_OPTIMIZER_ADAM);
    gd_sha256_init(&hash);
    gradus_batch_init(&batch);
    batch.inputs = s->inputs;
    batch.targets = kind->dense ? s->dense : s->classes;
    batch.samples = s->count;
    for (int step = 0; taken && step < STEPS; step++) {
        double loss = 0.0;
        batch.step = (uint64_t)step;
        taken = gd_digest_may(context, gradus_net_step(context, net, optimizer, &batch, &loss));
        gd_hash_double(&hash, loss);
    }
    if (taken) {
        hash_weights(context, net, &hash);
        hash_outputs(context, net, s, &hash);
        hash_gradient(context, net, &batch, &hash);
        hash_evaluation(context, net, &batch, &hash);
        gd_digests_add(digests, &hash, "net/%zu/%s/%s/%s/%s", s->outputs, gradus_activation_name(kind->hidden), gradus_activation_name(kind->last),
                       gradus_loss_name(kind->loss), kind->dense ? "dense" : "classes");
    }
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
    return taken;
}

#define ACTIVATION(number, NAME, name) GRADUS_ACTIVATION_##NAME,
#define LOSS(number, NAME, name) GRADUS_LOSS_##NAME,
static const gradus_activation activations[] = {GRADUS_ACTIVATION_MAP(ACTIVATION)};
static const gradus_loss losses[] = {GRADUS_LOSS_MAP(LOSS)};
enum { ACTIVATIONS = sizeof activations / sizeof activations[0], LOSSES = sizeof losses / sizeof losses[0] };

/* Every loss with each last activation (brief, and the second size: the first) and each kind of targets that it takes, and every hidden activation with the first of these. */
static void digest_kinds(gradus_context *context, size_t count, size_t outputs, int brief, gd_digests *digests) {
    samples s = draw_samples(count, outputs);
    net_kind usual = {0};
    for (size_t l = 0; l < LOSSES; l++) {
        int found = 0;
        for (size_t a = 0; a < ACTIVATIONS && !(brief && found); a++)
            for (int dense = 0; dense < 2; dense++) {
                const net_kind kind = {GRADUS_ACTIVATION_TANH, activations[a], losses[l], dense};
                if (!digest_net(context, &kind, &s, digests)) continue;
                if (!usual.loss) usual = kind;
                found = 1;
            }
        if (found) continue;
        gd_host_leave();
        fprintf(stderr, "gradus-digest: no net here goes with the loss %s\n", gradus_loss_name(losses[l]));
        exit(EXIT_FAILURE);
    }
    for (size_t a = 0; a < ACTIVATIONS; a++) {
        usual.hidden = activations[a];
        if (usual.hidden != GRADUS_ACTIVATION_TANH) digest_net(context, &usual, &s, digests);
    }
    free_samples(&s);
}

gradus_dataset *gd_digest_images(gradus_context *context) {
    gd_random random = gd_random_make(SEED, "images", 0, 0);
    gradus_dataset *images = NULL;
    gd_digest_must(context, gd_dataset_create_pictures(context, "images", 200, 9, 9, &images));
    gd_digest_must(context, gd_schema_count_classes(context, images->schema, 7));
    for (size_t i = 0; i < images->samples; i++) gd_dataset_set_class(images, i, gd_random_below(&random, 7));
    for (size_t i = 0; i < images->samples * 81; i++) gd_dataset_row(images, 0)[i] = (uint8_t)gd_random_below(&random, 256);
    return images;
}

void gd_digest_digits(gradus_context *context, gd_digests *digests) {
    gradus_dataset *sets[2] = {NULL, NULL};
    gd_sha256 hash;
    gd_sha256_init(&hash);
    gd_digest_must(context, gradus_dataset_open(context, "digits", NULL, &sets[0], &sets[1]));
    for (int i = 0; i < 2; i++) {
        const size_t count = gradus_dataset_samples(sets[i]);
        gd_sha256_update(&hash, gradus_dataset_inputs(sets[i]).data, count * gradus_dataset_inputs(sets[i]).columns);
        gd_sha256_update(&hash, gradus_dataset_targets(sets[i]).data, count);
        gradus_dataset_destroy(context, sets[i]);
    }
    gd_digests_add(digests, &hash, "digits");
}

/* 81 -> 17 -> 7: no width fills its vectors; the fourth step is of a second epoch. */
static void digest_training(gradus_context *context, const gradus_dataset *images, const gradus_optimizer_info *info, gd_digests *digests) {
    static const net_kind kind = {GRADUS_ACTIVATION_TANH, GRADUS_ACTIVATION_SOFTMAX, GRADUS_LOSS_CROSS_ENTROPY, 0};
    gradus_net *net = NULL;
    gradus_train_config train;
    gd_sha256 hash;
    if (!make_net(context, &kind, gradus_dataset_inputs(images).columns, 17, gradus_dataset_classes(images), &net))
        gd_digest_must(context, GRADUS_INVALID_ARGUMENT);
    gradus_optimizer *optimizer = make_optimizer(context, net, info->algorithm);
    gradus_train_config_init(&train);
    train.batch_size = 67;
    train.max_steps = TRAIN_STEPS;
    train.seed = SEED;
    gd_digest_must(context, gradus_train(context, net, optimizer, images, &train, NULL));
    gd_sha256_init(&hash);
    hash_weights(context, net, &hash);
    gd_digests_add(digests, &hash, "training/%s/%s", info->name, info->variant);
    gradus_optimizer_destroy(context, optimizer);
    gradus_net_destroy(context, net);
}

void gd_digest_nets(gradus_context *context, int brief, gd_digests *digests) {
    if (brief) digest_kinds(context, brief_size.samples, brief_size.outputs, 1, digests);
    for (size_t i = 0; i < SIZES && !brief; i++) digest_kinds(context, sizes[i].samples, sizes[i].outputs, i > 0, digests);
}

void gd_digest_trainings(gradus_context *context, const gradus_dataset *images, gd_digests *digests) {
    gradus_optimizer_info info = {.struct_size = sizeof info};
    for (size_t i = 0; gradus_optimizer_list(i, &info); i++) digest_training(context, images, &info, digests);
}
