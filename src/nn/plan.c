/* Plans of passes: laying arrays out, cutting large batches into parts, and the phases of a part. */
#include "nn/plan.h"

#include <math.h>
#include <string.h>

enum { LEAST_PART = 512 }; /* samples: with fewer, moving the gradients that wait for each other would be a good part of the work */

/* A part's arrays, a thread: they should stay in its second-level cache, or not far from it. */
static const size_t part_bytes = (size_t)4 << 20;

static size_t greatest(size_t a, size_t b) { return a > b ? a : b; }

/* ---- memory ---- */

static const gd_plan_traits most = {true, true};

static gd_plan_traits traits_of(const gradus_net *net, const gd_samples *samples) {
    return (gd_plan_traits){gd_load_copies(samples, net), samples->drops && net->drops};
}

static bool is_dropped(const gd_layer *layer, bool drops) { return drops && layer->drop_rate.threshold > 0; }

/* Whether outputs behind the dropout would do for the activation's derivative: relu's sees their signs only. */
static bool sees_signs(gradus_activation activation) { return activation == GRADUS_ACTIVATION_RELU || activation == GRADUS_ACTIVATION_IDENTITY; }

/* Places everything in the arena (a measuring one first): the plan itself, which p points at, then what it points at, for parts of n samples. */
static void place(gd_plan *p, const gradus_net *net, gd_plan_traits t, size_t n, size_t nodes, gd_arena *arena) {
    const size_t layers = net->layer_count;
    size_t turned = 0, strips = 0, d = 0;
    (void)gd_arena_take(arena, 1, sizeof *p);
    p->layers = gd_arena_take(arena, layers, sizeof *p->layers);
    p->outputs = gd_arena_take(arena, layers, sizeof *p->outputs);
    p->sums = gd_arena_take(arena, layers, sizeof *p->sums);
    p->forward = gd_arena_take(arena, layers, sizeof *p->forward);
    p->input = gd_arena_take(arena, layers, sizeof *p->input);
    p->weights = gd_arena_take(arena, layers, sizeof *p->weights);
    p->updates = gd_arena_take(arena, 2 * layers, sizeof *p->updates);
    p->phases = gd_arena_take(arena, 3 + layers * (2 + GD_BACKWARD_INPUT_PHASES + GD_BACKWARD_WEIGHTS_PHASES), sizeof *p->phases);
    p->loss.leaf_sums = gd_arena_take(arena, gd_blocks(n, GD_LEAF), sizeof(double));
    p->dropouts = gd_arena_take(arena, layers + 1, sizeof *p->dropouts);
    p->load.rows = t.copies ? gd_arena_take(arena, n, gd_row_stride(net->inputs) * sizeof(float)) : NULL;
    for (size_t l = 0; l < layers; l++) {
        const gd_dense dense = net->layers[l].dense;
        const gradus_activation activation = net->layers[l].activation;
        const bool dropped = is_dropped(&net->layers[l], t.drops),
                   kept = gd_activation_from_input(activation) || (dropped && !sees_signs(activation));
        float *output = gd_arena_take(arena, n, gd_row_stride(dense.outputs) * sizeof(float));
        float *sum = kept ? gd_arena_take(arena, n, gd_row_stride(dense.outputs) * sizeof(float)) : NULL;
        uint8_t *mask = dropped ? gd_arena_take(arena, n, gd_round_up(dense.outputs, GD_ALIGNMENT)) : NULL;
        if (arena->memory) {
            p->outputs[l] = output;
            p->sums[l] = sum;
            p->dropouts[l] = (gd_dropout){.rate = net->layers[l].drop_rate, .kept = mask, .stride = gd_round_up(dense.outputs, GD_ALIGNMENT)};
        }
        if (l > 0) turned = greatest(turned, gd_turned_size(dense, n));
        d = greatest(d, gd_round_up(gd_row_stride(dense.outputs), GD_PANEL));
        strips = greatest(strips, gd_backward_weights_scratch(dense, n));
    }
    for (int i = 0; i < 2; i++) p->d[i] = gd_arena_take(arena, n, d * sizeof(float));
    for (int i = 0; i < 2; i++) p->turned[i] = gd_arena_take(arena, turned, sizeof(float));
    p->strips = gd_arena_take(arena, strips, sizeof(float));
    p->nodes = gd_arena_take(arena, nodes, net->memory_size);
}

static size_t placed(const gradus_net *net, gd_plan_traits t, size_t samples, size_t nodes) {
    gd_arena arena = {NULL, 0};
    gd_plan p;
    place(&p, net, t, samples, nodes, &arena);
    return arena.used;
}

/* How a batch is cut: samples a part, parts, and the nodes that wait for others. What the inputs are and dropout have no say. */
typedef struct cuts {
    size_t samples, parts, nodes;
} cuts;

static cuts cut(const gradus_context *context, const gradus_net *net, size_t count) {
    size_t samples = LEAST_PART;
    while (samples < count && placed(net, (gd_plan_traits){true, false}, 2 * samples, 0) <= part_bytes * context->threads) samples *= 2;
    if (context->test_part_samples > 0) samples = context->test_part_samples;
    const size_t parts = gd_blocks(count, samples), nodes = gd_tree_depth(parts) - 1;
    return (cuts){gd_least(count, samples), parts, greatest(nodes, context->test_separate)};
}

size_t gd_plan_scratch(const gradus_context *context, const gradus_net *net, size_t count) {
    const cuts c = cut(context, net, count);
    return placed(net, most, c.samples, c.nodes);
}

static bool same_layer(const gd_layer *a, const gd_layer *b) {
    return a->dense.inputs == b->dense.inputs && a->dense.outputs == b->dense.outputs && a->activation == b->activation && a->weights == b->weights &&
           memcmp(&a->drop_rate, &b->drop_rate, sizeof a->drop_rate) == 0;
}

/* Whether a plan says what a new one would. Nothing it points at is looked into: the net may have come to where another was. */
static bool fits(const gd_plan *p, const gradus_context *context, const gradus_net *net, const gd_samples *samples) {
    const gd_plan_traits t = traits_of(net, samples);
    if (!p || p->kernels != context->kernels || p->net != net || p->layer_count != net->layer_count || p->samples.count != samples->count ||
        p->traits.copies != t.copies || p->traits.drops != t.drops || p->loss.kind != net->loss ||
        memcmp(&p->loss.label_smoothing, &net->label_smoothing, sizeof net->label_smoothing) != 0 || /* by bits: the host may have DAZ on */
        memcmp(&p->dropouts[p->layer_count].rate, &net->input_drop_rate, sizeof net->input_drop_rate) != 0)
        return false;
    for (size_t l = 0; l < net->layer_count; l++)
        if (!same_layer(&p->layers[l], &net->layers[l])) return false;
    return true;
}

/* A plan in the context's scratch, without phases yet. */
static gradus_status lay_out(gradus_context *context, const gradus_net *net, const gd_samples *samples, gd_plan **found) {
    const cuts c = cut(context, net, samples->count);
    const gd_plan_traits t = traits_of(net, samples);
    void *memory;
    gradus_status status = gd_context_scratch(context, placed(net, t, c.samples, c.nodes), &memory);
    if (status != GRADUS_OK) return status;
    gd_arena arena = {memory, 0};
    gd_plan *p = *found = memory;
    place(p, net, t, c.samples, c.nodes, &arena);
    p->traits = t;
    p->context = context;
    p->kernels = context->kernels;
    p->net = net;
    p->layer_count = net->layer_count;
    p->part_samples = c.samples;
    p->parts = c.parts;
    for (size_t l = 0; l < net->layer_count; l++) p->layers[l] = net->layers[l];
    return GRADUS_OK;
}

gradus_status gd_plan_find(gradus_context *context, const gradus_net *net, const gd_samples *samples, gradus_net *trained,
                           const gradus_tensor *gradients, gd_plan **plan) {
    gd_plan *p = context->plan;
    if (!trained || !fits(p, context, net, samples)) {
        gradus_status status = lay_out(context, net, samples, &p);
        if (status != GRADUS_OK) return status;
    }
    p->samples = *samples;
    p->trained = trained;
    p->gradients = gradients;
    *plan = p;
    return GRADUS_OK;
}

void gd_plan_test_mode(gradus_context *context, size_t part_samples, bool separate) {
    context->test_part_samples = part_samples;
    context->test_separate = separate;
    context->plan = NULL;
}

/* ---- phases ---- */

/* One task: the mean loss so far, and whether it may be trained on. What is not finite stays so, whatever other parts add. */
static void join_loss(void *argument, size_t begin, size_t end) {
    gd_plan *p = argument;
    (void)begin;
    (void)end;
    for (size_t leaf = 0; leaf < gd_blocks(p->count, GD_LEAF); leaf++) gd_tree_add(&p->tree, p->loss.leaf_sums[leaf]);
    p->sum = gd_tree_total(&p->tree);
    p->mean = p->sum / gd_loss_divisor(p->net->loss, p->samples.count, gradus_net_outputs(p->net));
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
    p->load.order = p->loss.order = p->samples.order;
    for (size_t l = 0; p->traits.drops && l <= p->layer_count; l++) {
        const uint32_t index = l < p->layer_count ? (uint32_t)l : GD_DROP_INPUTS;
        p->dropouts[l].stream = gd_stream_make(p->samples.seed, p->samples.step, index, GD_PURPOSE_DROPOUT);
        p->dropouts[l].first = p->first;
    }
}

static const gd_dropout *dropout_of(const gd_plan *p, size_t l) { return is_dropped(&p->layers[l], p->traits.drops) ? &p->dropouts[l] : NULL; }

static void plan_load(gd_plan *p) {
    gd_dropout *dropout = &p->dropouts[p->layer_count];
    *dropout = (gd_dropout){.rate = p->net->input_drop_rate};
    p->load.inputs = &p->samples.inputs;
    p->load.first = p->first;
    p->load.samples = p->count;
    p->load.dropout = p->traits.drops && dropout->rate.threshold > 0 ? dropout : NULL;
    take_samples(p);
}

static void plan_forward(gd_plan *p) {
    const size_t n = p->count, last = p->net->layer_count - 1, outputs = gradus_net_outputs(p->net);
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
    p->loss.kind = p->net->loss;
    p->loss.activation = p->net->layers[last].activation;
    p->loss.label_smoothing = p->net->label_smoothing;
    p->loss.outputs = outputs;
    p->loss.samples = n;
    p->loss.first = p->first;
    p->loss.y = p->outputs[last];
    p->loss.z = p->sums[last];
    p->loss.targets = &p->samples.targets;
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
    const size_t open = gd_tree_open(p->part);
    const bool last = p->part + 1 == p->parts;
    gd_backward_weights *w = &p->weights[l];
    gd_phase phases[GD_BACKWARD_WEIGHTS_PHASES];
    *w = (gd_backward_weights){.context = p->context,
                               .dense = layer->dense,
                               .d = p->d[(p->net->layer_count - 1 - l) % 2],
                               .strips = p->strips,
                               .samples = p->count,
                               .skip = &p->skip};
    if (p->parts > 1 || p->separate)
        w->nodes = (gd_nodes){.weights = p->nodes + (layer->weights - p->net->memory),
                              .bias = p->nodes + (layer->bias - p->net->memory),
                              .size = p->net->memory_size / sizeof(float),
                              .open = open,
                              .joins = last ? open : gd_tree_joins(p->part),
                              .keep = !last || p->separate};
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
    p->forward[0].x = layer_inputs(p, 0, &p->forward[0].x_stride);
    p->weights[0].x = layer_inputs(p, 0, &p->weights[0].x_stride);
}

static void plan(gd_plan *p) {
    const gradus_net *net = p->net;
    const size_t layers = net->layer_count;
    const bool last = p->part + 1 == p->parts;
    p->separate = p->trained && p->context->test_separate;
    p->loss.scale = (float)(1.0 / gd_loss_divisor(net->loss, p->samples.count, gradus_net_outputs(net)));
    p->loss.d = p->trained || p->gradients ? p->d[0] : NULL;
    p->operations = 0.0;
    p->phase_count = p->abandonable = 0;
    plan_forward(p);
    for (size_t l = layers; p->loss.d && l-- > 0;) { /* to the layer's input before its own weights change */
        if (l > 0) plan_input(p, l);
        plan_weights(p, l);
    }
    if (p->abandonable == 0) p->abandonable = p->phase_count;
    for (size_t l = 0; p->separate && last && l < layers; l++) add_phases(p, (gd_phase[]){gd_update_phase(&p->weights[l])}, 1, update(p, l));
}

void gd_plan_part(gd_plan *p, size_t part) {
    p->part = part;
    p->first = part * p->part_samples;
    p->count = gd_least(p->samples.count - p->first, p->part_samples);
    if (p->context->plan == p) {
        take_inputs(p);
        return;
    }
    plan(p);
    p->context->plan = p->trained && p->parts == 1 ? p : NULL;
}
