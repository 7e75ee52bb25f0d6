/* Momentum (Polyak 1964) and its look-ahead form (Nesterov 1983):
 *   x = c*g;  b = momentum*b + x;  w = w + step*b   or   w = w + step*(momentum*b + x)
 * torch keeps the buffer outside the learning rate: c = 1 - dampening (1 at the first step), step = -lr. Keras keeps the rate inside: c = -lr,
 * step = 1; the two part as soon as lr changes. */
#ifndef GD_RULES_MOMENTUM_H
#define GD_RULES_MOMENTUM_H

enum { MOMENTUM_MOMENTUM, MOMENTUM_GRADIENT, MOMENTUM_STEP, MOMENTUM_COEFFICIENTS };
enum { NESTEROV_COEFFICIENTS = MOMENTUM_COEFFICIENTS };

static inline void momentum_prepare(float *k, const double *hyper, uint64_t t) {
    k[MOMENTUM_MOMENTUM] = (float)hyper[GRADUS_MOMENTUM];
    k[MOMENTUM_GRADIENT] = t == 1 ? 1.0f : (float)(1.0 - hyper[GRADUS_DAMPENING]);
    k[MOMENTUM_STEP] = -(float)hyper[GRADUS_LEARNING_RATE];
}

static inline void momentum_keras_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    k[MOMENTUM_MOMENTUM] = (float)hyper[GRADUS_MOMENTUM];
    k[MOMENTUM_GRADIENT] = -(float)hyper[GRADUS_LEARNING_RATE];
    k[MOMENTUM_STEP] = 1.0f;
}

/* The buffer is an average: (1 - momentum)*g at the first step, too. */
static inline void momentum_seed003_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    k[MOMENTUM_MOMENTUM] = (float)hyper[GRADUS_MOMENTUM];
    k[MOMENTUM_GRADIENT] = (float)(1.0 - hyper[GRADUS_MOMENTUM]);
    k[MOMENTUM_STEP] = -(float)hyper[GRADUS_LEARNING_RATE];
}

#ifdef GD_SIMD_H
static inline pending momentum_states(vf g, vf *state, const vf *k) {
    state[0] = flush_state(vf_fma(k[MOMENTUM_MOMENTUM], state[0], vf_mul(k[MOMENTUM_GRADIENT], g)));
    return (pending){.u = state[0]};
}

#define momentum_denominator no_denominator

static inline vf momentum_weight(vf w, pending p, const vf *k) { return vf_fma(k[MOMENTUM_STEP], p.u, w); }

static inline pending nesterov_states(vf g, vf *state, const vf *k) {
    vf x = vf_mul(k[MOMENTUM_GRADIENT], g);
    state[0] = flush_state(vf_fma(k[MOMENTUM_MOMENTUM], state[0], x));
    return (pending){state[0], x};
}

#define nesterov_denominator no_denominator

static inline vf nesterov_weight(vf w, pending p, const vf *k) { return vf_fma(k[MOMENTUM_STEP], vf_fma(k[MOMENTUM_MOMENTUM], p.u, p.x), w); }
#endif

#endif
