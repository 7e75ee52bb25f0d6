/* Mini-batch training: shuffle, step, which gathers the batch's rows as it loads them; callbacks between steps. All that a run is, besides its net and
 * optimizer, is gradus_train_state, so that it may be cut between any two steps. */
#include <gradus/train.h>

#include "base/fp.h"
#include "base/philox.h"
#include "nn/loss.h"
#include "nn/net.h"

enum { MAX_ROWS = 1 << 22 }; /* one permutation; larger sets need the contract's windows */

typedef struct run {
    gradus_context *context;
    gradus_net *net;
    gradus_optimizer *optimizer;
    const gradus_dataset *data;
    gradus_train_config config;
    gradus_train_state state, *caller; /* caller: where it is shown; may be NULL */
    gd_samples all;                    /* the data set's */
    size_t batch_size;
    uint32_t *order;
} run;

void gradus_train_config_init_sized(gradus_train_config *config, size_t struct_size) {
    const gradus_train_config defaults = {.batch_size = 32, .epochs = 10};
    gd_write_struct(config, struct_size, &defaults, sizeof defaults);
}

void gradus_train_state_init_sized(gradus_train_state *state, size_t struct_size) {
    const gradus_train_state start = {.struct_size = sizeof start};
    gd_write_struct(state, struct_size, &start, sizeof start);
}

static void show_state(const run *r) {
    if (r->caller) gd_write_struct(r->caller, r->caller->struct_size, &r->state, sizeof r->state);
}

static gradus_status check_state(const run *r) {
    const gradus_train_state *s = &r->state;
    if (s->epoch_samples > r->all.count || (s->epoch_samples != r->all.count && s->epoch_samples % r->batch_size != 0))
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT,
                       "gradus_train: the state is after %llu samples of an epoch, where no batch of %zu of %zu samples ends: it is another run's",
                       (unsigned long long)s->epoch_samples, r->batch_size, r->all.count);
    if (s->end < 0 || s->end > GRADUS_TRAIN_END_CALLBACK || s->reserved != 0)
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: the state's end (%d) or reserved (%d) is not one a run leaves",
                       (int)s->end, (int)s->reserved);
    return GRADUS_OK;
}

static gradus_status prepare(run *r) {
    gradus_batch all;
    gradus_batch_init(&all);
    all.inputs = gradus_dataset_inputs(r->data);
    all.targets = gradus_dataset_targets(r->data);
    all.samples = gradus_dataset_samples(r->data);
    if (all.samples == 0) return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: the data set is empty");
    if (all.samples > MAX_ROWS)
        return gd_fail(r->context, GRADUS_UNSUPPORTED, "gradus_train: %zu samples; up to %d are supported", all.samples, MAX_ROWS);
    if (all.inputs.columns != r->net->inputs)
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: the data has %zu features, the net expects %zu", all.inputs.columns,
                       r->net->inputs);
    gradus_status status = gd_check_batch(r->context, r->net, &all, "gradus_train", &r->all);
    if (status != GRADUS_OK) return status;
    r->batch_size = r->config.batch_size == 0 || r->config.batch_size > all.samples ? all.samples : r->config.batch_size;
    status = check_state(r);
    if (status != GRADUS_OK) return status;
    void *memory;
    status = gd_context_allocate(r->context, all.samples * sizeof *r->order, "training order", &memory);
    if (status == GRADUS_OK) r->order = memory;
    return status;
}

static GD_NOINLINE double mean(double sum, double divisor) { return divisor > 0.0 ? sum / divisor : 0.0; }

static gradus_progress progress_of(const run *r) {
    const gradus_train_state *s = &r->state;
    const gd_fp_environment environment = gd_fp_enter();
    const double loss = mean(s->epoch_loss_sum, s->epoch_loss_divisor);
    gd_fp_leave(environment);
    return (gradus_progress){.struct_size = sizeof(gradus_progress),
                             .epoch = s->epochs + 1,
                             .epochs = r->config.epochs,
                             .step = s->steps,
                             .steps_per_epoch = gd_blocks(r->all.count, r->batch_size),
                             .epoch_samples = s->epoch_samples,
                             .epoch_loss = loss,
                             .state = &r->state};
}

static GD_NOINLINE void add_loss(run *r, double sum, size_t count) {
    r->state.epoch_loss_sum += sum;
    r->state.epoch_loss_divisor += gd_loss_divisor(r->net->loss, count, gradus_net_outputs(r->net));
}

static gradus_status step(run *r) {
    double loss, sum;
    gradus_train_state *s = &r->state;
    const size_t first = (size_t)s->epoch_samples, count = gd_least(r->all.count - first, r->batch_size);
    const gd_samples batch = {r->all.inputs, r->all.targets, count, r->order + first};
    gradus_status status = gd_net_step(r->context, r->net, r->optimizer, &batch, &loss, &sum);
    if (status == GRADUS_NOT_FINITE)
        return gd_fail(r->context, status, "the run diverged at step %llu (epoch %llu): %s", (unsigned long long)(s->steps + 1),
                       (unsigned long long)(s->epochs + 1), gradus_context_message(r->context));
    if (status != GRADUS_OK) return status;
    s->steps++;
    s->epoch_samples += count;
    const gd_fp_environment environment = gd_fp_enter();
    add_loss(r, sum, count);
    gd_fp_leave(environment);
    show_state(r);
    return GRADUS_OK;
}

typedef int callback(void *user, const gradus_progress *progress);

/* Ends the run if the callback asks. */
static void call(run *r, callback *function, const gradus_progress *progress) {
    if (!function || !function(r->config.user, progress) || r->state.end) return;
    r->state.end = GRADUS_TRAIN_END_CALLBACK;
    show_state(r);
}

static bool out_of_steps(const run *r) { return r->config.max_steps && r->state.steps >= r->config.max_steps; }

/* What follows an epoch's last step. */
static gradus_status finish_epoch(run *r) {
    gradus_train_state *s = &r->state;
    const gradus_progress progress = progress_of(r);
    s->epochs++;
    s->epoch_samples = s->epoch_right = 0;
    s->epoch_loss_sum = s->epoch_loss_divisor = 0.0;
    if (s->epochs >= r->config.epochs)
        s->end = GRADUS_TRAIN_END_EPOCHS;
    else if (out_of_steps(r))
        s->end = GRADUS_TRAIN_END_MAX_STEPS;
    show_state(r);
    call(r, r->config.on_epoch, &progress);
    return GRADUS_OK;
}

/* From where the state is to the epoch's end, or the run's. */
static gradus_status epoch(run *r) {
    gradus_train_state *s = &r->state;
    gd_shuffle(gd_stream_make(r->config.seed, s->epochs, 0, GD_PURPOSE_SHUFFLE), r->order, r->all.count);
    while (!s->end && s->epoch_samples < r->all.count && !out_of_steps(r)) {
        gradus_status status = step(r);
        if (status != GRADUS_OK) return status;
        const gradus_progress progress = progress_of(r);
        call(r, r->config.on_step, &progress);
    }
    if (s->end) return GRADUS_OK;
    if (s->epoch_samples == r->all.count) return finish_epoch(r);
    s->end = GRADUS_TRAIN_END_MAX_STEPS;
    show_state(r);
    const gradus_progress progress = progress_of(r);
    if (s->epoch_samples > 0) call(r, r->config.on_epoch, &progress);
    return GRADUS_OK;
}

/* A limit may have been raised since the state was left; a run that a callback ended goes on. What a run has reached stays reached. */
static void reconsider_end(run *r) {
    gradus_train_state *s = &r->state;
    const bool epochs_left = s->epochs < r->config.epochs;
    if (s->end == GRADUS_TRAIN_END_CALLBACK || (s->end == GRADUS_TRAIN_END_EPOCHS && epochs_left) ||
        (s->end == GRADUS_TRAIN_END_MAX_STEPS && !out_of_steps(r)))
        s->end = GRADUS_TRAIN_END_UNSET;
    if (!s->end && !epochs_left) s->end = GRADUS_TRAIN_END_EPOCHS;
}

gradus_status gradus_train(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_dataset *data,
                           const gradus_train_config *config, gradus_train_state *state) {
    run r = {.context = context, .net = net, .optimizer = optimizer, .data = data, .caller = state};
    gradus_train_config_init(&r.config);
    gradus_train_state_init(&r.state);
    gradus_status status = config ? gd_read_struct(context, "gradus_train_config", config, &r.config, sizeof r.config) : GRADUS_OK;
    if (status == GRADUS_OK && state) status = gd_read_struct(context, "gradus_train_state", state, &r.state, sizeof r.state);
    if (status == GRADUS_OK) status = prepare(&r);
    if (status == GRADUS_OK) reconsider_end(&r);
    while (status == GRADUS_OK && !r.state.end) status = epoch(&r);
    if (status == GRADUS_OK) show_state(&r);
    gd_release(&context->allocator, r.order, r.all.count * sizeof *r.order);
    return status;
}
