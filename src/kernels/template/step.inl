/* The loop that drives a rule over a span, and from it one step_<name> for each rule of optimizers.def. An element depends on its own inputs only: the
 * tail runs the same rule on a partial vector. */

/* Decaying state under the floor becomes +0 (NaN stays), before anything else in the step sees it: no subnormals, on any ISA. */
static inline vf flush_state(vf x) { return vf_select(vf_less(vf_abs(x), vf_set(GD_STATE_FLOOR)), vf_set(0.0f), x); }

/* A rule is three functions: NAME_states brings the states up to date and says what the others need to know, NAME_denominator is what the weight is to
 * divide by (mostly a root), NAME_weight the weight's new value. So the states of one group can be computed beside the roots of the group before and the
 * quotients of the one before that: a core has to keep fewer operations under way. NAME_denominator may be no_denominator, which is no part. */
typedef struct pending {
    vf u, x; /* as a rule likes; the denominator is a function of x and takes its place */
} pending;
typedef pending states_function(vf g, vf *state, const vf *k);
typedef vf denominator_function(vf x, const vf *k);
typedef vf weight_function(vf w, pending p, const vf *k);

static inline vf no_denominator(vf x, const vf *k) {
    (void)k;
    return x;
}

#include "kernels/rules.h"

/* Elements: of a cache line, of vectors that are computed before any is stored, of a round. */
enum { LINE = 16, GROUP = UPDATE_VECTORS * VF, ROUND = 4 * VF > LINE ? 4 * VF : LINE };
_Static_assert(ROUND % GROUP == 0, "a round is so many groups");

/* A rule's parts, and its number of states. */
typedef struct rule {
    states_function *states;
    denominator_function *denominator;
    weight_function *weight;
    int state_count;
} rule;

/* The arrays of a span. The rule and `vectors` are constants where these are inlined, so every array below becomes registers; pointers are hoisted, else
 * the compiler reloads them in every round. */
typedef struct driven {
    float *w, *s[GD_MAX_STATES];
    const float *g;
    vf keep, k[GD_MAX_COEFFICIENTS];
} driven;

typedef struct group {
    pending of[UPDATE_VECTORS];
} group;

/* A rule's parts for so many vectors from element i on, each of `part` elements. All are computed before any is stored, for loads after a store may wait
 * for it: CPUs compare some bits of the addresses only. */
static inline __attribute__((always_inline)) void drive_states(const driven *d, const rule *r, size_t i, const int vectors, size_t part, group *p) {
    vf state[UPDATE_VECTORS][GD_MAX_STATES];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        const size_t at = i + (size_t)v * VF;
        for (int j = 0; j < r->state_count; j++) state[v][j] = load_lanes(d->s[j] + at, part);
        p->of[v] = r->states(load_lanes(d->g + at, part), state[v], d->k);
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
        for (int j = 0; j < r->state_count; j++) store_lanes(d->s[j] + i + (size_t)v * VF, state[v][j], part);
}

static inline __attribute__((always_inline)) void drive_denominators(driven *d, const rule *r, const int vectors, group *p) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        p->of[v].x = r->denominator(p->of[v].x, d->k);
    }
}

static inline __attribute__((always_inline)) void drive_weights(const driven *d, const rule *r, size_t i, const int vectors, size_t part,
                                                                const group *p) {
    vf w[UPDATE_VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) w[v] = r->weight(vf_mul(load_lanes(d->w + i + (size_t)v * VF, part), d->keep), p->of[v], d->k);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) store_lanes(d->w + i + (size_t)v * VF, w[v], part);
}

/* All parts of one vector. */
static inline __attribute__((always_inline)) void drive_vector(driven *d, const rule *r, size_t part) {
    group p;
    drive_states(d, r, 0, 1, part, &p);
    drive_denominators(d, r, 1, &p);
    drive_weights(d, r, 0, 1, part, &p);
}

/* Pointers move on, so that a round's addresses are they and a constant: with an index the compiler makes an address for each vector of each array. */
static inline __attribute__((always_inline)) void advance(driven *d, const rule *r, size_t elements) {
    d->w += elements;
    d->g += elements;
    for (int j = 0; j < r->state_count; j++) d->s[j] += elements;
}

/* How many groups the states are ahead of the weights. */
static inline __attribute__((always_inline)) int lead_of(const rule *r) { return r->denominator == no_denominator ? 1 : 2; }

/* A round's weights, and the states of groups further on. The groups between, the oldest first: of the last the states are done, of the others the
 * denominators, too. */
static inline __attribute__((always_inline)) void drive_round(driven *d, const rule *r, group *between) {
    const int lead = lead_of(r);
#pragma GCC unroll 4
    for (size_t i = 0; i < ROUND; i += GROUP) {
        group next;
        drive_states(d, r, i + (size_t)lead * GROUP, UPDATE_VECTORS, VF, &next);
        if (lead == 2) drive_denominators(d, r, UPDATE_VECTORS, &between[1]);
        drive_weights(d, r, i, UPDATE_VECTORS, VF, &between[0]);
        if (lead == 2) between[0] = between[1];
        between[lead - 1] = next;
    }
    advance(d, r, ROUND);
}

static inline __attribute__((always_inline)) void prefetch_round(const driven *d, const rule *r, const float *g, size_t ahead) {
    for (size_t i = 0; i < ROUND; i += LINE) {
        __builtin_prefetch(g + ahead + i, 0, 3);
        __builtin_prefetch(d->w + ahead + i, 1, 3);
        for (int j = 0; j < r->state_count; j++) __builtin_prefetch(d->s[j] + ahead + i, 1, 3);
    }
}

/* Rounds as long as the states of a whole one are left; returns what is left of the span, whose first `far` elements have others to prefetch. */
static inline __attribute__((always_inline)) size_t drive_rounds(driven *d, const rule *r, const gd_span *span) {
    const int lead = lead_of(r);
    const size_t least = ROUND + (size_t)lead * GROUP;
    const float *far_g = span->far_gradients;
    size_t left = span->count;
    group between[2];
    if (left < least) return left;
    drive_states(d, r, 0, UPDATE_VECTORS, VF, &between[0]);
    if (lead == 2) {
        drive_denominators(d, r, UPDATE_VECTORS, &between[0]);
        drive_states(d, r, GROUP, UPDATE_VECTORS, VF, &between[1]);
    }
    for (size_t far = span->far; far >= least; far -= ROUND, left -= ROUND, far_g += ROUND) {
        prefetch_round(d, r, far_g, span->ahead);
        drive_round(d, r, between);
    }
    for (; left >= least; left -= ROUND) drive_round(d, r, between);
    drive_weights(d, r, 0, UPDATE_VECTORS, VF, &between[0]);
    if (lead == 2) {
        drive_denominators(d, r, UPDATE_VECTORS, &between[1]);
        drive_weights(d, r, GROUP, UPDATE_VECTORS, VF, &between[1]);
    }
    advance(d, r, (size_t)lead * GROUP);
    return left - (size_t)lead * GROUP;
}

static inline __attribute__((always_inline)) void drive(const gd_span *span, const rule *r, const int coefficients) {
    driven d = {.w = span->weights, .g = span->gradients, .keep = vf_set(span->keep)};
    for (int j = 0; j < r->state_count; j++) d.s[j] = span->states[j];
    for (int j = 0; j < coefficients; j++) d.k[j] = vf_set(span->coefficients[j]);
    size_t left = drive_rounds(&d, r, span);
    for (; left >= VF; left -= VF) {
        drive_vector(&d, r, VF);
        advance(&d, r, VF);
    }
    if (left > 0) drive_vector(&d, r, left);
}

#define GRADUS_NO_STATE
#define GRADUS_STATE(name, decays) +1
#define GRADUS_OPTIMIZER(number, name, NAME, variant, family, prepare, kind, passes, decay, states, ...) \
    static void step_##name(const gd_span *span) { \
        drive(span, &(const rule){name##_states, name##_denominator, name##_weight, 0 states}, NAME##_COEFFICIENTS); \
    }
#include <gradus/optimizers.def>
#undef GRADUS_STATE
#undef GRADUS_NO_STATE
