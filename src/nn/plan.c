/* Plans of passes: laying arrays out, and how large batches are cut into parts. */
#include "nn/plan.h"

#include <string.h>

enum { LEAST_PART = 512 }; /* samples: with fewer, moving the gradients that wait for each other would be a good part of the work */

/* A part's arrays, a thread: they should stay in its second-level cache, or not far from it. */
static const size_t part_bytes = (size_t)4 << 20;

static size_t greatest(size_t a, size_t b) { return a > b ? a : b; }

static const gd_plan_traits most = {.copies = true, .drops = true};

static gd_plan_traits traits_of(const gradus_context *context, const gradus_net *net, const gd_samples *samples, const gradus_optimizer *optimizer) {
    const bool clips = optimizer && optimizer->clip_norm > 0.0;
    return (gd_plan_traits){.copies = gd_load_copies(samples, net),
                            .drops = samples->drops && net->drops,
                            .whole = samples->count == samples->total,
                            .separate = clips || (optimizer && context->test_separate),
                            .lends = optimizer && gd_optimizer_lends(optimizer, samples),
                            .clips = clips};
}

static bool same_traits(gd_plan_traits a, gd_plan_traits b) {
    return a.copies == b.copies && a.drops == b.drops && a.whole == b.whole && a.separate == b.separate && a.lends == b.lends && a.clips == b.clips;
}

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
    p->formulas = gd_arena_take(arena, 2 * layers, sizeof *p->formulas);
    p->phases = gd_arena_take(arena, 4 + layers * (3 + GD_BACKWARD_INPUT_PHASES + GD_BACKWARD_WEIGHTS_PHASES), sizeof *p->phases);
    p->clips = gd_arena_take(arena, t.clips ? layers : 0, sizeof *p->clips);
    p->loss.leaf_sums = gd_arena_take(arena, gd_blocks(n, GD_LEAF), sizeof(double));
    p->loss.leaf_right = gd_arena_take(arena, gd_blocks(n, GD_LEAF), sizeof(uint32_t));
    p->dropouts = gd_arena_take(arena, layers + 1, sizeof *p->dropouts);
    p->load.rows = t.copies ? gd_arena_take(arena, n, gd_row_stride(net->inputs) * sizeof(float)) : NULL;
    for (size_t l = 0; l < layers; l++) {
        const gd_dense dense = net->layers[l].dense;
        const gradus_activation activation = net->layers[l].activation;
        const bool dropped = gd_layer_drops(&net->layers[l], t), kept = gd_activation_from_input(activation) || (dropped && !sees_signs(activation));
        float *output = gd_arena_take(arena, n, gd_row_stride(dense.outputs) * sizeof(float));
        float *sum = kept ? gd_arena_take(arena, n, gd_row_stride(dense.outputs) * sizeof(float)) : NULL;
        float *columns = t.clips ? gd_arena_take(arena, dense.outputs, sizeof(float)) : NULL;
        uint8_t *mask = dropped ? gd_arena_take(arena, n, gd_round_up(dense.outputs, GD_ALIGNMENT)) : NULL;
        if (arena->memory && t.clips) p->clips[l] = (gd_clip){.plan = p, .layer = l, .columns = columns};
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

/* How a batch is cut: the most samples of a part, and how many samples and nodes that wait for others there is room for. What the inputs are and
 * dropout have no say. */
typedef struct cuts {
    size_t span, samples, nodes;
} cuts;

static cuts cut(const gradus_context *context, const gradus_net *net, size_t count, bool lends) {
    size_t span = LEAST_PART;
    while (span < count && placed(net, (gd_plan_traits){.copies = true}, 2 * span, 0) <= part_bytes * context->threads) span *= 2;
    if (context->test_part_samples > 0) span = context->test_part_samples;
    const size_t nodes = gd_tree_depth(gd_blocks(count, span)) - 1;
    return (cuts){span, gd_least(count, span), lends ? 0 : greatest(nodes, context->test_separate)};
}

size_t gd_plan_scratch(const gradus_context *context, const gradus_net *net, size_t count) {
    const cuts c = cut(context, net, count, false);
    return placed(net, most, c.samples, c.nodes);
}

static bool same_layer(const gd_layer *a, const gd_layer *b) {
    return a->dense.inputs == b->dense.inputs && a->dense.outputs == b->dense.outputs && a->activation == b->activation && a->weights == b->weights &&
           memcmp(&a->drop_rate, &b->drop_rate, sizeof a->drop_rate) == 0;
}

/* Whether a plan says what a new one would. Nothing it points at is looked into: the net may have come to where another was. */
static bool fits(const gd_plan *p, const gradus_context *context, const gradus_net *net, const gd_samples *samples, const gradus_optimizer *optimizer,
                 gd_plan_traits t) {
    if (!p || p->kernels != context->kernels || p->net != net || p->optimizer != optimizer || p->algorithm != optimizer->algorithm ||
        p->states != optimizer->states || p->layer_count != net->layer_count || p->sample_count != samples->count || !same_traits(p->traits, t) ||
        p->loss.kind != net->loss ||
        memcmp(&p->loss.label_smoothing, &net->label_smoothing, sizeof net->label_smoothing) != 0 || /* by bits: the host may have DAZ on */
        memcmp(&p->dropouts[p->layer_count].rate, &net->input_drop_rate, sizeof net->input_drop_rate) != 0)
        return false;
    for (size_t l = 0; l < net->layer_count; l++)
        if (!same_layer(&p->layers[l], &net->layers[l])) return false;
    return true;
}

/* A plan in the context's scratch, without phases yet. */
static gradus_status lay_out(gradus_context *context, const gradus_net *net, const gradus_optimizer *optimizer, size_t count, gd_plan_traits t,
                             gd_plan **found) {
    const cuts c = cut(context, net, count, t.lends);
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
    p->span = c.span;
    p->sample_count = count;
    for (size_t l = 0; l < net->layer_count; l++) p->layers[l] = net->layers[l];
    if (!optimizer) return GRADUS_OK;
    p->algorithm = optimizer->algorithm;
    p->states = optimizer->states;
    for (size_t i = 0; i < optimizer->count; i++) p->updates[i] = (gd_update){.formula = NULL};
    gd_optimizer_bind(optimizer, p->updates);
    return GRADUS_OK;
}

gradus_status gd_plan_find(gradus_context *context, const gradus_net *net, const gd_samples *samples, gradus_net *trained,
                           gradus_optimizer *optimizer, const gradus_tensor *gradients, gd_plan **plan) {
    const gd_plan_traits t = traits_of(context, net, samples, optimizer);
    gd_plan *p = context->plan;
    if (!trained || !fits(p, context, net, samples, optimizer, t) || (t.lends && p->nodes != optimizer->accumulation.nodes)) {
        gradus_status status = lay_out(context, net, optimizer, samples->count, t, &p);
        if (status != GRADUS_OK) return status;
    }
    p->samples = samples;
    p->trained = trained;
    p->optimizer = optimizer;
    p->gradients = gradients;
    if (t.lends) p->nodes = optimizer->accumulation.nodes;
    *plan = p;
    return GRADUS_OK;
}

void gd_plan_test_mode(gradus_context *context, size_t part_samples, bool separate) {
    context->test_part_samples = part_samples;
    context->test_separate = separate;
    context->plan = NULL;
}
