/* RMSprop (Tieleman and Hinton 2012), plain, with momentum, centered (Graves 2013), and both:
 *   v = alpha*v + c*g^2;  centered: a = alpha*a + c*g, x = v - a^2, else x = v;  q = g/(sqrt(x + b) + e)
 *   w = w + step*q   or, with momentum,   m = momentum*m + r*q;  w = w + step*m
 * torch: b = 0, e = eps, r = 1, step = -lr. Keras: b = eps, e = 0, and with momentum the rate is inside the buffer: r = lr, step = -1. */
#ifndef GD_RULES_RMSPROP_H
#define GD_RULES_RMSPROP_H

enum { RMSPROP_ALPHA, RMSPROP_C, RMSPROP_B, RMSPROP_E, RMSPROP_RATE, RMSPROP_COEFFICIENTS };
enum { RMSPROP_CENTERED_COEFFICIENTS = RMSPROP_COEFFICIENTS };
enum { RMSPROP_MOMENTUM = RMSPROP_COEFFICIENTS, RMSPROP_R, RMSPROP_STEP, RMSPROP_MOMENTUM_COEFFICIENTS };
enum { RMSPROP_CENTERED_MOMENTUM_COEFFICIENTS = RMSPROP_MOMENTUM_COEFFICIENTS };

static inline void rmsprop_averages(float *k, const double *hyper) {
    k[RMSPROP_ALPHA] = (float)hyper[GRADUS_ALPHA];
    k[RMSPROP_C] = (float)(1.0 - hyper[GRADUS_ALPHA]);
    k[RMSPROP_RATE] = -(float)hyper[GRADUS_LEARNING_RATE];
    k[RMSPROP_MOMENTUM] = (float)hyper[GRADUS_MOMENTUM];
}

static inline void rmsprop_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    rmsprop_averages(k, hyper);
    k[RMSPROP_B] = 0.0f;
    k[RMSPROP_E] = (float)hyper[GRADUS_EPSILON];
    k[RMSPROP_R] = 1.0f;
    k[RMSPROP_STEP] = k[RMSPROP_RATE];
}

static inline void rmsprop_keras_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    rmsprop_averages(k, hyper);
    k[RMSPROP_B] = (float)hyper[GRADUS_EPSILON];
    k[RMSPROP_E] = 0.0f;
    k[RMSPROP_R] = -k[RMSPROP_RATE];
    k[RMSPROP_STEP] = -1.0f;
}

#ifdef GD_SIMD_H
static inline vf rmsprop_square(vf g, vf v, const vf *k) { return flush_state(vf_fma(k[RMSPROP_ALPHA], v, vf_mul(k[RMSPROP_C], vf_mul(g, g)))); }

static inline vf rmsprop_denominator(vf x, const vf *k) { return vf_add(vf_sqrt(vf_add(x, k[RMSPROP_B])), k[RMSPROP_E]); }

/* The variance v - a^2 is not negative but by rounding: then it is +0. */
static inline vf rmsprop_variance(vf v, vf a) {
    vf x = vf_fma(vf_negate(a), a, v);
    return vf_select(vf_less(x, vf_set(0.0f)), vf_set(0.0f), x);
}

static inline pending rmsprop_states(vf g, vf *state, const vf *k) {
    state[0] = rmsprop_square(g, state[0], k);
    return (pending){g, state[0]};
}

static inline vf rmsprop_weight(vf w, pending p, const vf *k) { return vf_fma(k[RMSPROP_RATE], vf_div(p.u, p.x), w); }

/* State: v, a. */
static inline pending rmsprop_centered_states(vf g, vf *state, const vf *k) {
    state[0] = rmsprop_square(g, state[0], k);
    state[1] = flush_state(vf_fma(k[RMSPROP_ALPHA], state[1], vf_mul(k[RMSPROP_C], g)));
    return (pending){g, rmsprop_variance(state[0], state[1])};
}

static inline vf rmsprop_centered_denominator(vf x, const vf *k) { return rmsprop_denominator(x, k); }

static inline vf rmsprop_centered_weight(vf w, pending p, const vf *k) { return rmsprop_weight(w, p, k); }

static inline pending rmsprop_with_momentum(pending p, vf *buffer, const vf *k) {
    *buffer = flush_state(vf_fma(k[RMSPROP_MOMENTUM], *buffer, vf_mul(k[RMSPROP_R], vf_div(p.u, rmsprop_denominator(p.x, k)))));
    return (pending){.u = *buffer};
}

static inline pending rmsprop_momentum_states(vf g, vf *state, const vf *k) {
    return rmsprop_with_momentum(rmsprop_states(g, state, k), &state[1], k);
}

#define rmsprop_momentum_denominator no_denominator

static inline vf rmsprop_momentum_weight(vf w, pending p, const vf *k) { return vf_fma(k[RMSPROP_STEP], p.u, w); }

static inline pending rmsprop_centered_momentum_states(vf g, vf *state, const vf *k) {
    return rmsprop_with_momentum(rmsprop_centered_states(g, state, k), &state[2], k);
}

#define rmsprop_centered_momentum_denominator no_denominator

static inline vf rmsprop_centered_momentum_weight(vf w, pending p, const vf *k) { return rmsprop_momentum_weight(w, p, k); }
#endif

#endif
