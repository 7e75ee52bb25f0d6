/* gradus_optimizer_step: many tensors in the caller's memory as one index range, cut by a fixed grain, so that a thousand small tensors cost like one
 * large one. */
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/fp.h"
#include "base/memory.h"
#include "base/phases.h"
#include "kernels/optimizer.h"
#include "kernels/step.h"
#include "kernels/tensor.h"

enum { GRAIN = 16384, TENSORS = 64 }; /* elements, tensors a task */

/* A step that touches more bytes comes from memory: its updates prefetch, where the CPU gains by it. In caches prefetching only costs. */
static const size_t far_from = (size_t)32 << 20;

/* The update of one (group, step count); its states are each tensor's own. */
typedef struct update_set {
    uint64_t step;
    uint32_t group;
    gd_formula formula;
    gd_update update;
} update_set;

typedef struct step {
    const gd_kernels *kernels;
    const gradus_optimizer *optimizer;
    const gradus_step_args *args;
    uint32_t states;
    size_t ahead;        /* the arrays come from memory, and prefetching so many elements ahead pays; 0: not */
    atomic_bool refused; /* a tensor is not as it should be: nothing is updated */
    update_set *sets;    /* [count] at most */
    uint32_t *set_of;    /* [count], with DENSE where every array of the tensor is in one piece */
} step;

enum { DENSE = 1u << 31 };

static uint64_t steps_taken(const step *s, size_t i) { return s->args->steps ? s->args->steps[i] : s->optimizer->steps[i]; }

static bool skipped(const step *s, size_t i) { return !s->args->gradients[i].data; }

/* The caller's state j of tensor i; NULL: the optimizer has its own. */
static const gradus_tensor *given_state(const step *s, size_t i, uint32_t j) {
    return s->args->states ? &s->args->states[j * s->optimizer->count + i] : NULL;
}

/* Where an element of the tensor is, counted in the order of its rows. */
static inline float *at(const gradus_tensor *tensor, size_t element, const bool dense) {
    if (dense) return (float *)tensor->data + element;
    return (float *)tensor->data + gd_tensor_row(tensor, element / tensor->columns) + (ptrdiff_t)(element % tensor->columns);
}

/* Elements first .. first+count of tensor i, which lie in one piece in every array and are followed by `rest - count` more. `dense` is a constant where
 * this is inlined: it is done for every tensor of thousands, with few instructions for the dense ones. */
static inline __attribute__((always_inline)) void update_piece(const step *s, size_t i, size_t first, size_t count, size_t rest, const bool dense) {
    gd_span span;
    span.weights = at(&s->args->parameters[i], first, dense);
    span.gradients = at(&s->args->gradients[i], first, dense);
    span.count = count;
    span.ahead = s->ahead;
    span.far = s->ahead == 0 || rest <= s->ahead ? 0 : gd_least(rest - s->ahead, count);
    for (uint32_t j = 0; j < s->states; j++) {
        const gradus_tensor *given = given_state(s, i, j);
        span.states[j] = given ? at(given, first, dense) : gd_optimizer_state(s->optimizer, i, j) + first;
    }
    gd_update_span(&s->sets[s->set_of[i] & ~DENSE].update, &span);
}

/* Elements begin .. end of any tensor, row by row. */
static GD_NOINLINE void update_rows(const step *s, size_t i, size_t begin, size_t end) {
    const size_t columns = s->args->parameters[i].columns;
    while (begin < end) {
        const size_t rest = columns - begin % columns, count = gd_least(rest, end - begin);
        update_piece(s, i, begin, count, rest, false);
        begin += count;
    }
}

static void update(void *argument, size_t begin, size_t end) {
    const step *s = argument;
    const gd_extent *extents = s->optimizer->extents;
    if (atomic_load_explicit(&s->refused, memory_order_relaxed)) return;
    size_t low = 0, high = s->optimizer->count; /* the tensor that holds element `begin`: its offset <= begin < the next one's */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (extents[middle].offset <= begin) {
            low = middle;
        } else {
            high = middle;
        }
    }
    for (size_t i = low; begin < end; i++) {
        const size_t next = extents[i + 1].offset, stop = next < end ? next : end;
        if (stop > begin && !skipped(s, i)) {
            const size_t from = begin - extents[i].offset, to = stop - extents[i].offset;
            if (s->set_of[i] & DENSE) {
                update_piece(s, i, from, to - from, extents[i].size - from, true);
            } else {
                update_rows(s, i, from, to);
            }
        }
        begin = stop;
    }
}

/* The update of a group at its step t. */
static void prepare(const step *s, uint32_t group, uint64_t t, update_set *set) {
    set->step = t;
    set->group = group;
    gd_formula_prepare(&set->formula, s->kernels, s->optimizer->algorithm, s->optimizer->hyper_parameters[group], t);
    gd_update_set(&set->update, &set->formula,
                  (gd_stages){.scale = (float)s->args->gradient_scale,
                              .clip = (float)s->args->clip_value,
                              .zero = (s->args->flags & GRADUS_STEP_ZERO_GRADIENTS) != 0});
}

/* prepare runs once for each distinct (group, step count). */
static void prepare_sets(step *s) {
    uint32_t sets = 0, last = 0;
    for (size_t i = 0; i < s->optimizer->count; i++) {
        const uint32_t group = s->optimizer->extents[i].group;
        const uint64_t t = steps_taken(s, i) + 1;
        uint32_t set = last; /* neighbours mostly agree */
        if (!(sets && s->sets[set].group == group && s->sets[set].step == t))
            for (set = 0; set < sets && !(s->sets[set].group == group && s->sets[set].step == t); set++) {
            }
        if (set == sets) prepare(s, group, t, &s->sets[sets++]);
        s->set_of[i] = last = set;
    }
}

/* One tensor of a list; without a context, without a message. */
static gradus_status check_in(gradus_context *context, const gradus_tensor *tensor, const gradus_parameter *parameter, const char *list, size_t i) {
    char what[64] = "";
    if (context) snprintf(what, sizeof what, "gradus_optimizer_step: %s[%zu]", list, i);
    return gd_parameter_check_tensor(context, tensor, parameter, what);
}

static gradus_status check_tensors(gradus_context *context, const step *s, size_t i) {
    static const char *const lists[GD_MAX_STATES] = {"states[0]", "states[1]", "states[2]", "states[3]"};
    const gradus_parameter *parameter = &s->optimizer->parameters[i];
    gradus_status status = check_in(context, &s->args->parameters[i], parameter, "parameters", i);
    if (status == GRADUS_OK) status = check_in(context, &s->args->gradients[i], parameter, "gradients", i);
    for (uint32_t j = 0; status == GRADUS_OK && s->args->states && j < s->states; j++)
        status = check_in(context, given_state(s, i, j), parameter, lists[j], i);
    return status;
}

/* Whether a tensor is what gradus_tensor_matrix makes for the parameter's shape, which fits in memory: what nearly every one is, in a few operations. */
static bool usual(const gradus_tensor *t, const gradus_parameter *p) {
    const size_t matrix = p->rows * p->columns, shape = (t->batch ^ p->batch) | (t->rows ^ p->rows) | (t->columns ^ p->columns);
    const size_t strides = ((size_t)t->row_stride ^ p->columns) | ((size_t)t->batch_stride ^ matrix);
    return t->data && (shape | strides | t->reserved | t->flags | (size_t)(t->dtype ^ GRADUS_DTYPE_F32)) == 0;
}

static bool all_of(const step *s, size_t i, bool (*is)(const gradus_tensor *t, const gradus_parameter *p)) {
    const gradus_parameter *parameter = &s->optimizer->parameters[i];
    bool all = is(&s->args->parameters[i], parameter) && is(&s->args->gradients[i], parameter);
    for (uint32_t j = 0; all && s->args->states && j < s->states; j++) all = is(given_state(s, i, j), parameter);
    return all;
}

static bool dense(const gradus_tensor *t, const gradus_parameter *p) {
    (void)p;
    return gd_tensor_dense(t);
}

/* Marks the tensors begin .. end that lie in one piece; finds out whether any is not as it should be. */
static void examine(void *argument, size_t begin, size_t end) {
    step *s = argument;
    for (size_t i = begin; i < end; i++) {
        if (skipped(s, i)) continue;
        if (all_of(s, i, usual)) {
            s->set_of[i] |= DENSE;
        } else if (check_tensors(NULL, s, i) != GRADUS_OK) {
            atomic_store_explicit(&s->refused, true, memory_order_relaxed);
        } else if (all_of(s, i, dense)) {
            s->set_of[i] |= DENSE;
        }
    }
}

/* The first tensor that is not as it should be. */
static gradus_status refuse(gradus_context *context, const step *s) {
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; status == GRADUS_OK && i < s->optimizer->count; i++)
        if (!skipped(s, i)) status = check_tensors(context, s, i);
    return status;
}

static GD_NOINLINE gradus_status run(gradus_context *context, step *s) {
    const size_t tensors = s->optimizer->count, total = s->optimizer->extents[tensors].offset;
    const gd_phase phases[] = {{examine, s, tensors, TENSORS}, {update, s, total, GRAIN}};
    const int few = tensors <= TENSORS; /* not worth a phase */
    s->ahead = total >= far_from / sizeof(float) / (2 + s->states) ? context->prefetch_ahead : 0;
    prepare_sets(s);
    if (few) examine(s, 0, tensors);
    gradus_status status =
        gd_phases_run(context, phases + few, (size_t)(2 - few), gd_work_nanoseconds(context, GD_ELEMENT * (double)total * (2.0 + s->states)), 0);
    return s->refused ? refuse(context, s) : status;
}

static gradus_status check(gradus_context *context, const step *s) {
    const gradus_optimizer *optimizer = s->optimizer;
    const gradus_step_args *args = s->args;
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
    return GRADUS_OK;
}

/* Lays the step's tables out in the context's scratch. */
static gradus_status tables(gradus_context *context, step *s) {
    const size_t count = s->optimizer->count;
    void *memory;
    size_t bytes;
    if (!gd_size_multiply(count, sizeof *s->set_of + sizeof *s->sets, &bytes)) bytes = SIZE_MAX;
    gradus_status status = gd_context_scratch(context, bytes, &memory);
    if (status != GRADUS_OK) return status;
    s->sets = memory;
    s->set_of = (uint32_t *)(s->sets + count);
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
    if (status == GRADUS_OK) status = check(context, &s);
    if (status == GRADUS_OK && !args.states) status = gd_optimizer_own_states(context, optimizer);
    if (status == GRADUS_OK) status = tables(context, &s);
    if (status == GRADUS_OK && atomic_exchange(&context->interrupted, 0))
        status = gd_fail(context, GRADUS_INTERRUPTED, "gradus_optimizer_step: interrupted on request, nothing has changed");
    if (status != GRADUS_OK) return status;
    const gd_fp_environment environment = gd_fp_enter();
    status = run(context, &s);
    gd_fp_leave(environment);
    if (status != GRADUS_OK) return status;
    uint64_t *steps = args.steps ? args.steps : optimizer->steps;
    for (size_t i = 0; i < optimizer->count; i++) steps[i] += args.gradients[i].data != NULL;
    return status;
}
