/* Mini-batch training: shuffle, step, which gathers the batch's rows as it loads them; callbacks between steps. All that a run is, besides its net and
 * optimizer, is gradus_train_state, so that it may be cut between any two steps. */
#include "nn/train.h"

#include <math.h>
#include <string.h>

#include "base/fp.h"
#include "base/philox.h"
#include "nn/loss.h"
#include "nn/schedule.h"
#include "nn/weights.h"

static void show_state(const gd_run *r) {
    if (r->caller) gd_write_struct(r->caller, r->caller->struct_size, &r->state, sizeof r->state);
}

/* -- steps -- */

static gradus_status set_all(const gd_run *r, gradus_hyper_parameter key, double value) {
    gradus_status status = GRADUS_OK;
    for (uint32_t group = 0; status == GRADUS_OK && group < r->optimizer->groups; group++)
        status = gradus_optimizer_set(r->context, r->optimizer, group, key, value);
    return status;
}

/* The base is the config's, never read back from the optimizer: a run that goes on has the same. */
static gradus_status set_learning_rate(gd_run *r) {
    double beta1;
    if (!r->config.schedule) return GRADUS_OK;
    const gradus_schedule_place place = gd_run_place(r, r->state.steps);
    const gd_schedule_rate rate = gd_schedule_find_rate(&r->schedule, &place);
    gradus_status status = set_all(r, GRADUS_LEARNING_RATE, rate.learning_rate);
    r->learning_rate = rate.learning_rate;
    if (status != GRADUS_OK || isnan(rate.momentum)) return status;
    const bool adam = gradus_optimizer_get(r->context, r->optimizer, 0, GRADUS_BETA1, &beta1) == GRADUS_OK;
    return set_all(r, adam ? GRADUS_BETA1 : GRADUS_MOMENTUM, rate.momentum);
}

/* Of the last step, though it may have been an earlier call's. */
static double last_learning_rate(const gd_run *r) {
    double rate = r->learning_rate;
    if (!isnan(rate)) return rate;
    if (r->config.schedule && r->state.steps > 0) {
        const gradus_schedule_place place = gd_run_place(r, r->state.steps - 1);
        return gd_schedule_find_rate(&r->schedule, &place).learning_rate;
    }
    (void)gradus_optimizer_get(r->context, r->optimizer, 0, GRADUS_LEARNING_RATE, &rate);
    return rate;
}

static GD_NOINLINE double mean(double sum, double divisor) { return divisor > 0.0 ? sum / divisor : 0.0; }

/* The epoch's means so far. */
static void find_means(const gd_run *r, gradus_progress *progress) {
    const gradus_train_state *s = &r->state;
    const gd_fp_environment environment = gd_fp_enter();
    progress->epoch_loss = mean(s->epoch_loss_sum, s->epoch_loss_divisor);
    progress->epoch_accuracy = r->has_classes ? mean((double)s->epoch_right, (double)s->epoch_samples) : NAN;
    gd_fp_leave(environment);
}

static gradus_progress progress_of(const gd_run *r, const gradus_evaluation *valid) {
    const gradus_train_state *s = &r->state;
    gradus_progress progress = {.struct_size = sizeof progress,
                                .epoch = s->epochs + 1,
                                .epochs = r->config.epochs,
                                .step = s->steps,
                                .steps_per_epoch = gd_run_steps_per_epoch(r),
                                .epoch_samples = s->epoch_samples,
                                .learning_rate = last_learning_rate(r),
                                .valid = valid,
                                .state = s};
    find_means(r, &progress);
    return progress;
}

typedef int callback(void *user, const gradus_progress *progress);

/* Ends the run if the callback asks and nothing else has. */
static void call(gd_run *r, callback *function, const gradus_progress *progress) {
    if (!function || !function(r->config.user, progress) || r->state.end) return;
    r->state.end = GRADUS_TRAIN_END_CALLBACK;
    show_state(r);
}

static GD_NOINLINE void add_loss(gd_run *r, double sum, const gd_samples *batch) {
    const double n = batch->weights.data ? gd_weights_total(&batch->weights, batch->order, batch->count) : (double)batch->count;
    r->state.epoch_loss_sum += sum;
    r->state.epoch_loss_divisor += gd_loss_divisor(r->net->loss, n, gradus_net_outputs(r->net));
}

static gradus_status step(gd_run *r) {
    gd_step_result result;
    gradus_train_state *s = &r->state;
    const size_t first = (size_t)s->epoch_samples, count = gd_least(r->all.count - first, r->batch_size);
    const gd_samples batch = {.inputs = r->all.inputs,
                              .targets = r->all.targets,
                              .weights = r->all.weights,
                              .count = count,
                              .order = r->order + first,
                              .seed = r->config.seed,
                              .step = s->steps};
    gradus_status status = set_learning_rate(r);
    if (status == GRADUS_OK) status = gd_net_step(r->context, r->net, r->optimizer, &batch, &result);
    if (status == GRADUS_NOT_FINITE)
        return gd_fail(r->context, status, "the run diverged at step %llu (epoch %llu): %s", (unsigned long long)(s->steps + 1),
                       (unsigned long long)(s->epochs + 1), gradus_context_message(r->context));
    if (status != GRADUS_OK) return status;
    s->steps++;
    s->epoch_samples += count;
    s->epoch_right += result.right;
    const gd_fp_environment environment = gd_fp_enter();
    add_loss(r, result.sum, &batch);
    gd_fp_leave(environment);
    show_state(r);
    return GRADUS_OK;
}

/* -- the end of an epoch -- */

static gradus_status evaluate(const gd_run *r, gradus_evaluation *valid) {
    const gradus_batch batch = gd_dataset_batch(r->config.valid);
    gradus_evaluation_init(valid);
    return gradus_net_evaluate(r->context, r->net, &batch, valid);
}

/* What the epoch's values decide. true: it is the best so far. */
static GD_NOINLINE bool watch(gd_run *r, double training_loss, double monitored) {
    const gradus_train_config *c = &r->config;
    const gradus_schedule_place place = gd_run_place(r, r->state.steps - 1);
    const gradus_schedule_part *plateau = c->schedule ? gd_schedule_plateau_at(&r->schedule, &place) : NULL;
    bool stop;
    const bool best = gd_early_stop(c, &r->state, monitored, &stop);
    if (plateau) gd_plateau_epoch(c, plateau, &r->state, monitored);
    if (c->stop_loss > 0.0 && training_loss <= c->stop_loss)
        r->state.end = GRADUS_TRAIN_END_STOP_LOSS;
    else if (stop)
        r->state.end = GRADUS_TRAIN_END_EARLY_STOP;
    return best;
}

/* What follows an epoch's last step. */
static gradus_status finish_epoch(gd_run *r) {
    gradus_train_state *s = &r->state;
    gradus_evaluation valid;
    gradus_status status = r->config.valid ? evaluate(r, &valid) : GRADUS_OK;
    if (status != GRADUS_OK) return status;
    const gradus_progress progress = progress_of(r, r->config.valid ? &valid : NULL);
    const double loss = r->config.valid ? valid.loss : progress.epoch_loss;
    const gd_fp_environment environment = gd_fp_enter();
    const bool best = watch(r, progress.epoch_loss, r->config.monitor == GRADUS_MONITOR_ACCURACY ? valid.accuracy : loss);
    gd_fp_leave(environment);
    if (best && r->best) memcpy(r->best, r->net->memory, r->net->memory_size);
    s->epochs++;
    s->epoch_samples = s->epoch_right = 0;
    s->epoch_loss_sum = s->epoch_loss_divisor = 0.0;
    if (!s->end && s->epochs >= r->config.epochs) s->end = GRADUS_TRAIN_END_EPOCHS;
    if (!s->end && gd_run_out_of_steps(r)) s->end = GRADUS_TRAIN_END_MAX_STEPS;
    show_state(r);
    call(r, r->config.on_epoch, &progress);
    return GRADUS_OK;
}

/* max_steps has ended the run inside an epoch, whose end will follow if it is raised: this one is for the callback only. */
static gradus_status finish_inside_epoch(gd_run *r) {
    gradus_evaluation valid;
    const bool inside = r->state.epoch_samples > 0, evaluates = r->config.valid && r->config.on_epoch && inside;
    gradus_status status = evaluates ? evaluate(r, &valid) : GRADUS_OK;
    if (status != GRADUS_OK) return status;
    r->state.end = GRADUS_TRAIN_END_MAX_STEPS;
    show_state(r);
    const gradus_progress progress = progress_of(r, evaluates ? &valid : NULL);
    if (inside) call(r, r->config.on_epoch, &progress);
    return GRADUS_OK;
}

/* From where the state is to the epoch's end, or the run's. */
static gradus_status epoch(gd_run *r) {
    gradus_train_state *s = &r->state;
    gd_shuffle(gd_stream_make(r->config.seed, s->epochs, 0, GD_PURPOSE_SHUFFLE), r->order, r->all.count);
    while (!s->end && s->epoch_samples < r->all.count && !gd_run_out_of_steps(r)) {
        gradus_status status = step(r);
        if (status != GRADUS_OK) return status;
        if (!r->config.on_step) continue;
        const gradus_progress progress = progress_of(r, NULL);
        call(r, r->config.on_step, &progress);
    }
    if (s->end) return GRADUS_OK;
    return s->epoch_samples == r->all.count ? finish_epoch(r) : finish_inside_epoch(r);
}

/* -- a whole run -- */

/* A limit may have been raised since the state was left, and a run that a callback ended goes on. What a run has reached stays reached. */
static void reconsider_end(gd_run *r) {
    gradus_train_state *s = &r->state;
    const bool epochs_left = s->epochs < r->config.epochs;
    if (s->end == GRADUS_TRAIN_END_CALLBACK || (s->end == GRADUS_TRAIN_END_EPOCHS && epochs_left) ||
        (s->end == GRADUS_TRAIN_END_MAX_STEPS && !gd_run_out_of_steps(r)))
        s->end = GRADUS_TRAIN_END_UNSET;
    if (!s->end && !epochs_left) s->end = GRADUS_TRAIN_END_EPOCHS;
}

static gradus_status train(gd_run *r) {
    gradus_status status = GRADUS_OK;
    reconsider_end(r);
    while (status == GRADUS_OK && !r->state.end) status = epoch(r);
    if (status != GRADUS_OK) return status;
    show_state(r);
    const bool restores = r->config.restore_best && r->state.best_epoch > 0 && r->state.end != GRADUS_TRAIN_END_CALLBACK;
    if (restores) memcpy(r->net->memory, r->best, r->net->memory_size);
    return GRADUS_OK;
}

gradus_status gradus_train(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_dataset *data,
                           const gradus_train_config *config, gradus_train_state *state) {
    gd_run r = {.context = context, .net = net, .optimizer = optimizer, .caller = state};
    gradus_status status = gd_run_begin(&r, data, config);
    if (status == GRADUS_OK) status = train(&r);
    gd_run_end(&r);
    return status;
}
