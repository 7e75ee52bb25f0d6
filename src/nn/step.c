/* One pass forward and back over a batch: the training step (with the optimizer on each finished tile of the gradient) and the plain loss gradient.
 * One list of phases, no allocation but the context's scratch. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fp.h"
#include "nn/loss.h"
#include "nn/net.h"

/* A pass's own things, all in the context's scratch, where the next step finds them: as long as the scratch, the net's layers and the batch's shape are
 * the same, it only takes other data through them. */
typedef struct pass {
    gradus_context *context;
    const void *kernels; /* the context's table when it was planned, to recognise it */
    const gradus_net *net;
    gd_layer *layers; /* the net's, when it was planned */
    size_t layer_count;
    double operations; /* of products and updates that threads can share: a rough number */
    gd_samples samples;
    gd_load load;
    gd_loss loss;
    double sum, mean;    /* of the loss: undivided, and over the batch */
    int skip;            /* the loss was not finite: parameters and states stay */
    float **outputs;     /* [layer]: [samples][row stride] */
    float **sums;        /* [layer]: the same before the activation, where its derivative asks for it, else NULL */
    float *gradients[2]; /* d of a layer and of the one before it, in turn */
    float *turned[2];    /* the same, turned */
    float *strips;
    gd_forward *forward;          /* [layer] */
    gd_backward_input *input;     /* [layer] */
    gd_backward_weights *weights; /* [layer] */
    gd_update *updates;           /* [2 * layer] */
    gd_phase *phases;
    size_t phase_count, before_update; /* phases; how many of them change nothing yet */
} pass;

static size_t greatest(size_t a, size_t b) { return a > b ? a : b; }

/* Places everything in the arena (a measuring one first): the pass itself, which p points at, then what it points at. */
static void place(pass *p, const gradus_net *net, const gd_samples *samples, gd_arena *arena) {
    const size_t layers = net->layer_count, n = samples->count;
    size_t turned = 0, strips = 0, d = 0;
    (void)gd_arena_take(arena, 1, sizeof *p);
    p->layers = gd_arena_take(arena, layers, sizeof *p->layers);
    p->outputs = gd_arena_take(arena, layers, sizeof *p->outputs);
    p->sums = gd_arena_take(arena, layers, sizeof *p->sums);
    p->forward = gd_arena_take(arena, layers, sizeof *p->forward);
    p->input = gd_arena_take(arena, layers, sizeof *p->input);
    p->weights = gd_arena_take(arena, layers, sizeof *p->weights);
    p->updates = gd_arena_take(arena, 2 * layers, sizeof *p->updates);
    p->phases = gd_arena_take(arena, 3 + layers * (1 + GD_BACKWARD_INPUT_PHASES + GD_BACKWARD_WEIGHTS_PHASES), sizeof *p->phases);
    p->loss.leaf_sums = gd_arena_take(arena, (n + GD_LEAF - 1) / GD_LEAF, sizeof(double));
    p->load.rows = NULL;
    if (samples->inputs.dtype == GRADUS_DTYPE_U8) p->load.rows = gd_arena_take(arena, n, gd_row_stride(net->inputs) * sizeof(float));
    for (size_t l = 0; l < layers; l++) {
        const gd_dense dense = net->layers[l].dense;
        const bool from_input = gd_activation_from_input(net->layers[l].activation);
        float *output = gd_arena_take(arena, n, gd_row_stride(dense.outputs) * sizeof(float));
        float *sum = from_input ? gd_arena_take(arena, n, gd_row_stride(dense.outputs) * sizeof(float)) : NULL;
        if (arena->memory) {
            p->outputs[l] = output;
            p->sums[l] = sum;
        }
        if (l > 0) turned = greatest(turned, gd_turned_size(dense, n));
        d = greatest(d, gd_round_up(gd_row_stride(dense.outputs), GD_PANEL));
        strips = greatest(strips, gd_backward_weights_scratch(dense, n));
    }
    for (int i = 0; i < 2; i++) p->gradients[i] = gd_arena_take(arena, n, d * sizeof(float));
    for (int i = 0; i < 2; i++) p->turned[i] = gd_arena_take(arena, turned, sizeof(float));
    p->strips = gd_arena_take(arena, strips, sizeof(float));
}

size_t gd_step_scratch(const gradus_net *net, size_t count) {
    const gd_samples samples = {.inputs = {.dtype = GRADUS_DTYPE_U8}, .count = count}; /* the type that needs most */
    gd_arena arena = {NULL, 0};
    pass p;
    place(&p, net, &samples, &arena);
    return arena.used;
}

/* One task: the mean loss, and whether it may be trained on. */
static void join_loss(void *argument, size_t begin, size_t end) {
    pass *p = argument;
    gd_tree tree = {.top = 0};
    (void)begin;
    (void)end;
    for (size_t leaf = 0; leaf < (p->samples.count + GD_LEAF - 1) / GD_LEAF; leaf++) gd_tree_add(&tree, p->loss.leaf_sums[leaf]);
    p->sum = gd_tree_total(&tree);
    p->mean = p->sum / gd_loss_divisor(p->net->loss, p->samples.count, gradus_net_outputs(p->net));
    p->skip = !isfinite(p->mean);
}

/* What each layer reads: the batch or the layer before. */
static const float *layer_inputs(const pass *p, size_t l, size_t *stride) {
    if (l == 0) return gd_load_rows(&p->load, stride);
    *stride = gd_row_stride(p->net->layers[l - 1].dense.outputs);
    return p->outputs[l - 1];
}

/* Those that have anything to do; so many operations are the last one's. */
static void add_phases(pass *p, const gd_phase *phases, size_t count, double operations) {
    for (size_t i = 0; i < count; i++)
        if (phases[i].count > 0) p->phases[p->phase_count++] = phases[i];
    if (phases[count - 1].count > phases[count - 1].grain) p->operations += operations;
}

static double weights_of(const pass *p, size_t l) { return (double)p->net->layers[l].dense.inputs * (double)p->net->layers[l].dense.outputs; }

static double product(const pass *p, size_t l) { return 2.0 * (double)p->samples.count * weights_of(p, l); }

/* Of an optimizer with two states, as most have. */
static double update(const pass *p, size_t l) { return 4.0 * GD_ELEMENT * weights_of(p, l); }

static void plan_forward(pass *p) {
    const size_t n = p->samples.count, last = p->net->layer_count - 1, outputs = gradus_net_outputs(p->net);
    p->load.inputs = &p->samples.inputs;
    p->load.first = 0;
    p->load.samples = n;
    add_phases(p, (gd_phase[]){gd_load_phase(&p->load)}, 1, 0.0);
    for (size_t l = 0; l <= last; l++) {
        const gd_layer *layer = &p->net->layers[l];
        gd_forward *forward = &p->forward[l];
        *forward = (gd_forward){.context = p->context,
                                .dense = layer->dense,
                                .weights = layer->weights,
                                .bias = layer->bias,
                                .y = p->outputs[l],
                                .z = p->sums[l],
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
    p->loss.first = 0;
    p->loss.y = p->outputs[last];
    p->loss.z = p->sums[last];
    p->loss.targets = &p->samples.targets;
    p->loss.y_stride = p->loss.d_stride = gd_row_stride(outputs);
    add_phases(p, (gd_phase[]){gd_loss_phase(&p->loss), {join_loss, p, 1, 1}}, 2, 0.0);
}

/* How the gradients by a layer's outputs lie: as the loss gives them, or as dX of the next layer does. */
static void gradient_strides(const pass *p, size_t l, size_t *stride, size_t *panel) {
    const bool panels = l + 1 < p->net->layer_count && !gd_dense_narrow(p->net->layers[l].dense);
    *stride = panels ? GD_PANEL : gd_row_stride(p->net->layers[l].dense.outputs);
    *panel = panels ? p->samples.count * GD_PANEL : GD_PANEL;
}

/* From the last layer to the first: to the layer's input before its own weights change. */
static void plan_backward(pass *p, gradus_net *trained, const gradus_tensor *gradients) {
    const size_t n = p->samples.count, layers = p->net->layer_count;
    p->before_update = 0;
    for (size_t l = layers; l-- > 0;) {
        const gd_layer *layer = &p->net->layers[l];
        const size_t now = (layers - 1 - l) % 2, next = 1 - now;
        const float *d = p->gradients[now];
        gd_backward_weights *w = &p->weights[l];
        size_t stride, panel;
        gd_phase phases[GD_BACKWARD_INPUT_PHASES + GD_BACKWARD_WEIGHTS_PHASES];
        gradient_strides(p, l, &stride, &panel);
        if (l > 0) {
            gd_backward_input *b = &p->input[l];
            *b = (gd_backward_input){.context = p->context,
                                     .dense = layer->dense,
                                     .weights = layer->weights,
                                     .d = d,
                                     .d_turned = l + 1 < layers,
                                     .turned = p->turned[now],
                                     .from = p->sums[l - 1] ? p->sums[l - 1] : p->outputs[l - 1],
                                     .dx = p->gradients[next],
                                     .dx_turned = l > 1 && !gd_dense_narrow(p->net->layers[l - 1].dense) ? p->turned[next] : NULL,
                                     .d_stride = stride,
                                     .d_panel = panel,
                                     .from_stride = gd_row_stride(layer->dense.inputs),
                                     .samples = n,
                                     .activation = p->net->layers[l - 1].activation};
            gradient_strides(p, l - 1, &b->dx_stride, &b->dx_panel);
            gd_backward_input_phases(b, phases);
            add_phases(p, phases, GD_BACKWARD_INPUT_PHASES, product(p, l));
        }
        *w = (gd_backward_weights){.context = p->context,
                                   .dense = layer->dense,
                                   .d = d,
                                   .d_stride = stride,
                                   .d_panel = panel,
                                   .strips = p->strips,
                                   .samples = n,
                                   .skip = &p->skip};
        w->x = layer_inputs(p, l, &w->x_stride);
        if (trained) {
            w->weights = trained->layers[l].weights;
            w->bias = trained->layers[l].bias;
            w->weights_update = &p->updates[2 * l];
            w->bias_update = &p->updates[2 * l + 1];
        } else {
            w->weights_gradient = gradients[2 * l];
            w->bias_gradient = gradients[2 * l + 1];
        }
        gd_backward_weights_phases(w, phases);
        add_phases(p, phases, GD_BACKWARD_WEIGHTS_PHASES, product(p, l) + (trained ? update(p, l) : 0.0));
        if (p->before_update == 0) p->before_update = p->phase_count - 1; /* a layer's last phase has tasks always */
    }
}

/* trained NULL: the gradients go to the caller's tensors (NULL: the loss only). */
static void plan(pass *p, gradus_net *trained, const gradus_tensor *gradients) {
    const gradus_net *net = p->net;
    p->loss.scale = (float)(1.0 / gd_loss_divisor(net->loss, p->samples.count, gradus_net_outputs(net)));
    p->loss.d = trained || gradients ? p->gradients[0] : NULL;
    p->operations = 0.0;
    p->phase_count = 0;
    plan_forward(p);
    p->before_update = p->phase_count;
    if (p->loss.d) plan_backward(p, trained, gradients);
}

/* The batch's data go through a plan that was made for another of its shape. */
static void take_inputs(pass *p) {
    p->forward[0].x = layer_inputs(p, 0, &p->forward[0].x_stride);
    p->weights[0].x = layer_inputs(p, 0, &p->weights[0].x_stride);
}

static bool same_layer(const gd_layer *a, const gd_layer *b) {
    return a->dense.inputs == b->dense.inputs && a->dense.outputs == b->dense.outputs && a->activation == b->activation && a->weights == b->weights;
}

/* Whether a plan says what a new one would. Nothing it points at is looked into: the net may have come to where another was. */
static bool fits(const pass *p, const gradus_context *context, const gradus_net *net, const gd_samples *samples) {
    if (!p || p->kernels != context->kernels || p->net != net || p->layer_count != net->layer_count || p->samples.count != samples->count ||
        p->samples.inputs.dtype != samples->inputs.dtype || p->loss.kind != net->loss ||
        memcmp(&p->loss.label_smoothing, &net->label_smoothing, sizeof net->label_smoothing) != 0) /* by bits: the host may have DAZ on */
        return false;
    for (size_t l = 0; l < net->layer_count; l++)
        if (!same_layer(&p->layers[l], &net->layers[l])) return false;
    return true;
}

/* A pass in the context's scratch, without a plan yet. */
static gradus_status lay_out(gradus_context *context, const gradus_net *net, const gd_samples *samples, pass **found) {
    gd_arena arena = {NULL, 0};
    void *memory;
    pass measured, *p;
    place(&measured, net, samples, &arena);
    gradus_status status = gd_context_scratch(context, arena.used, &memory);
    if (status != GRADUS_OK) return status;
    arena = (gd_arena){memory, 0};
    *found = p = memory;
    place(p, net, samples, &arena);
    p->context = context;
    p->kernels = context->kernels;
    p->net = net;
    p->layer_count = net->layer_count;
    for (size_t l = 0; l < net->layer_count; l++) p->layers[l] = net->layers[l];
    return GRADUS_OK;
}

static GD_NOINLINE gradus_status run(pass *p, const gd_samples *samples, gradus_net *trained, const gradus_optimizer *optimizer,
                                     const gradus_tensor *gradients) {
    gradus_context *context = p->context;
    p->samples = *samples;
    if (context->plan == p) {
        take_inputs(p);
    } else {
        plan(p, trained, gradients);
    }
    context->plan = trained ? p : NULL;
    if (trained) gd_optimizer_begin(context, optimizer, p->updates);
    return gd_phases_run(context, p->phases, p->phase_count, gd_work_nanoseconds(context, p->operations),
                         trained ? p->before_update : p->phase_count);
}

static bool all_finite(const float *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* Names the first layer whose outputs are not finite. */
static gradus_status fail_not_finite(const pass *p) {
    for (size_t l = 0; l < p->net->layer_count; l++) {
        const size_t outputs = p->net->layers[l].dense.outputs;
        for (size_t i = 0; i < p->samples.count; i++)
            if (!all_finite(p->outputs[l] + i * gd_row_stride(outputs), outputs))
                return gd_fail(p->context, GRADUS_NOT_FINITE,
                               "the loss is %g; layer %zu (counted from 0) is the first with outputs that are not finite", p->mean, l);
    }
    return gd_fail(p->context, GRADUS_NOT_FINITE, "the loss is %g, though every layer's outputs are finite", p->mean);
}

/* The whole of both public functions after their checks; `sum` is the undivided loss. */
static gradus_status pass_batch(gradus_context *context, const gradus_net *net, const gd_samples *samples, gradus_net *trained,
                                const gradus_optimizer *optimizer, const gradus_tensor *gradients, double *loss, double *sum) {
    pass *p = context->plan;
    gradus_status status = trained && fits(p, context, net, samples) ? GRADUS_OK : lay_out(context, net, samples, &p);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run(p, samples, trained, optimizer, gradients);
    gd_fp_leave(environment);
    if (status != GRADUS_OK) return status;
    *loss = p->mean;
    *sum = p->sum;
    return p->skip ? fail_not_finite(p) : GRADUS_OK;
}

static gradus_status check_optimizer(gradus_context *context, const gradus_net *net, const gradus_optimizer *optimizer) {
    bool fits = optimizer && optimizer->for_net && optimizer->count == 2 * net->layer_count &&
                (optimizer->states || gd_algorithm_states(optimizer->algorithm) == 0);
    for (size_t l = 0; fits && l < net->layer_count; l++) {
        size_t elements;
        fits = gd_dense_size(net->layers[l].dense, &elements) && optimizer->extents[2 * l].size == elements &&
               optimizer->parameters[2 * l].rows == net->layers[l].dense.inputs && optimizer->extents[2 * l + 1].size == net->layers[l].dense.outputs;
    }
    if (fits) return GRADUS_OK;
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_net_step: the optimizer was not made for this net (gradus_net_optimizer_create)");
}

gradus_status gd_net_step(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_batch *batch, double *loss,
                          double *sum) {
    gd_samples samples;
    gradus_status status = check_optimizer(context, net, optimizer);
    if (status == GRADUS_OK) status = gd_check_batch(context, net, batch, "gradus_net_step", &samples);
    if (status != GRADUS_OK) return status;
    status = pass_batch(context, net, &samples, net, optimizer, NULL, loss, sum);
    if (status == GRADUS_OK) gd_optimizer_end(optimizer);
    return status;
}

gradus_status gradus_net_step(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_batch *batch, double *loss) {
    double sum;
    return gd_net_step(context, net, optimizer, batch, loss, &sum);
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
    if (status == GRADUS_OK) status = gd_check_batch(context, net, batch, "gradus_net_loss_gradient", &samples);
    if (status != GRADUS_OK) return status;
    double sum;
    return pass_batch(context, net, &samples, NULL, NULL, gradients, loss, &sum);
}
