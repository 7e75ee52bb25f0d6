/* One pass forward and back over a batch: the training step and the plain loss gradient, with their checks. The plan is plan.c's. */
#include <math.h>
#include <stdio.h>

#include "base/fp.h"
#include "nn/net.h"
#include "nn/plan.h"
#include "nn/weights.h"

static bool all_finite(const float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* The first layer whose outputs for the part at hand are not finite; past the last one: none. */
static size_t first_not_finite(const gd_plan *p) {
    for (size_t l = 0; l < p->layer_count; l++) {
        const size_t outputs = p->net->layers[l].dense.outputs;
        for (size_t i = 0; i < p->count; i++)
            if (!all_finite(p->outputs[l] + i * gd_row_stride(outputs), outputs)) return l;
    }
    return p->layer_count;
}

static gradus_status fail_not_finite(const gd_plan *p, size_t layer) {
    if (layer < p->layer_count)
        return gd_fail(p->context, GRADUS_NOT_FINITE, "the loss is %g; layer %zu (counted from 0) is the first with outputs that are not finite",
                       p->mean, layer);
    return gd_fail(p->context, GRADUS_NOT_FINITE, "the loss is %g, though every layer's outputs are finite", p->mean);
}

static void begin_updates(gd_plan *p) {
    gd_optimizer_begin(p->context, p->optimizer, p->formulas, p->updates);
    if (p->net->l1 == 0.0 && p->net->l2 == 0.0 && p->optimizer->clip_value == 0.0) return;
    gd_stages stages = {.scale = 1.0f, .clip = (float)p->optimizer->clip_value};
    for (size_t l = 0; l < p->layer_count; l++) {
        gd_update_set(&p->updates[2 * l + 1], p->updates[2 * l + 1].formula, stages); /* penalties are not for biases */
        gd_stages penalised = stages;
        penalised.l1 = (float)p->net->l1;
        penalised.l2 = (float)p->net->l2;
        gd_update_set(&p->updates[2 * l], p->updates[2 * l].formula, penalised);
    }
}

/* What the mean loss is over: the samples, or their weights, of the calls for this batch so far. */
static double weight_so_far(gd_plan *p) {
    const gd_samples *s = p->samples;
    if (!s->weights.data) return (double)(s->first + s->count);
    if (s->first + s->count == s->total) return s->total_weight;
    double *const weight = &p->optimizer->accumulation.weight;
    *weight = (s->first > 0 ? *weight : 0.0) + gd_weights_total(&s->weights, s->order, s->count);
    return *weight > 0.0 ? *weight : 1.0; /* a mean over nothing is 0 */
}

/* Part by part. The last one's phases are the first to change anything that stays. */
static GD_NOINLINE gradus_status run(gd_plan *p) {
    gradus_status status = GRADUS_OK;
    size_t layer = p->layer_count;
    p->weight = weight_so_far(p);
    p->tree.top = 0;
    p->tree.items = 0;
    if (p->samples->first > 0) p->tree = p->optimizer->accumulation.loss;
    p->right = 0;
    if (p->optimizer) begin_updates(p);
    for (size_t first = 0; status == GRADUS_OK && first < p->samples->count; first += p->count) {
        gd_plan_part(p, first);
        status = gd_phases_run(p->context, p->phases, p->phase_count, gd_work_nanoseconds(p->context, p->operations), p->abandonable);
        if (status == GRADUS_OK && p->skip) layer = gd_least(layer, first_not_finite(p));
    }
    if (p->samples->count < p->samples->total) p->optimizer->accumulation.loss = p->tree;
    return status == GRADUS_OK && p->skip ? fail_not_finite(p, layer) : status;
}

/* The whole of both public functions after their checks. */
static gradus_status pass(gradus_context *context, const gradus_net *net, const gd_samples *samples, gradus_net *trained, gradus_optimizer *optimizer,
                          const gradus_tensor *gradients, gd_step_result *result) {
    gd_plan *p;
    gradus_status status = gd_plan_find(context, net, samples, trained, optimizer, gradients, &p);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run(p);
    gd_fp_leave(environment);
    if (status != GRADUS_OK && status != GRADUS_NOT_FINITE) return status;
    *result = (gd_step_result){p->mean, p->sum, p->right};
    return status;
}

bool gd_net_fits_optimizer(const gradus_net *net, const gradus_optimizer *optimizer) {
    bool fits = optimizer && optimizer->for_net && optimizer->count == 2 * net->layer_count &&
                (optimizer->states || gd_algorithm_states(optimizer->algorithm) == 0);
    for (size_t l = 0; fits && l < net->layer_count; l++) { /* as gradus_net_optimizer_create made it: the rest follows from the shape */
        const gd_dense dense = net->layers[l].dense;
        const gradus_parameter *weights = &optimizer->parameters[2 * l];
        fits = weights->rows == dense.inputs && weights->columns == dense.outputs;
    }
    return fits;
}

static gradus_status check_optimizer(gradus_context *context, const gradus_net *net, const gradus_optimizer *optimizer) {
    if (gd_net_fits_optimizer(net, optimizer)) return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_step: the optimizer was not made for this net (gradus_net_optimizer_create)");
}

/* gd_net_step on samples that are the function's to change. */
static gradus_status train(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, gd_samples *training, gd_step_result *result) {
    gradus_status status = check_optimizer(context, net, optimizer);
    if (status != GRADUS_OK) return status;
    training->drops = true;
    status = gd_accumulation_take(context, net, optimizer, training);
    if (status != GRADUS_OK) return status;
    status = pass(context, net, training, net, optimizer, NULL, result);
    if (status == GRADUS_OK && training->first + training->count == training->total) gd_optimizer_end(optimizer);
    gd_accumulation_leave(optimizer, training, status);
    return status;
}

gradus_status gd_net_step(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gd_samples *samples, gd_step_result *result) {
    gd_samples training = *samples;
    if (training.total == 0) training.total = training.count;
    if (training.weights.data && training.total_weight == 0.0)
        training.total_weight = gd_weights_total(&training.weights, training.order, training.count);
    return train(context, net, optimizer, &training, result);
}

gradus_status gradus_net_step(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_batch *batch, double *loss) {
    gd_samples samples;
    gd_step_result result = {0};
    gradus_status status = gd_check_batch(context, net, batch, true, "gradus_net_step", &samples);
    if (status == GRADUS_OK) status = train(context, net, optimizer, &samples, &result);
    if (status == GRADUS_OK || status == GRADUS_NOT_FINITE) *loss = result.loss;
    return status;
}

static gradus_status check_gradients(gradus_context *context, const gradus_net *net, const gradus_tensor *gradients) {
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; status == GRADUS_OK && i < 2 * net->layer_count; i++) {
        const gd_dense dense = net->layers[i / 2].dense;
        char what[64];
        snprintf(what, sizeof what, "gradus_net_loss_gradient: gradients[%zu]", i);
        status = gd_tensor_check_f32(context, &gradients[i], i % 2 ? 1 : dense.inputs, dense.outputs, what);
    }
    return status;
}

gradus_status gradus_net_loss_gradient(gradus_context *context, const gradus_net *net, const gradus_batch *batch, const gradus_tensor *gradients,
                                       double *loss) {
    gd_samples samples;
    gradus_status status = gradients ? check_gradients(context, net, gradients) : GRADUS_OK;
    if (status == GRADUS_OK) status = gd_check_batch(context, net, batch, false, "gradus_net_loss_gradient", &samples);
    if (status != GRADUS_OK) return status;
    gd_step_result result = {0};
    status = pass(context, net, &samples, NULL, NULL, gradients, &result);
    if (status == GRADUS_OK || status == GRADUS_NOT_FINITE) *loss = result.loss;
    return status;
}
