/* gradus_train: the same run for the same seed, every sample once an epoch, where runs end, and what they report. */
#include "base/philox.h"
#include "net_model.h"
#include "nn/plan.h"
#include "nn/train.h"
#include "stage.h"

/* Trains for two epochs of 32 and gives the digest. */
static void short_run(uint64_t seed, char digest[DIGEST]) {
    stage s = stage_make("adam:lr=0.01");
    s.config.seed = seed;
    s.config.epochs = 2;
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    digest_of(s.context, s.net, digest);
    stage_free(&s);
}

Test(train, the_seed_decides) {
    char first[DIGEST], again[DIGEST], other[DIGEST];
    short_run(1, first);
    short_run(1, again);
    short_run(2, other);
    cr_assert_str_eq(first, again);
    cr_assert_str_neq(first, other);
    gd_phases_test_mode(1);
    short_run(1, again);
    cr_assert_str_eq(first, again);
}

Test(train, defaults) {
    gradus_train_config config;
    gradus_train_config_init(&config);
    cr_assert(config.batch_size == 32 && config.epochs == 10 && config.max_steps == 0 && config.seed == 0);
    cr_assert(!config.on_step && !config.on_epoch && !config.user);
}

/* -- the run, step by step, by hand -- */

/* One epoch of batches as the contract orders them; the mean loss over all samples, weighted where the run has weights. */
static double epoch_by_hand(stage *s, uint64_t epoch, size_t batch_size) {
    uint32_t order[SAMPLES];
    uint8_t inputs[SAMPLES * FEATURES], labels[SAMPLES];
    float weights[SAMPLES];
    double sum = 0.0, total = 0.0;
    bool seen[SAMPLES] = {0};
    const gradus_tensor all = gradus_dataset_inputs(s->data), classes = gradus_dataset_targets(s->data);
    gd_shuffle(gd_stream_make(s->config.seed, epoch, 0, GD_PURPOSE_SHUFFLE), order, SAMPLES);
    for (size_t first = 0; first < SAMPLES; first += batch_size) {
        const size_t count = SAMPLES - first < batch_size ? SAMPLES - first : batch_size;
        gradus_batch batch;
        double loss, weight = 0.0;
        for (size_t i = 0; i < count; i++) {
            const size_t row = order[first + i];
            cr_assert_not(seen[row]);
            seen[row] = true;
            memcpy(inputs + i * FEATURES, (const uint8_t *)all.data + row * (size_t)all.row_stride, FEATURES);
            labels[i] = ((const uint8_t *)classes.data)[row];
            weights[i] = s->config.weights ? ((const float *)s->config.weights->data)[row] : 1.0f;
            weight += (double)weights[i];
        }
        gradus_batch_init(&batch);
        batch.inputs = gradus_tensor_matrix(GRADUS_DTYPE_U8, inputs, count, FEATURES);
        batch.targets = gradus_tensor_vector(GRADUS_DTYPE_U8, labels, count);
        batch.weights = s->config.weights ? gradus_tensor_vector(GRADUS_DTYPE_F32, weights, count) : (gradus_tensor){0};
        batch.samples = count;
        cr_assert_eq(gradus_net_step(s->context, s->net, s->optimizer, &batch, &loss), GRADUS_OK);
        sum += loss * weight;
        total += weight;
    }
    return sum / total;
}

typedef struct losses {
    double epoch[8];
    size_t count;
} losses;

static int note_epoch(void *user, const gradus_progress *progress) {
    losses *l = user;
    cr_assert(progress->epoch == l->count + 1 && progress->state->epochs == progress->epoch);
    cr_assert_eq(progress->epoch_samples, SAMPLES);
    l->epoch[l->count++] = progress->epoch_loss;
    return 0;
}

/* Batch sizes with and without a shorter last batch, 0 and more than there is; then with weights, some of them 0. */
Test(train, as_by_hand) {
    static const size_t given[] = {32, 50, 64, 149, 150, 1, 0, 1000, 32, 64, 0};
    float weights[SAMPLES];
    const gradus_tensor weighted = gradus_tensor_vector(GRADUS_DTYPE_F32, weights, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) weights[i] = 0.25f * (float)(i * i % 7);
    for (size_t b = 0; b < sizeof given / sizeof given[0]; b++) {
        stage run = stage_make("momentum:lr=0.05"), hand = stage_make("momentum:lr=0.05");
        const size_t batch_size = given[b] == 0 || given[b] > SAMPLES ? SAMPLES : given[b];
        losses l = {{0}, 0};
        char wanted[DIGEST], found[DIGEST];
        run.config.batch_size = given[b];
        run.config.epochs = 3;
        run.config.on_epoch = note_epoch;
        run.config.user = &l;
        run.config.weights = hand.config.weights = b < 8 ? NULL : &weighted;
        cr_assert_eq(stage_train(&run), GRADUS_OK);
        cr_assert_eq(l.count, 3);
        for (uint64_t epoch = 0; epoch < 3; epoch++) {
            const double mean = epoch_by_hand(&hand, epoch, batch_size);
            cr_assert_float_eq(l.epoch[epoch], mean, 1e-12, "batch size %zu, epoch %zu", given[b], (size_t)epoch);
        }
        digest_of(run.context, run.net, found);
        digest_of(hand.context, hand.net, wanted);
        cr_assert_str_eq(found, wanted, "batch size %zu", given[b]);
        cr_assert(run.state.epochs == 3 && run.state.epoch_samples == 0 && run.state.end == GRADUS_TRAIN_END_EPOCHS);
        cr_assert_eq(run.state.steps, 3 * ((SAMPLES + batch_size - 1) / batch_size));
        stage_free(&run);
        stage_free(&hand);
    }
}

/* With a learning rate of 0 an epoch's loss is the net's over all samples, whatever their order: here by the model in double precision. */
Test(train, epoch_loss_by_the_model) {
    stage s = stage_make("sgd:lr=0");
    const net_shape shape = train_shape();
    const gradus_tensor inputs = gradus_dataset_inputs(s.data);
    sample_set set = make_samples(&shape, SAMPLES, INPUTS_U8, 1);
    tensor_list parameters;
    for (size_t i = 0; i < SAMPLES; i++) {
        memcpy(set.bytes + i * FEATURES, (const uint8_t *)inputs.data + i * (size_t)inputs.row_stride, FEATURES);
        set.labels[i] = ((const uint8_t *)gradus_dataset_targets(s.data).data)[i];
    }
    list_make(&parameters, &shape, 0);
    list_get(s.context, s.net, &parameters);
    net_model m = model_make(&shape, &parameters, &set);
    model_forward(&m);
    s.config.batch_size = 64;
    s.config.epochs = 2;
    losses l = {{0}, 0};
    s.config.on_epoch = note_epoch;
    s.config.user = &l;
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    cr_assert_float_eq(l.epoch[1], m.loss, 1e-6, "%.12g, expected %.12g", l.epoch[1], m.loss);
    model_free(&m);
    list_free(&parameters);
    free_samples(&set);
    stage_free(&s);
}

static int note_accuracy(void *user, const gradus_progress *progress) {
    *(double *)user = progress->epoch_accuracy;
    return 0;
}

/* With a learning rate of 0 an epoch's accuracy is the net's, whatever the batches, and in parts. */
Test(train, epoch_accuracy) {
    stage s = stage_make("sgd:lr=0.1");
    gradus_evaluation evaluation;
    const gradus_batch batch = gd_dataset_batch(s.data);
    gradus_evaluation_init(&evaluation);
    s.config.epochs = 2;
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    cr_assert_eq(gradus_optimizer_set(s.context, s.optimizer, 0, GRADUS_LEARNING_RATE, 0.0), GRADUS_OK);
    cr_assert_eq(gradus_net_evaluate(s.context, s.net, &batch, &evaluation), GRADUS_OK);
    cr_assert(evaluation.accuracy > 0.3 && evaluation.accuracy < 0.95, "%g", evaluation.accuracy);
    for (int i = 0; i < 4; i++) {
        double accuracy = -1.0;
        gd_plan_test_mode(s.context, i == 3 ? 64 : 0, false);
        gradus_train_state_init(&s.state);
        s.config.batch_size = (size_t[]){32, 1, 0, 0}[i];
        s.config.epochs = 1;
        s.config.on_epoch = note_accuracy;
        s.config.user = &accuracy;
        cr_assert_eq(stage_train(&s), GRADUS_OK);
        cr_assert_eq(accuracy, evaluation.accuracy, "%d: %g, expected %g", i, accuracy, evaluation.accuracy);
    }
    stage_free(&s);
}

Test(train, it_learns) {
    stage s = stage_make("adam:lr=0.02");
    gradus_evaluation evaluation;
    const gradus_batch batch = gd_dataset_batch(s.data);
    gradus_evaluation_init(&evaluation);
    s.config.epochs = 30;
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    cr_assert_eq(gradus_net_evaluate(s.context, s.net, &batch, &evaluation), GRADUS_OK);
    cr_assert(evaluation.accuracy > 0.95, "accuracy %g", evaluation.accuracy);
    stage_free(&s);
}

/* -- where runs end -- */

typedef struct stopper {
    stage *stage;
    uint64_t stop_at_step, stop_at_epoch, steps, epochs;
    bool evaluate;
} stopper;

static int stop_at_step(void *user, const gradus_progress *progress) {
    stopper *t = user;
    cr_assert_eq(progress->step, ++t->steps);
    cr_assert_eq(progress->struct_size, sizeof *progress);
    if (t->evaluate) { /* with the run's own context, in larger scratch than the steps need */
        gradus_evaluation evaluation;
        gradus_batch batch;
        gradus_batch_init(&batch);
        gradus_evaluation_init(&evaluation);
        batch.inputs = gradus_dataset_inputs(t->stage->data);
        batch.targets = gradus_dataset_targets(t->stage->data);
        batch.samples = SAMPLES;
        cr_assert_eq(gradus_net_evaluate(t->stage->context, t->stage->net, &batch, &evaluation), GRADUS_OK);
    }
    return progress->step == t->stop_at_step;
}

static int stop_at_epoch(void *user, const gradus_progress *progress) {
    stopper *t = user;
    cr_assert_eq(progress->epoch, ++t->epochs);
    return progress->epoch == t->stop_at_epoch;
}

/* Batches of 32 make 5 steps an epoch. */
static stopper run_until(uint64_t max_steps, uint64_t step, uint64_t epoch, bool evaluate, gradus_train_state *state, char digest[DIGEST]) {
    stage s = stage_make("adam:lr=0.01");
    stopper t = {&s, step, epoch, 0, 0, evaluate};
    s.config.epochs = 4;
    s.config.max_steps = max_steps;
    s.config.on_step = stop_at_step;
    s.config.on_epoch = stop_at_epoch;
    s.config.user = &t;
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    *state = s.state;
    digest_of(s.context, s.net, digest);
    stage_free(&s);
    return t;
}

Test(train, where_runs_end) {
    gradus_train_state e;
    char seven[DIGEST], digest[DIGEST];
    stopper t = run_until(7, 0, 0, false, &e, seven);
    cr_assert(e.steps == 7 && e.epochs == 1 && e.epoch_samples == 64 && e.end == GRADUS_TRAIN_END_MAX_STEPS && t.steps == 7 && t.epochs == 2);
    t = run_until(0, 7, 0, false, &e, digest);
    cr_assert(e.steps == 7 && e.epochs == 1 && e.epoch_samples == 64 && e.end == GRADUS_TRAIN_END_CALLBACK && t.steps == 7 && t.epochs == 1);
    cr_assert_str_eq(digest, seven);
    t = run_until(7, 0, 0, true, &e, digest);
    cr_assert_str_eq(digest, seven, "evaluating between steps changed the run");
    t = run_until(10, 0, 0, false, &e, digest);
    cr_assert(e.steps == 10 && e.epochs == 2 && e.epoch_samples == 0 && e.end == GRADUS_TRAIN_END_MAX_STEPS && t.epochs == 2);
    t = run_until(0, 0, 2, false, &e, seven);
    cr_assert(e.steps == 10 && e.epochs == 2 && e.end == GRADUS_TRAIN_END_CALLBACK && t.steps == 10 && t.epochs == 2);
    cr_assert_str_eq(digest, seven);
    t = run_until(100, 0, 0, false, &e, digest);
    cr_assert(e.steps == 20 && e.epochs == 4 && e.end == GRADUS_TRAIN_END_EPOCHS && t.steps == 20 && t.epochs == 4);
}

/* -- errors -- */

Test(train, divergence_names_the_step) {
    stage s = stage_make("sgd:lr=1e6");
    const net_shape shape = shape_of(FEATURES, 2, (const size_t[]){17, CLASSES}, GRADUS_ACTIVATION_IDENTITY, GRADUS_ACTIVATION_SOFTMAX);
    char step[32], before[DIGEST], after[DIGEST];
    gradus_optimizer_destroy(s.context, s.optimizer);
    gradus_net_destroy(s.context, s.net);
    s.net = make_net(s.context, &shape, 4);
    s.optimizer = make_optimizer(s.context, s.net, "sgd:lr=1e6");
    s.config.epochs = 1000;
    cr_assert_eq(stage_train(&s), GRADUS_NOT_FINITE);
    snprintf(step, sizeof step, "step %llu", (unsigned long long)s.state.steps + 1);
    cr_assert(s.state.steps > 0 && says(s.context, step) && says(s.context, "layer "), "%s", gradus_context_message(s.context));
    /* The same run, ended right before: the bad step has changed nothing. */
    digest_of(s.context, s.net, after);
    const uint64_t good = s.state.steps;
    gradus_optimizer_destroy(s.context, s.optimizer);
    gradus_net_destroy(s.context, s.net);
    s.net = make_net(s.context, &shape, 4);
    s.optimizer = make_optimizer(s.context, s.net, "sgd:lr=1e6");
    s.config.max_steps = good;
    gradus_train_state_init(&s.state);
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    digest_of(s.context, s.net, before);
    cr_assert_str_eq(before, after);
    stage_free(&s);
}

Test(train, errors) {
    stage s = stage_make("sgd");
    const net_shape regression = shape_of(FEATURES, 1, (const size_t[]){1}, 0, GRADUS_ACTIVATION_SIGMOID);
    const net_shape small = shape_of(FEATURES, 1, (const size_t[]){CLASSES - 1}, 0, GRADUS_ACTIVATION_SOFTMAX);
    const net_shape wide = shape_of(FEATURES + 1, 1, (const size_t[]){CLASSES}, 0, GRADUS_ACTIVATION_SOFTMAX);
    const net_shape *const shapes[] = {&regression, &small, &wide};
    static const char *const messages[] = {"0 to 1", "class 4", "21"};
    for (int i = 0; i < 3; i++) {
        gradus_net *net = make_net(s.context, shapes[i], 1);
        gradus_optimizer *optimizer = make_optimizer(s.context, net, "sgd");
        cr_assert_eq(gradus_train(s.context, net, optimizer, s.data, NULL, NULL), GRADUS_INVALID_ARGUMENT);
        cr_assert(says(s.context, messages[i]), "%s", gradus_context_message(s.context));
        cr_assert_eq(gradus_train(s.context, s.net, optimizer, s.data, &s.config, NULL), GRADUS_INVALID_ARGUMENT);
        gradus_optimizer_destroy(s.context, optimizer);
        gradus_net_destroy(s.context, net);
    }
    s.config.struct_size = 1;
    cr_assert_eq(stage_train(&s), GRADUS_INVALID_ARGUMENT);
    s.config.struct_size = sizeof s.config;
    s.config.epochs = 0;
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    cr_assert(s.state.steps == 0 && s.state.end == GRADUS_TRAIN_END_EPOCHS);
    s.config.epochs = 1;
    gradus_interrupt(s.context);
    cr_assert_eq(stage_train(&s), GRADUS_INTERRUPTED);
    cr_assert_eq(s.state.steps, 0);
    cr_assert_eq(stage_train(&s), GRADUS_OK);
    stage_free(&s);
}

/* -- the built-in digits -- */

Test(train, digits) {
    gradus_context *context = context_of(2);
    gradus_dataset *data, *test;
    const net_shape shape = shape_of(784, 2, (const size_t[]){40, 10}, GRADUS_ACTIVATION_RELU, GRADUS_ACTIVATION_SOFTMAX);
    gradus_train_config config;
    gradus_train_state state;
    char digests[2][DIGEST];
    cr_assert_eq(gradus_dataset_open(context, "digits", NULL, &data, &test), GRADUS_OK);
    gradus_train_config_init(&config);
    config.max_steps = 6;
    config.batch_size = 130;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(gradus_context_set_isa(context, i ? "scalar" : gradus_context_isa(context)), GRADUS_OK);
        gradus_net *net = make_net(context, &shape, 1);
        gradus_optimizer *optimizer = make_optimizer(context, net, "adam");
        gradus_train_state_init(&state);
        cr_assert_eq(gradus_train(context, net, optimizer, data, &config, &state), GRADUS_OK);
        cr_assert(state.steps == 6 && state.epochs == 0 && state.epoch_samples == 780);
        digest_of(context, net, digests[i]);
        gradus_optimizer_destroy(context, optimizer);
        gradus_net_destroy(context, net);
    }
    cr_assert_str_eq(digests[0], digests[1]);
    gradus_dataset_destroy(context, data);
    gradus_dataset_destroy(context, test);
    gradus_context_destroy(context);
}
