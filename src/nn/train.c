/* Mini-batch training: shuffle, step, which gathers the batch's rows as it loads them; callbacks between steps. */
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
    gd_samples all; /* the data set's */
    size_t batch_size;
    uint32_t *order;
    double epoch_sum; /* undivided loss of the epoch so far */
    gradus_progress progress;
} run;

void gradus_train_config_init_sized(gradus_train_config *config, size_t struct_size) {
    const gradus_train_config defaults = {.batch_size = 32, .epochs = 10};
    gd_write_struct(config, struct_size, &defaults, sizeof defaults);
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
    r->progress.epochs = r->config.epochs;
    r->progress.steps_per_epoch = gd_blocks(all.samples, r->batch_size);
    void *memory;
    status = gd_context_allocate(r->context, all.samples * sizeof *r->order, "training order", &memory);
    if (status == GRADUS_OK) r->order = memory;
    return status;
}

static GD_NOINLINE void add_loss(run *r, double sum) {
    r->epoch_sum += sum;
    r->progress.epoch_loss = r->epoch_sum / gd_loss_divisor(r->net->loss, r->progress.epoch_samples, gradus_net_outputs(r->net));
}

static gradus_status step(run *r, size_t first, size_t count) {
    double loss, sum;
    const gd_samples batch = {r->all.inputs, r->all.targets, count, r->order + first};
    gradus_status status = gd_net_step(r->context, r->net, r->optimizer, &batch, &loss, &sum);
    if (status == GRADUS_NOT_FINITE)
        return gd_fail(r->context, status, "the run diverged at step %llu (epoch %llu): %s", (unsigned long long)(r->progress.step + 1),
                       (unsigned long long)r->progress.epoch, gradus_context_message(r->context));
    if (status != GRADUS_OK) return status;
    r->progress.step++;
    r->progress.epoch_samples += count;
    const gd_fp_environment environment = gd_fp_enter();
    add_loss(r, sum);
    gd_fp_leave(environment);
    return GRADUS_OK;
}

static bool out_of_steps(const run *r) { return r->config.max_steps && r->progress.step >= r->config.max_steps; }

/* *stop: a callback or max_steps ended the run. */
static gradus_status epoch(run *r, bool *stop) {
    bool asked = false;
    r->epoch_sum = 0.0;
    r->progress.epoch++;
    r->progress.epoch_samples = 0;
    gd_shuffle(gd_stream_make(r->config.seed, r->progress.epoch - 1, 0, GD_PURPOSE_SHUFFLE), r->order, r->all.count);
    for (size_t first = 0; first < r->all.count && !asked && !out_of_steps(r); first += r->batch_size) {
        const size_t left = r->all.count - first;
        gradus_status status = step(r, first, left < r->batch_size ? left : r->batch_size);
        if (status != GRADUS_OK) return status;
        asked = r->config.on_step && r->config.on_step(r->config.user, &r->progress);
    }
    if (!asked) asked = r->config.on_epoch && r->config.on_epoch(r->config.user, &r->progress);
    *stop = asked || out_of_steps(r);
    return GRADUS_OK;
}

gradus_status gradus_train(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_dataset *data,
                           const gradus_train_config *config, gradus_progress *progress) {
    run r = {.context = context, .net = net, .optimizer = optimizer, .data = data, .progress = {.struct_size = sizeof(gradus_progress)}};
    bool stop = false;
    gradus_train_config_init(&r.config);
    gradus_status status = config ? gd_read_struct(context, "gradus_train_config", config, &r.config, sizeof r.config) : GRADUS_OK;
    if (status == GRADUS_OK) status = prepare(&r);
    while (status == GRADUS_OK && !stop && r.progress.epoch < r.config.epochs) status = epoch(&r, &stop);
    gd_release(&context->allocator, r.order, r.all.count * sizeof *r.order);
    if (progress && progress->struct_size >= sizeof(size_t)) gd_write_struct(progress, progress->struct_size, &r.progress, sizeof r.progress);
    return status;
}
