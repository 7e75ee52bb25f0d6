/* One pass forward and back over a batch: the training step (with the optimizer on each finished tile of the gradient) and the plain loss gradient.
 * One list of phases, no allocation but the context's scratch. */
#include <math.h>
#include <stdio.h>

#include "base/fp.h"
#include "nn/loss.h"
#include "nn/net.h"

/* A pass's own things, all in the context's scratch. */
typedef struct pass {
    gradus_context *context;
    const gradus_net *net;
    const gd_samples *samples;
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

/* Places everything in the arena (a measuring one first). */
static void place(pass *p, gd_arena *arena) {
    const gradus_net *net = p->net;
    const size_t layers = net->layer_count, n = p->samples->count;
    size_t turned = 0, strips = 0, d = 0;
    p->outputs = gd_arena_take(arena, layers, sizeof *p->outputs);
    p->sums = gd_arena_take(arena, layers, sizeof *p->sums);
    p->forward = gd_arena_take(arena, layers, sizeof *p->forward);
    p->input = gd_arena_take(arena, layers, sizeof *p->input);
    p->weights = gd_arena_take(arena, layers, sizeof *p->weights);
    p->updates = gd_arena_take(arena, 2 * layers, sizeof *p->updates);
    p->phases = gd_arena_take(arena, 3 + layers * (1 + GD_BACKWARD_INPUT_PHASES + GD_BACKWARD_WEIGHTS_PHASES), sizeof *p->phases);
    p->loss.leaf_sums = gd_arena_take(arena, (n + GD_LEAF - 1) / GD_LEAF, sizeof(double));
    p->load.rows = NULL;
    if (p->samples->inputs.dtype == GRADUS_DTYPE_U8) p->load.rows = gd_arena_take(arena, n, gd_row_stride(net->inputs) * sizeof(float));
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

static gradus_status lay_out(pass *p) {
    gd_arena arena = {NULL, 0};
    void *memory;
    place(p, &arena);
    gradus_status status = gd_context_scratch(p->context, arena.used, &memory);
    if (status != GRADUS_OK) return status;
    arena = (gd_arena){memory, 0};
    place(p, &arena);
    return GRADUS_OK;
}

size_t gd_step_scratch(gradus_context *context, const gradus_net *net, size_t count) {
    const gd_samples samples = {.inputs = {.dtype = GRADUS_DTYPE_U8}, .count = count}; /* the type that needs most */
    pass p = {.context = context, .net = net, .samples = &samples};
    gd_arena arena = {NULL, 0};
    place(&p, &arena);
    return arena.used;
}

/* One task: the mean loss, and whether it may be trained on. */
static void join_loss(void *argument, size_t begin, size_t end) {
    pass *p = argument;
    gd_tree tree = {.top = 0};
    (void)begin;
    (void)end;
    for (size_t leaf = 0; leaf < (p->samples->count + GD_LEAF - 1) / GD_LEAF; leaf++) gd_tree_add(&tree, p->loss.leaf_sums[leaf]);
    p->sum = gd_tree_total(&tree);
    p->mean = p->sum / gd_loss_divisor(p->net->loss, p->samples->count, gradus_net_outputs(p->net));
    p->skip = !isfinite(p->mean);
}

/* What each layer reads: the batch or the layer before. */
static const float *layer_inputs(const pass *p, size_t l, size_t *stride) {
    if (l == 0) return gd_load_rows(&p->load, stride);
    *stride = gd_row_stride(p->net->layers[l - 1].dense.outputs);
    return p->outputs[l - 1];
}

static void plan_forward(pass *p) {
    const size_t n = p->samples->count, last = p->net->layer_count - 1, outputs = gradus_net_outputs(p->net);
    p->load.inputs = &p->samples->inputs;
    p->load.first = 0;
    p->load.samples = n;
    p->phases[p->phase_count++] = gd_load_phase(&p->load);
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
        p->phases[p->phase_count++] = gd_forward_phase(forward);
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
    p->loss.targets = &p->samples->targets;
    p->loss.y_stride = p->loss.d_stride = gd_row_stride(outputs);
    p->phases[p->phase_count++] = gd_loss_phase(&p->loss);
    p->phases[p->phase_count++] = (gd_phase){join_loss, p, 1, 1};
}

/* How the gradients by a layer's outputs lie: as the loss gives them, or as dX of the next layer does. */
static void gradient_strides(const pass *p, size_t l, size_t *stride, size_t *panel) {
    const bool panels = l + 1 < p->net->layer_count && !gd_dense_narrow(p->net->layers[l].dense);
    *stride = panels ? GD_PANEL : gd_row_stride(p->net->layers[l].dense.outputs);
    *panel = panels ? p->samples->count * GD_PANEL : GD_PANEL;
}

/* From the last layer to the first: to the layer's input before its own weights change. */
static void plan_backward(pass *p, gradus_net *trained, const gradus_tensor *gradients) {
    const size_t n = p->samples->count, layers = p->net->layer_count;
    p->before_update = 0;
    for (size_t l = layers; l-- > 0;) {
        const gd_layer *layer = &p->net->layers[l];
        const size_t now = (layers - 1 - l) % 2, next = 1 - now;
        const float *d = p->gradients[now];
        gd_backward_weights *w = &p->weights[l];
        size_t stride, panel;
        gradient_strides(p, l, &stride, &panel);
        if (l > 0) {
            gd_backward_input *b = &p->input[l];
            *b = (gd_backward_input){.context = p->context,
                                     .dense = layer->dense,
                                     .weights = layer->weights,
                                     .d = l + 1 == layers || gd_dense_narrow(layer->dense) ? d : NULL,
                                     .turned = p->turned[now],
                                     .from = p->sums[l - 1] ? p->sums[l - 1] : p->outputs[l - 1],
                                     .dx = p->gradients[next],
                                     .dx_turned = l > 1 && !gd_dense_narrow(p->net->layers[l - 1].dense) ? p->turned[next] : NULL,
                                     .d_stride = stride,
                                     .from_stride = gd_row_stride(layer->dense.inputs),
                                     .samples = n,
                                     .activation = p->net->layers[l - 1].activation};
            gradient_strides(p, l - 1, &b->dx_stride, &b->dx_panel);
            gd_backward_input_phases(b, p->phases + p->phase_count);
            p->phase_count += GD_BACKWARD_INPUT_PHASES;
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
        gd_backward_weights_phases(w, p->phases + p->phase_count);
        p->phase_count += GD_BACKWARD_WEIGHTS_PHASES;
        if (p->before_update == 0) p->before_update = p->phase_count - 1;
    }
}

/* A rough count of elementary operations, for the choice of threads. */
static double work(const pass *p) { return 6.0 * (double)p->samples->count * (double)gradus_net_parameter_count(p->net); }

/* trained NULL: the gradients go to the caller's tensors (NULL: the loss only). */
static GD_NOINLINE gradus_status run(pass *p, gradus_net *trained, const gradus_optimizer *optimizer, const gradus_tensor *gradients) {
    const bool backward = trained || gradients;
    if (trained) gd_optimizer_begin(p->context, optimizer, p->updates);
    p->loss.scale = (float)(1.0 / gd_loss_divisor(p->net->loss, p->samples->count, gradus_net_outputs(p->net)));
    p->loss.d = backward ? p->gradients[0] : NULL;
    p->phase_count = 0;
    plan_forward(p);
    p->before_update = p->phase_count;
    if (backward) plan_backward(p, trained, gradients);
    return gd_phases_run(p->context, p->phases, p->phase_count, work(p), trained ? p->before_update : p->phase_count);
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
        for (size_t i = 0; i < p->samples->count; i++)
            if (!all_finite(p->outputs[l] + i * gd_row_stride(outputs), outputs))
                return gd_fail(p->context, GRADUS_NOT_FINITE,
                               "the loss is %g; layer %zu (counted from 0) is the first with outputs that are not finite", p->mean, l);
    }
    return gd_fail(p->context, GRADUS_NOT_FINITE, "the loss is %g, though every layer's outputs are finite", p->mean);
}

/* The whole of both public functions after their checks. */
static gradus_status pass_batch(pass *p, gradus_net *trained, const gradus_optimizer *optimizer, const gradus_tensor *gradients, double *loss) {
    gradus_status status = lay_out(p);
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run(p, trained, optimizer, gradients);
    gd_fp_leave(environment);
    if (status != GRADUS_OK) return status;
    *loss = p->mean;
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
    pass p = {.context = context, .net = net, .samples = &samples};
    status = pass_batch(&p, net, optimizer, NULL, loss);
    *sum = p.sum;
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
    pass p = {.context = context, .net = net, .samples = &samples};
    return pass_batch(&p, NULL, NULL, gradients, loss);
}
