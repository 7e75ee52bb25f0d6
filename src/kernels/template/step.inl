/* The loop that drives a rule over a span, and from it one step_<name> for each rule of optimizers.def; the stage before it. An element depends on its
 * own inputs only: the tail runs the same rule on a partial vector. */

/* Decaying state under the floor becomes +0 (NaN stays), before anything else in the step sees it: no subnormals, on any ISA. */
static inline vf flush_state(vf x) { return vf_select(vf_less(vf_abs(x), vf_set(GD_STATE_FLOOR)), vf_set(0.0f), x); }

/* A rule is two functions: NAME_states brings the states up to date and says what the other needs to know, NAME_weight is the weight's new value. So the
 * states of one round can be computed beside the roots and quotients of the one before. */
typedef struct pending {
    vf u, x; /* as a rule likes */
} pending;
typedef pending states_function(vf g, vf *state, const vf *k);
typedef vf weight_function(vf w, pending p, const vf *k);

#include "kernels/rules.h"

/* Elements: of a cache line, of vectors that are computed before any is stored, of a round. */
enum { LINE = 16, GROUP = UPDATE_VECTORS * VF, ROUND = 4 * VF > LINE ? 4 * VF : LINE };
_Static_assert(ROUND % GROUP == 0, "a round is so many groups");

/* The arrays of a span. `states`, `coefficients`, `vectors` and the functions are constants where these are inlined, so every array below becomes
 * registers; pointers are hoisted, else the compiler reloads them in every round. */
typedef struct driven {
    float *w, *s[GD_MAX_STATES];
    const float *g;
    vf keep, k[GD_MAX_COEFFICIENTS];
} driven;

/* A rule's halves for so many vectors from element i on, each of `part` elements. All are computed before any is stored, for loads after a store may wait
 * for it: CPUs compare some bits of the addresses only. */
static inline __attribute__((always_inline)) void drive_states(const driven *d, states_function *function, const int states, size_t i,
                                                               const int vectors, size_t part, pending *p) {
    vf state[UPDATE_VECTORS][GD_MAX_STATES];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        const size_t at = i + (size_t)v * VF;
        for (int j = 0; j < states; j++) state[v][j] = load_lanes(d->s[j] + at, part);
        p[v] = function(load_lanes(d->g + at, part), state[v], d->k);
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
        for (int j = 0; j < states; j++) store_lanes(d->s[j] + i + (size_t)v * VF, state[v][j], part);
}

static inline __attribute__((always_inline)) void drive_weights(const driven *d, weight_function *function, size_t i, const int vectors, size_t part,
                                                                const pending *p) {
    vf w[UPDATE_VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) w[v] = function(vf_mul(load_lanes(d->w + i + (size_t)v * VF, part), d->keep), p[v], d->k);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) store_lanes(d->w + i + (size_t)v * VF, w[v], part);
}

/* Pointers move on, so that a round's addresses are they and a constant: with an index the compiler makes an address for each vector of each array. */
static inline __attribute__((always_inline)) void advance(driven *d, const int states, size_t elements) {
    d->w += elements;
    d->g += elements;
    for (int j = 0; j < states; j++) d->s[j] += elements;
}

/* A round's weights, and the states a group further on; p is what the group at hand and then the next one has pending. */
static inline __attribute__((always_inline)) void drive_round(driven *d, states_function *first, weight_function *second, const int states,
                                                              pending *p) {
    pending next[UPDATE_VECTORS];
    for (size_t i = 0; i < ROUND; i += GROUP) {
        drive_states(d, first, states, i + GROUP, UPDATE_VECTORS, VF, next);
        drive_weights(d, second, i, UPDATE_VECTORS, VF, p);
#pragma GCC unroll 4
        for (int v = 0; v < UPDATE_VECTORS; v++) p[v] = next[v];
    }
    advance(d, states, ROUND);
}

static inline __attribute__((always_inline)) void prefetch_round(const driven *d, const int states, const float *g, size_t ahead) {
    for (size_t i = 0; i < ROUND; i += LINE) {
        __builtin_prefetch(g + ahead + i, 0, 3);
        __builtin_prefetch(d->w + ahead + i, 1, 3);
        for (int j = 0; j < states; j++) __builtin_prefetch(d->s[j] + ahead + i, 1, 3);
    }
}

static inline __attribute__((always_inline)) void drive(const gd_span *span, states_function *first, weight_function *second, const int states,
                                                        const int coefficients) {
    driven d = {.w = span->weights, .g = span->gradients, .keep = vf_set(span->keep)};
    pending p[UPDATE_VECTORS];
    size_t left = span->count;
    for (int j = 0; j < states; j++) d.s[j] = span->states[j];
    for (int j = 0; j < coefficients; j++) d.k[j] = vf_set(span->coefficients[j]);
    if (left >= ROUND + GROUP) {
        const float *far_g = span->far_gradients;
        drive_states(&d, first, states, 0, UPDATE_VECTORS, VF, p);
        for (size_t far = span->far; far >= ROUND + GROUP; far -= ROUND, left -= ROUND, far_g += ROUND) {
            prefetch_round(&d, states, far_g, span->ahead);
            drive_round(&d, first, second, states, p);
        }
        for (; left >= ROUND + GROUP; left -= ROUND) drive_round(&d, first, second, states, p);
        drive_weights(&d, second, 0, UPDATE_VECTORS, VF, p);
        advance(&d, states, GROUP);
        left -= GROUP;
    }
    for (; left >= VF; left -= VF) {
        drive_states(&d, first, states, 0, 1, VF, p);
        drive_weights(&d, second, 0, 1, VF, p);
        advance(&d, states, VF);
    }
    if (left > 0) {
        drive_states(&d, first, states, 0, 1, left, p);
        drive_weights(&d, second, 0, 1, left, p);
    }
}

#define GRADUS_NO_STATE
#define GRADUS_STATE(name, decays) +1
#define GRADUS_OPTIMIZER(number, name, NAME, variant, family, prepare, kind, passes, decay, states, ...) \
    static void step_##name(const gd_span *span) { drive(span, name##_states, name##_weight, 0 states, NAME##_COEFFICIENTS); }
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
