/* The loop that drives a rule over a span, and from it one step_<name> for each rule of optimizers.def; the stage before it. An element depends on its
 * own inputs only: the tail runs the same rule on a partial vector. */

/* Decaying state under the floor becomes +0 (NaN stays), before anything else in the step sees it: no subnormals, on any ISA. */
static inline vf flush_state(vf x) { return vf_select(vf_less(vf_abs(x), vf_set(GD_STATE_FLOOR)), vf_set(0.0f), x); }

#include "kernels/rules.h"

typedef vf rule_function(vf w, vf g, vf *state, const vf *k);

enum { UNROLL = 4, LINE = 16, STEP = LINE > VF ? LINE : VF }; /* elements: a cache line, a round */

/* The arrays of a span, and elements i .. i+part of them updated. `rule`, `states` and `coefficients` are constants where these are inlined, so every
 * array below becomes registers; pointers are hoisted, else the compiler reloads them in every round. */
typedef struct driven {
    float *w, *s[GD_MAX_STATES];
    const float *g;
    vf keep, k[GD_MAX_COEFFICIENTS];
} driven;

static inline __attribute__((always_inline)) void drive_vector(const driven *d, rule_function *rule, const int states, size_t i, size_t part) {
    vf state[GD_MAX_STATES];
    for (int j = 0; j < states; j++) state[j] = load_lanes(d->s[j] + i, part);
    const vf w = vf_mul(load_lanes(d->w + i, part), d->keep), g = load_lanes(d->g + i, part);
    store_lanes(d->w + i, rule(w, g, state, d->k), part);
    for (int j = 0; j < states; j++) store_lanes(d->s[j] + i, state[j], part);
}

/* Pointers move on, so that a round's addresses are they and a constant: with an index the compiler makes an address for each vector of each array. */
static inline __attribute__((always_inline)) void advance(driven *d, const int states, size_t elements) {
    d->w += elements;
    d->g += elements;
    for (int j = 0; j < states; j++) d->s[j] += elements;
}

static inline __attribute__((always_inline)) void drive(const gd_span *span, rule_function *rule, const int states, const int coefficients) {
    driven d = {.w = span->weights, .g = span->gradients, .keep = vf_set(span->keep)};
    const float *far_g = span->far_gradients;
    size_t left = span->count;
    for (int j = 0; j < states; j++) d.s[j] = span->states[j];
    for (int j = 0; j < coefficients; j++) d.k[j] = vf_set(span->coefficients[j]);
    for (size_t far = span->far; far >= STEP; far -= STEP, left -= STEP) {
        __builtin_prefetch(far_g + GD_AHEAD, 0, 3);
        __builtin_prefetch(d.w + GD_AHEAD, 1, 3);
        for (int j = 0; j < states; j++) __builtin_prefetch(d.s[j] + GD_AHEAD, 1, 3);
        for (size_t v = 0; v < STEP; v += VF) drive_vector(&d, rule, states, v, VF);
        far_g += STEP;
        advance(&d, states, STEP);
    }
    for (; left >= UNROLL * VF; left -= UNROLL * VF) {
        for (size_t v = 0; v < UNROLL * VF; v += VF) drive_vector(&d, rule, states, v, VF);
        advance(&d, states, UNROLL * VF);
    }
    for (; left >= VF; left -= VF) {
        drive_vector(&d, rule, states, 0, VF);
        advance(&d, states, VF);
    }
    if (left > 0) drive_vector(&d, rule, states, 0, left);
}

#define GRADUS_NO_STATE
#define GRADUS_STATE(name, decays) +1
#define GRADUS_OPTIMIZER(number, name, NAME, variant, family, prepare, kind, passes, decay, states, ...) \
    static void step_##name(const gd_span *span) { drive(span, name##_rule, 0 states, NAME##_COEFFICIENTS); }
#include <gradus/optimizers.def>
#undef GRADUS_STATE
#undef GRADUS_NO_STATE

/* `clips` and `decays` are constants where this is inlined. */
static inline __attribute__((always_inline)) void stage_loop(const gd_gradient_stage *s, const int clips, const int decays) {
    const vf scale = vf_set(s->scale), high = vf_set(s->clip), low = vf_negate(high), decay = vf_set(s->decay);
    for (size_t i = 0; i < s->count; i += VF) {
        const size_t left = s->count - i;
        vf x = vf_mul(load_lanes(s->gradients + i, left), scale);
        if (clips) x = vf_select(vf_less(high, x), high, vf_select(vf_less(x, low), low, x));
        if (decays) x = vf_fma(decay, load_lanes(s->weights + i, left), x);
        store_lanes(s->out + i, x, left);
    }
}

static void gradient_stage(const gd_gradient_stage *s) {
    const int clips = s->clip > 0.0f, decays = s->decay != 0.0f;
    if (clips && decays) {
        stage_loop(s, 1, 1);
    } else if (clips) {
        stage_loop(s, 1, 0);
    } else {
        stage_loop(s, 0, decays);
    }
}
