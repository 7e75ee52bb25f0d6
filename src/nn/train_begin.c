/* A training run's beginning: its config and state are read and checked, its memory is allocated. */
#include <math.h>
#include <string.h>

#include "base/names.h"
#include "nn/classes.h"
#include "nn/schedule.h"
#include "nn/train.h"

enum { MAX_ROWS = 1 << 22 }; /* one permutation; larger sets need the contract's windows */

void gradus_train_config_init_sized(gradus_train_config *config, size_t struct_size) {
    const gradus_train_config defaults = {.batch_size = 32, .epochs = 10, .learning_rate = NAN, .monitor = GRADUS_MONITOR_LOSS};
    gd_write_struct(config, struct_size, &defaults, sizeof defaults);
}

void gradus_train_state_init_sized(gradus_train_state *state, size_t struct_size) {
    memset(state, 0, struct_size);
    state->struct_size = struct_size;
}

#define NAME(number, NAME, name) [number] = #name,
static const char *const monitors[] = {GRADUS_MONITOR_MAP(NAME)}, *const ends[] = {GRADUS_TRAIN_END_MAP(NAME)};
#undef NAME
enum { MONITORS = sizeof monitors / sizeof monitors[0], ENDS = sizeof ends / sizeof ends[0] };

gradus_monitor gradus_monitor_from_name(const char *name) { return gd_name_find(monitors, MONITORS, name); }
const char *gradus_monitor_name(gradus_monitor monitor) { return gd_name_of(monitors, MONITORS, monitor); }
const char *gradus_train_end_name(gradus_train_end end) { return gd_name_of(ends, ENDS, end); }

size_t gd_run_steps_per_epoch(const gd_run *r) { return gd_blocks(r->all.count, r->batch_size); }

bool gd_run_out_of_steps(const gd_run *r) { return r->config.max_steps && r->state.steps >= r->config.max_steps; }

gradus_schedule_place gd_run_place(const gd_run *r, uint64_t steps) {
    gradus_schedule_place place;
    uint64_t total;
    gradus_schedule_place_init(&place);
    if (__builtin_mul_overflow(r->config.epochs, gd_run_steps_per_epoch(r), &total)) total = UINT64_MAX;
    if (r->config.max_steps && r->config.max_steps < total) total = r->config.max_steps;
    place.step = steps;
    place.steps_per_epoch = gd_run_steps_per_epoch(r);
    place.total_steps = total > 0 ? total : 1;
    place.learning_rate = r->config.learning_rate;
    place.plateau_learning_rate = r->state.plateau_learning_rate;
    return place;
}

gradus_batch gd_dataset_batch(const gradus_dataset *data) {
    gradus_batch all;
    gradus_batch_init(&all);
    all.inputs = gradus_dataset_inputs(data);
    all.targets = gradus_dataset_targets(data);
    all.samples = gradus_dataset_samples(data);
    return all;
}

static gradus_status check_data(const gd_run *r, const gradus_dataset *data, const gradus_tensor *weights, const char *what, gd_samples *samples) {
    gradus_batch all = gd_dataset_batch(data);
    if (weights) all.weights = *weights;
    if (all.samples == 0) return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "%s is empty", what);
    if (all.inputs.columns != r->net->inputs)
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "%s has %zu features, the net expects %zu", what, all.inputs.columns, r->net->inputs);
    return gd_check_batch(r->context, r->net, &all, false, what, samples);
}

/* What only the momentum of an optimizer can follow. */
static gradus_status check_momentum(const gd_run *r) {
    double momentum;
    const gradus_schedule_place last = gd_run_place(r, gd_run_place(r, 0).total_steps - 1);
    if (isnan(gd_schedule_find_rate(&r->schedule, &last).momentum)) return GRADUS_OK;
    if (gradus_optimizer_get(r->context, r->optimizer, 0, GRADUS_BETA1, &momentum) == GRADUS_OK) return GRADUS_OK;
    if (gradus_optimizer_get(r->context, r->optimizer, 0, GRADUS_MOMENTUM, &momentum) == GRADUS_OK) return GRADUS_OK;
    return gd_fail(r->context, GRADUS_INVALID_ARGUMENT,
                   "gradus_train: the schedule cycles the momentum, but the optimizer has neither beta1 nor momentum: add cycle_momentum=0");
}

static gradus_status check_schedule(gd_run *r) {
    if (!r->config.schedule) return GRADUS_OK;
    if (isnan(r->config.learning_rate))
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: a schedule needs the config's learning_rate, its base");
    gradus_status status = gd_schedule_check(r->context, r->config.schedule, &r->schedule);
    return status == GRADUS_OK ? check_momentum(r) : status;
}

static gradus_status check_config(const gd_run *r) {
    const gradus_train_config *c = &r->config;
    gd_samples valid;
    gradus_status status = GRADUS_OK;
    if (!gradus_monitor_name(c->monitor)) return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: monitor %d is unknown", (int)c->monitor);
    if (!(c->min_delta >= 0.0 && isfinite(c->min_delta)) || !(c->stop_loss >= 0.0 && isfinite(c->stop_loss)))
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: min_delta is %g and stop_loss %g; expected numbers from 0 on",
                       c->min_delta, c->stop_loss);
    if (c->valid) status = check_data(r, c->valid, NULL, "gradus_train: the validation set", &valid);
    if (status != GRADUS_OK || c->monitor != GRADUS_MONITOR_ACCURACY) return status;
    if (!c->valid) return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: to monitor the accuracy a validation set is needed");
    if (!gd_have_classes(r->net->loss, gradus_net_outputs(r->net), &valid.targets))
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: the accuracy is to be monitored, but the targets are not classes");
    return GRADUS_OK;
}

static gradus_status check_state(const gd_run *r) {
    const gradus_train_state *s = &r->state;
    if (s->epoch_samples > r->all.count || (s->epoch_samples != r->all.count && s->epoch_samples % r->batch_size != 0))
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT,
                       "gradus_train: the state is after %llu samples of an epoch, where no batch of %zu of %zu samples ends: it is another run's",
                       (unsigned long long)s->epoch_samples, r->batch_size, r->all.count);
    if ((s->epoch_samples > 0 && s->steps == 0) || s->best_epoch > s->epochs)
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT,
                       "gradus_train: the state is after %llu epochs, %llu steps, the best epoch being the %lluth: no run leaves that",
                       (unsigned long long)s->epochs, (unsigned long long)s->steps, (unsigned long long)s->best_epoch);
    if (s->end < 0 || s->end >= ENDS || s->reserved != 0)
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: the state's end is %d and reserved %d: no run leaves that", (int)s->end,
                       (int)s->reserved);
    if (s->best_epoch > 0 && r->config.restore_best && !r->config.best)
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT,
                       "gradus_train: to restore the best epoch's weights, those of epoch %llu are needed: give them in the config's best",
                       (unsigned long long)s->best_epoch);
    return GRADUS_OK;
}

static bool same_shape(const gradus_net *a, const gradus_net *b) {
    bool same = a->layer_count == b->layer_count && a->memory_size == b->memory_size;
    for (size_t l = 0; same && l < a->layer_count; l++)
        same = a->layers[l].dense.inputs == b->layers[l].dense.inputs && a->layers[l].dense.outputs == b->layers[l].dense.outputs;
    return same;
}

static gradus_status find_best(gd_run *r) {
    void *memory = NULL;
    const gradus_net *best = r->config.best;
    if (best == r->net || (best && !same_shape(best, r->net)))
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: the config's best is %s",
                       best == r->net ? "the net itself; give another one" : "not a net of the same shape");
    r->best = best ? best->memory : NULL;
    if (best || !r->config.restore_best) return GRADUS_OK;
    gradus_status status = gd_context_allocate(r->context, r->net->memory_size, "best weights", &memory);
    r->best = memory;
    r->owns_best = true;
    return status;
}

gradus_status gd_run_begin(gd_run *r, const gradus_dataset *data, const gradus_train_config *config) {
    void *memory = NULL;
    size_t asked;
    gradus_train_config_init(&r->config);
    gradus_train_state_init(&r->state);
    r->learning_rate = NAN;
    if (!r->net || !r->optimizer || !data)
        return gd_fail(r->context, GRADUS_INVALID_ARGUMENT, "gradus_train: %s is NULL", !r->net ? "net" : !r->optimizer ? "optimizer" : "data");
    gradus_status status = config ? gd_read_struct(r->context, "gradus_train_config", config, &r->config, sizeof r->config) : GRADUS_OK;
    if (status == GRADUS_OK && r->caller) status = gd_read_struct(r->context, "gradus_train_state", r->caller, &r->state, sizeof r->state);
    if (status == GRADUS_OK) status = check_data(r, data, r->config.weights, "gradus_train: the data set", &r->all);
    if (status != GRADUS_OK) return status;
    if (r->all.count > MAX_ROWS)
        return gd_fail(r->context, GRADUS_UNSUPPORTED, "gradus_train: %zu samples; up to %d are supported", r->all.count, MAX_ROWS);
    (void)gd_size_multiply(r->config.batch_size, r->config.accumulate > 0 ? r->config.accumulate : 1, &asked);
    r->batch_size = asked == 0 ? r->all.count : gd_least(asked, r->all.count);
    r->has_classes = gd_have_classes(r->net->loss, gradus_net_outputs(r->net), &r->all.targets);
    status = check_config(r);
    if (status == GRADUS_OK) status = check_state(r);
    if (status == GRADUS_OK) status = check_schedule(r);
    if (status == GRADUS_OK) status = find_best(r);
    if (status == GRADUS_OK) status = gd_context_allocate(r->context, r->all.count * sizeof *r->order, "training order", &memory);
    r->order = memory;
    return status;
}

void gd_run_end(gd_run *r) {
    gd_release(&r->context->allocator, r->order, r->all.count * sizeof *r->order);
    if (r->owns_best) gd_release(&r->context->allocator, r->best, r->net->memory_size);
}
