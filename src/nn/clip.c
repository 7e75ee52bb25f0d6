/* Clipping of a net's gradient: what it is, and the factors of clipping by norm. docs/numerics.md, section 8. */
#include "base/detmath.h"
#include "nn/plan.h"

static const double LEAST = 1e-30, MOST = 1e30;

static bool within(double bound) { return bound == 0.0 || (bound >= LEAST && bound <= MOST); }

/* 0 by its bits, whatever the host does to subnormal numbers. */
static double bound_of(double bound) { return bound >= LEAST ? bound : 0.0; }

void gradus_clipping_init_sized(gradus_clipping *clipping, size_t struct_size) {
    const gradus_clipping defaults = {.struct_size = sizeof defaults};
    gd_write_struct(clipping, struct_size, &defaults, sizeof defaults);
}

gradus_status gradus_net_optimizer_set_clipping(gradus_context *context, gradus_optimizer *optimizer, const gradus_clipping *given) {
    gradus_clipping c;
    if (!context) return GRADUS_INVALID_ARGUMENT;
    if (!optimizer) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_optimizer_set_clipping: optimizer is NULL");
    gradus_clipping_init(&c);
    const gradus_status status = gd_read_struct(context, "gradus_clipping", given, &c, sizeof c);
    if (status != GRADUS_OK) return status;
    if (!optimizer->for_net)
        return gd_fail(context, GRADUS_UNSUPPORTED, "gradus_net_optimizer_set_clipping: the optimizer is not a net's (gradus_net_optimizer_create)");
    if (!within(c.value) || !within(c.norm) || !within(c.global_norm))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "clipping: value is %g, norm %g, global_norm %g; expected 0 (none) or 1e-30 to 1e30",
                       c.value, c.norm, c.global_norm);
    if (c.norm > 0.0 && c.global_norm > 0.0)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "clipping: norm and global_norm are both given; one of them must be 0");
    optimizer->clip_value = bound_of(c.value);
    optimizer->clip_global = c.global_norm >= LEAST;
    optimizer->clip_norm = bound_of(optimizer->clip_global ? c.global_norm : c.norm);
    return GRADUS_OK;
}

/* A panel of a layer's weights a task, or all of a narrow layer's; the last task is the bias'. */
static void clip(void *argument, size_t begin, size_t end) {
    gd_clip *c = argument;
    const gd_plan *p = c->plan;
    const gd_layer *layer = &p->net->layers[c->layer];
    const gd_dense dense = layer->dense;
    const gd_nodes *nodes = &p->weights[c->layer].nodes;
    const size_t size = dense.inputs * (gd_dense_narrow(dense) ? dense.outputs : GD_PANEL);
    for (size_t task = begin; task < end && !p->skip; task++) {
        if (task < gd_dense_panels(dense)) {
            gd_update_stage(&p->updates[2 * c->layer], layer->weights + task * size, nodes->weights + task * size, size);
            gd_column_sums(p->context, dense, nodes->weights, GD_SUM_SQUARES, task, c->columns);
        } else {
            gd_update_stage(&p->updates[2 * c->layer + 1], layer->bias, nodes->bias, dense.outputs);
            c->bias_square = gd_sum_of_squares(p->context, nodes->bias, dense.outputs);
        }
    }
}

gd_phase gd_clip_phase(gd_plan *p, size_t layer) { return (gd_phase){clip, &p->clips[layer], gd_dense_panels(p->layers[layer].dense) + 1, 1}; }

/* torch's; a norm that is NaN makes the factor NaN. */
static float factor(const gd_plan *p, double squares) {
    const double f = p->optimizer->clip_norm / (gd_sqrt(squares) + 1e-6);
    return (float)(f > 1.0 ? 1.0 : f);
}

static void factors(void *argument, size_t begin, size_t end) {
    gd_plan *p = argument;
    double squares = 0.0;
    (void)begin;
    (void)end;
    if (p->skip) return;
    for (size_t l = 0; l < p->layer_count; l++) { /* the other stages have been done */
        const gd_clip *c = &p->clips[l];
        const double weights = (double)gd_sum_columns(p->context, c->columns, p->layers[l].dense.outputs), bias = (double)c->bias_square;
        squares += weights;
        squares += bias;
        gd_update_set(&p->updates[2 * l], p->updates[2 * l].formula, (gd_stages){.scale = factor(p, weights)});
        gd_update_set(&p->updates[2 * l + 1], p->updates[2 * l + 1].formula, (gd_stages){.scale = factor(p, bias)});
    }
    if (!p->optimizer->clip_global) return;
    const gd_stages global = {.scale = factor(p, squares)};
    for (size_t i = 0; i < 2 * p->layer_count; i++) gd_update_set(&p->updates[i], p->updates[i].formula, global);
}

gd_phase gd_clip_factors_phase(gd_plan *p) { return (gd_phase){factors, p, 1, 1}; }
