/* The loop that drives a rule over a span, and from it one step_<name> for each rule of optimizers.def; the stage before it. An element depends on its
 * own inputs only: the tail runs the same rule on a partial vector. */

/* Decaying state under the floor becomes +0 (NaN stays), before anything else in the step sees it: no subnormals, on any ISA. */
static inline vf flush_state(vf x) { return vf_select(vf_less(vf_abs(x), vf_set(GD_STATE_FLOOR)), vf_set(0.0f), x); }

#include "kernels/rules.h"

typedef vf rule_function(vf w, vf g, vf *state, const vf *k);

/* `rule`, `states` and `coefficients` are constants where this is inlined, so every array below becomes registers. */
static inline __attribute__((always_inline)) void drive(const gd_span *span, rule_function *rule, const int states, const int coefficients) {
    float *const w = span->weights;
    const float *const g = span->gradients;
    float *s[GD_MAX_STATES]; /* hoisted: else the compiler reloads the pointers in every round */
    vf k[GD_MAX_COEFFICIENTS], state[GD_MAX_STATES];
    const vf scale = vf_set(span->gradient_scale), keep = vf_set(span->keep);
    const size_t n = span->count;
    size_t i = 0;
    for (int j = 0; j < states; j++) s[j] = span->states[j];
    for (int j = 0; j < coefficients; j++) k[j] = vf_set(span->coefficients[j]);
    for (; i + VF <= n; i += VF) {
        for (int j = 0; j < states; j++) state[j] = vf_load(s[j] + i);
        vf_store(w + i, rule(vf_mul(vf_load(w + i), keep), vf_mul(vf_load(g + i), scale), state, k));
        for (int j = 0; j < states; j++) vf_store(s[j] + i, state[j]);
    }
    if (i < n) {
        const size_t part = n - i;
        for (int j = 0; j < states; j++) state[j] = vf_load_part(s[j] + i, part);
        vf_store_part(w + i, rule(vf_mul(vf_load_part(w + i, part), keep), vf_mul(vf_load_part(g + i, part), scale), state, k), part);
        for (int j = 0; j < states; j++) vf_store_part(s[j] + i, state[j], part);
    }
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
