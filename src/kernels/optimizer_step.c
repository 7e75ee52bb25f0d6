/* gradus_optimizer_step: many tensors in the caller's memory as one index range, cut by a fixed grain, so that a thousand small tensors cost like one
 * large one. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fp.h"
#include "base/phases.h"
#include "kernels/optimizer.h"
#include "kernels/tensor.h"

enum { GRAIN = 16384 }; /* elements a task */

/* The update of one (group, step count); its states are each tensor's own. */
typedef struct update_set {
    uint64_t step;
    uint32_t group;
    gd_update update;
} update_set;

typedef struct step {
    const gd_kernels *kernels;
    const gradus_optimizer *optimizer;
    const gradus_step_args *args;
    uint32_t states;
    size_t *offsets;    /* [count + 1]: tensor i is elements offsets[i] .. offsets[i+1] of the range; none where it is skipped */
    size_t *own_states; /* [count]: where tensor i's own state starts */
    uint32_t *set_of;   /* [count] */
    update_set *sets;   /* [count] at most */
} step;

static uint64_t steps_taken(const step *s, size_t i) { return s->args->steps ? s->args->steps[i] : s->optimizer->steps[i]; }

/* State j of tensor i: the caller's tensor, or a flat view of the own state in the parameter's shape. */
static gradus_tensor state_tensor(const step *s, size_t i, uint32_t j) {
    if (s->args->states) return s->args->states[j * s->optimizer->count + i];
    gradus_tensor view = s->args->parameters[i];
    view.row_stride = (ptrdiff_t)view.columns;
    view.batch_stride = (ptrdiff_t)(view.rows * view.columns);
    view.data = s->optimizer->states + s->own_states[i] + j * gd_optimizer_state_stride(s->optimizer, i);
    return view;
}

/* Elements first .. first+count of tensor i, which lie in one piece in every array: at these offsets. */
static void update_piece(const step *s, size_t i, size_t first, size_t row, size_t column, size_t count, bool dense) {
    const gradus_tensor *w = &s->args->parameters[i], *g = &s->args->gradients[i];
    gd_span span = {.count = count};
    span.weights = (float *)w->data + (dense ? (ptrdiff_t)first : gd_tensor_row(w, row) + (ptrdiff_t)column);
    span.gradients = (const float *)g->data + (dense ? (ptrdiff_t)first : gd_tensor_row(g, row) + (ptrdiff_t)column);
    for (uint32_t j = 0; j < s->states; j++) {
        const gradus_tensor state = state_tensor(s, i, j);
        span.states[j] = (float *)state.data + (dense ? (ptrdiff_t)first : gd_tensor_row(&state, row) + (ptrdiff_t)column);
    }
    gd_update_span(&s->sets[s->set_of[i]].update, span);
}

static bool all_dense(const step *s, size_t i) {
    bool dense = gd_tensor_dense(&s->args->parameters[i]) && gd_tensor_dense(&s->args->gradients[i]);
    for (uint32_t j = 0; dense && s->args->states && j < s->states; j++) dense = gd_tensor_dense(&s->args->states[j * s->optimizer->count + i]);
    return dense;
}

/* Elements begin .. end of tensor i: at once if it is dense everywhere, else row by row. */
static void update_tensor(const step *s, size_t i, size_t begin, size_t end) {
    const size_t columns = s->args->parameters[i].columns;
    if (all_dense(s, i)) {
        update_piece(s, i, begin, 0, 0, end - begin, true);
        return;
    }
    while (begin < end) {
        const size_t column = begin % columns, rest = columns - column, count = rest < end - begin ? rest : end - begin;
        update_piece(s, i, begin, begin / columns, column, count, false);
        begin += count;
    }
}

static void update(void *argument, size_t begin, size_t end) {
    const step *s = argument;
    size_t low = 0, high = s->optimizer->count; /* the tensor that holds element `begin`: offsets[low] <= begin < offsets[low + 1] */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (s->offsets[middle] <= begin) {
            low = middle;
        } else {
            high = middle;
        }
    }
    for (size_t i = low; begin < end; i++) {
        const size_t stop = s->offsets[i + 1] < end ? s->offsets[i + 1] : end;
        if (stop > begin) update_tensor(s, i, begin - s->offsets[i], stop - s->offsets[i]);
        begin = stop > begin ? stop : begin;
    }
}

/* The update of a group at its step t. */
static update_set prepared(const step *s, uint32_t group, uint64_t t) {
    update_set set = {.step = t, .group = group};
    gd_update_prepare(&set.update, s->kernels, s->optimizer->algorithm, s->optimizer->hyper_parameters[group], t);
    set.update.gradient_scale = (float)s->args->gradient_scale;
    set.update.clip = (float)s->args->clip_value;
    set.update.zero_gradients = (s->args->flags & GRADUS_STEP_ZERO_GRADIENTS) != 0;
    return set;
}

/* prepare runs once for each distinct (group, step count). */
static void prepare_sets(step *s) {
    uint32_t sets = 0, last = 0;
    for (size_t i = 0; i < s->optimizer->count; i++) {
        const uint32_t group = s->optimizer->parameters[i].group;
        const uint64_t t = steps_taken(s, i) + 1;
        uint32_t set = last; /* neighbours mostly agree */
        if (s->offsets[i + 1] == s->offsets[i]) continue;
        if (!(sets && s->sets[set].group == group && s->sets[set].step == t))
            for (set = 0; set < sets && !(s->sets[set].group == group && s->sets[set].step == t); set++) {
            }
        if (set == sets) s->sets[sets++] = prepared(s, group, t);
        s->set_of[i] = last = set;
    }
}

static GD_NOINLINE gradus_status run(gradus_context *context, step *s) {
    const size_t total = s->offsets[s->optimizer->count];
    prepare_sets(s);
    const gd_phase phase = {update, s, total, GRAIN};
    return gd_phases_run(context, &phase, 1, 8.0 * (double)total, 0);
}

static gradus_status check_shape(gradus_context *context, const gradus_tensor *tensor, const gradus_parameter *parameter, const char *what) {
    gradus_status status = gd_tensor_check(context, tensor, what);
    if (status != GRADUS_OK) return status;
    if (tensor->dtype != GRADUS_DTYPE_F32) return gd_fail(context, GRADUS_UNSUPPORTED, "%s: dtype %d is not F32", what, (int)tensor->dtype);
    if (tensor->batch != parameter->batch || tensor->rows != parameter->rows || tensor->columns != parameter->columns)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: its shape is %zu x %zu x %zu, the parameter's %zu x %zu x %zu", what, tensor->batch,
                       tensor->rows, tensor->columns, parameter->batch, parameter->rows, parameter->columns);
    return GRADUS_OK;
}

static gradus_status check_tensor(gradus_context *context, const gradus_optimizer *optimizer, const gradus_step_args *args, uint32_t states,
                                  size_t i) {
    const gradus_parameter *parameter = &optimizer->parameters[i];
    char what[64];
    snprintf(what, sizeof what, "gradus_optimizer_step: parameters[%zu]", i);
    gradus_status status = check_shape(context, &args->parameters[i], parameter, what);
    snprintf(what, sizeof what, "gradus_optimizer_step: gradients[%zu]", i);
    if (status == GRADUS_OK) status = check_shape(context, &args->gradients[i], parameter, what);
    for (uint32_t j = 0; status == GRADUS_OK && args->states && j < states; j++) {
        snprintf(what, sizeof what, "gradus_optimizer_step: states[%u][%zu]", (unsigned)j, i);
        status = check_shape(context, &args->states[j * optimizer->count + i], parameter, what);
    }
    return status;
}

static gradus_status check(gradus_context *context, const gradus_optimizer *optimizer, const gradus_step_args *args, uint32_t states) {
    gradus_status status = GRADUS_OK;
    if (optimizer->for_net)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_step: the optimizer was made for a net; gradus_net_step takes it");
    if (optimizer->count && (!args->parameters || !args->gradients))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_step: parameters and gradients must not be NULL");
    if (!isfinite(args->gradient_scale)) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_step: gradient_scale is not finite");
    if (args->clip_value != 0.0 && !(args->clip_value >= FLT_MIN && args->clip_value <= FLT_MAX))
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_step: clip_value must be 0 (no clipping) or from %g to %g, not %g",
                       (double)FLT_MIN, (double)FLT_MAX, args->clip_value);
    if (args->flags & ~(uint32_t)GRADUS_STEP_ZERO_GRADIENTS || args->reserved)
        return gd_fail(context, GRADUS_UNSUPPORTED, "gradus_optimizer_step: flags %#x: unknown ones are set, or reserved is not 0",
                       (unsigned)args->flags);
    for (size_t i = 0; status == GRADUS_OK && i < optimizer->count; i++)
        if (args->gradients[i].data) status = check_tensor(context, optimizer, args, states, i);
    return status;
}

/* Lays the step's tables out in the context's scratch. */
static gradus_status tables(gradus_context *context, step *s) {
    const size_t count = s->optimizer->count;
    void *memory;
    size_t own = 0, bytes;
    if (!gd_size_multiply(count + 1, 2 * sizeof(size_t) + sizeof(uint32_t) + sizeof(update_set), &bytes)) bytes = SIZE_MAX;
    gradus_status status = gd_context_scratch(context, bytes, &memory);
    if (status != GRADUS_OK) return status;
    s->sets = memory;
    s->offsets = (size_t *)(s->sets + count + 1);
    s->own_states = s->offsets + count + 1;
    s->set_of = (uint32_t *)(s->own_states + count + 1);
    s->offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        s->own_states[i] = own;
        own += s->states * gd_optimizer_state_stride(s->optimizer, i);
        if (!gd_size_add(s->offsets[i], s->args->gradients[i].data ? s->optimizer->sizes[i] : 0, &s->offsets[i + 1]))
            return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_step: more elements than memory can hold");
    }
    return GRADUS_OK;
}

void gradus_step_args_init_sized(gradus_step_args *args, size_t struct_size) {
    const gradus_step_args defaults = {.gradient_scale = 1.0};
    gd_write_struct(args, struct_size, &defaults, sizeof defaults);
}

gradus_status gradus_optimizer_step(gradus_context *context, gradus_optimizer *optimizer, const gradus_step_args *given) {
    gradus_step_args args;
    step s = {.kernels = context->kernels, .optimizer = optimizer, .args = &args, .states = gd_algorithm_states(optimizer->algorithm)};
    gradus_step_args_init(&args);
    if (!given) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_optimizer_step: args is NULL");
    gradus_status status = gd_read_struct(context, "gradus_step_args", given, &args, sizeof args);
    if (status == GRADUS_OK) status = check(context, optimizer, &args, s.states);
    if (status == GRADUS_OK && !args.states) status = gd_optimizer_own_states(context, optimizer);
    if (status == GRADUS_OK) status = tables(context, &s);
    if (status == GRADUS_OK && atomic_exchange(&context->interrupted, 0))
        status = gd_fail(context, GRADUS_INTERRUPTED, "gradus_optimizer_step: interrupted on request, nothing has changed");
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run(context, &s);
    gd_fp_leave(environment);
    uint64_t *steps = args.steps ? args.steps : optimizer->steps;
    for (size_t i = 0; i < optimizer->count; i++) steps[i] += args.gradients[i].data != NULL;
    return status;
}
