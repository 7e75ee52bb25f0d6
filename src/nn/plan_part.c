/* The phases of a part of a pass over a batch: forward, the loss, back, and the updates. */
#include <math.h>

#include "nn/plan.h"

/* One task: the mean loss so far, and whether it may be trained on. What is not finite stays so, whatever other parts add. */
static void join_loss(void *argument, size_t begin, size_t end) {
    gd_plan *p = argument;
    (void)begin;
    (void)end;
    for (size_t leaf = 0; leaf < gd_blocks(p->count, GD_LEAF); leaf++) {
        gd_tree_add(&p->tree, p->loss.leaf_sums[leaf]);
        p->right += p->loss.leaf_right[leaf];
    }
    p->sum = gd_tree_total(&p->tree);
    p->mean = p->sum / gd_loss_divisor(p->loss.kind, p->weight, p->loss.outputs);
    p->skip = !isfinite(p->mean);
}

/* What each layer reads: the batch or the layer before. */
static const float *layer_inputs(const gd_plan *p, size_t l, size_t *stride) {
    if (l == 0) return gd_load_rows(&p->load, stride);
    *stride = gd_row_stride(p->net->layers[l - 1].dense.outputs);
    return p->outputs[l - 1];
}

/* Those that have anything to do; so many operations are the last one's. */
static void add_phases(gd_plan *p, const gd_phase *phases, size_t count, double operations) {
    for (size_t i = 0; i < count; i++)
        if (phases[i].count > 0) p->phases[p->phase_count++] = phases[i];
    if (phases[count - 1].count > phases[count - 1].grain) p->operations += operations;
}

static double weights_of(const gd_plan *p, size_t l) { return (double)p->net->layers[l].dense.inputs * (double)p->net->layers[l].dense.outputs; }

static double product(const gd_plan *p, size_t l) { return (2.0 * (double)p->count + GD_WEIGHT) * weights_of(p, l); }

/* Of an optimizer with two states, as most have. */
static double update(const gd_plan *p, size_t l) { return 4.0 * GD_ELEMENT * weights_of(p, l); }

/* What changes from batch to batch of a shape. */
static void take_samples(gd_plan *p) {
    p->load.inputs = &p->samples->inputs;
    p->load.order = p->loss.order = p->samples->order;
    p->load.scaling = p->net->scaling;
    p->loss.targets = &p->samples->targets;
    const double n = p->samples->weights.data ? p->samples->total_weight : (double)p->samples->total;
    p->loss.weights = p->samples->weights.data ? &p->samples->weights : NULL;
    p->loss.scale = (float)(1.0 / gd_loss_divisor(p->loss.kind, n, p->loss.outputs));
    for (size_t l = 0; p->traits.drops && l <= p->layer_count; l++) {
        const uint32_t index = l < p->layer_count ? (uint32_t)l : GD_DROP_INPUTS;
        p->dropouts[l].stream = gd_stream_make(p->samples->seed, p->samples->step, index, GD_PURPOSE_DROPOUT);
        p->dropouts[l].first = p->samples->first + p->first;
    }
}

static const gd_dropout *dropout_of(const gd_plan *p, size_t l) { return gd_layer_drops(&p->layers[l], p->traits) ? &p->dropouts[l] : NULL; }

static void plan_load(gd_plan *p) {
    gd_dropout *dropout = &p->dropouts[p->layer_count];
    *dropout = (gd_dropout){.rate = p->net->input_drop_rate};
    p->load.first = p->first;
    p->load.samples = p->count;
    p->load.dropout = p->traits.drops && dropout->rate.threshold > 0 ? dropout : NULL;
    take_samples(p);
}

static void plan_forward(gd_plan *p) {
    const size_t n = p->count, last = p->net->layer_count - 1, outputs = gradus_net_outputs(p->net);
    p->loss.kind = p->net->loss;
    p->loss.outputs = outputs;
    plan_load(p);
    add_phases(p, (gd_phase[]){gd_load_phase(&p->load)}, 1, 0.0);
    for (size_t l = 0; l <= last; l++) {
        const gd_layer *layer = &p->net->layers[l];
        gd_forward *forward = &p->forward[l];
        const bool from_input = gd_activation_from_input(layer->activation);
        *forward = (gd_forward){.context = p->context,
                                .dense = layer->dense,
                                .weights = layer->weights,
                                .bias = layer->bias,
                                .y = p->outputs[l],
                                .z = from_input ? p->sums[l] : NULL,
                                .dropout = dropout_of(p, l),
                                .undropped = from_input ? NULL : p->sums[l],
                                .y_stride = gd_row_stride(layer->dense.outputs),
                                .samples = n,
                                .activation = l == last ? gd_loss_forward_activation(p->net) : layer->activation};
        forward->x = layer_inputs(p, l, &forward->x_stride);
        add_phases(p, (gd_phase[]){gd_forward_phase(forward)}, 1, product(p, l));
    }
    p->loss.context = p->context;
    p->loss.activation = p->net->layers[last].activation;
    p->loss.label_smoothing = p->net->label_smoothing;
    p->loss.samples = n;
    p->loss.first = p->first;
    p->loss.y = p->outputs[last];
    p->loss.z = p->sums[last];
    p->loss.y_stride = p->loss.d_stride = gd_row_stride(outputs);
    add_phases(p, (gd_phase[]){gd_loss_phase(&p->loss), {join_loss, p, 1, 1}}, 2, 0.0);
}

/* How the gradients by a layer's outputs lie: as the loss gives them, or as dX of the next layer does. */
static void gradient_strides(const gd_plan *p, size_t l, size_t *stride, size_t *panel) {
    const bool panels = l + 1 < p->net->layer_count && !gd_dense_narrow(p->net->layers[l].dense);
    *stride = panels ? GD_PANEL : gd_row_stride(p->net->layers[l].dense.outputs);
    *panel = panels ? p->count * GD_PANEL : GD_PANEL;
}

/* To a layer's input. */
static void plan_input(gd_plan *p, size_t l) {
    const gd_layer *layer = &p->net->layers[l];
    const size_t layers = p->net->layer_count, now = (layers - 1 - l) % 2, next = 1 - now;
    gd_backward_input *b = &p->input[l];
    gd_phase phases[GD_BACKWARD_INPUT_PHASES];
    *b = (gd_backward_input){.context = p->context,
                             .dense = layer->dense,
                             .dropout = dropout_of(p, l - 1),
                             .weights = layer->weights,
                             .d = p->d[now],
                             .d_turned = l + 1 < layers,
                             .turned = p->turned[now],
                             .from = p->sums[l - 1] ? p->sums[l - 1] : p->outputs[l - 1],
                             .dx = p->d[next],
                             .dx_turned = l > 1 && !gd_dense_narrow(p->net->layers[l - 1].dense) ? p->turned[next] : NULL,
                             .from_stride = gd_row_stride(layer->dense.inputs),
                             .samples = p->count,
                             .activation = p->net->layers[l - 1].activation};
    gradient_strides(p, l, &b->d_stride, &b->d_panel);
    gradient_strides(p, l - 1, &b->dx_stride, &b->dx_panel);
    gd_backward_input_phases(b, phases);
    add_phases(p, phases, GD_BACKWARD_INPUT_PHASES, product(p, l));
}

/* To a layer's parameters. The part's gradient is an item of the tree over the parts, each of which is a node of the tree over the leaves. */
static void plan_weights(gd_plan *p, size_t l) {
    const gd_layer *layer = &p->net->layers[l];
    const size_t open = gd_tree_open(p->item);
    gd_backward_weights *w = &p->weights[l];
    gd_phase phases[GD_BACKWARD_WEIGHTS_PHASES];
    *w = (gd_backward_weights){.context = p->context,
                               .dense = layer->dense,
                               .d = p->d[(p->net->layer_count - 1 - l) % 2],
                               .strips = p->strips,
                               .samples = p->count,
                               .skip = &p->skip};
    if (!p->whole || p->traits.separate)
        w->nodes = (gd_nodes){.weights = p->nodes + (layer->weights - p->net->memory),
                              .bias = p->nodes + (layer->bias - p->net->memory),
                              .size = p->net->memory_size / sizeof(float),
                              .open = open,
                              .joins = p->last ? open : gd_tree_joins(p->item),
                              .keep = !p->last || p->traits.separate};
    w->x = layer_inputs(p, l, &w->x_stride);
    gradient_strides(p, l, &w->d_stride, &w->d_panel);
    if (p->trained) {
        w->weights = p->trained->layers[l].weights;
        w->bias = p->trained->layers[l].bias;
        w->weights_update = &p->updates[2 * l];
        w->bias_update = &p->updates[2 * l + 1];
    } else {
        w->weights_gradient = p->gradients[2 * l];
        w->bias_gradient = p->gradients[2 * l + 1];
    }
    const bool updates = p->trained && !w->nodes.keep;
    gd_backward_weights_phases(w, phases);
    add_phases(p, phases, GD_BACKWARD_WEIGHTS_PHASES, product(p, l) + (updates ? update(p, l) : 0.0));
    if (updates && p->abandonable == 0) p->abandonable = p->phase_count - 1; /* a layer's last phase has tasks always */
}

/* The batch's data go through a plan that was made for another of its shape. */
static void take_inputs(gd_plan *p) {
    take_samples(p);
    p->forward[0].x = p->weights[0].x = layer_inputs(p, 0, &p->forward[0].x_stride);
    p->weights[0].x_stride = p->forward[0].x_stride;
}

static void plan_clipping(gd_plan *p) {
    for (size_t l = 0; l < p->layer_count; l++) add_phases(p, (gd_phase[]){gd_clip_phase(p, l)}, 1, GD_ELEMENT * weights_of(p, l));
    add_phases(p, (gd_phase[]){gd_clip_factors_phase(p)}, 1, 0.0);
}

static void plan(gd_plan *p) {
    const gradus_net *net = p->net;
    const size_t layers = net->layer_count;
    p->loss.d = p->trained || p->gradients ? p->d[0] : NULL;
    p->operations = 0.0;
    p->phase_count = p->abandonable = 0;
    plan_forward(p);
    for (size_t l = layers; p->loss.d && l-- > 0;) { /* to the layer's input before its own weights change */
        if (l > 0) plan_input(p, l);
        plan_weights(p, l);
    }
    if (p->traits.clips && p->last) plan_clipping(p);
    if (p->abandonable == 0) p->abandonable = p->phase_count;
    for (size_t l = 0; p->traits.separate && p->last && l < layers; l++)
        add_phases(p, (gd_phase[]){gd_update_phase(&p->weights[l])}, 1, update(p, l));
}

/* The part is a node of the tree over the global batch's leaves: as many leaves as its alignment and what is left allow. The last one of all may lack
 * some of its leaves. */
static void choose_part(gd_plan *p, size_t first) {
    const gd_samples *all = p->samples;
    const size_t at = all->first + first, left = all->count - first;
    size_t span = p->span;
    const bool ends = all->first + all->count == all->total;
    while (at % span != 0 || (!ends && span > left)) span /= 2;
    p->first = first;
    p->count = gd_least(left, span);
    p->item = at / span;
    p->last = at + p->count == all->total;
    p->whole = p->count == all->total;
}

void gd_plan_part(gd_plan *p, size_t first) {
    if (p->context->plan == p) {
        take_inputs(p);
        return;
    }
    choose_part(p, first);
    plan(p);
    p->context->plan = p->trained && p->whole ? p : NULL;
}
