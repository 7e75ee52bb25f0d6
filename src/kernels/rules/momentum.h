/* Momentum (Polyak 1964) with the buffer outside the learning rate, as torch keeps it: b = momentum*b + (1 - dampening)*g and
 * b = g at the first step. */
#ifndef GD_RULES_MOMENTUM_H
#define GD_RULES_MOMENTUM_H

enum { MOMENTUM_MOMENTUM, MOMENTUM_GRADIENT, MOMENTUM_STEP, MOMENTUM_COEFFICIENTS };

static inline void momentum_prepare(float *k, const double *hyper, uint64_t t) {
    k[MOMENTUM_MOMENTUM] = (float)hyper[GRADUS_MOMENTUM];
    k[MOMENTUM_GRADIENT] = t == 1 ? 1.0f : (float)(1.0 - hyper[GRADUS_DAMPENING]);
    k[MOMENTUM_STEP] = -(float)hyper[GRADUS_LEARNING_RATE];
}

#ifdef GD_SIMD_H
static inline vf momentum_rule(vf w, vf g, vf *state, const vf *k) {
    state[0] = flush_state(vf_fma(k[MOMENTUM_MOMENTUM], state[0], vf_mul(k[MOMENTUM_GRADIENT], g)));
    return vf_fma(k[MOMENTUM_STEP], state[0], w);
}
#endif

#endif
