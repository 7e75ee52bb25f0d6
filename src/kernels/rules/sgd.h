/* Gradient descent: w = w - lr*g. The operations below are the specification (docs/numerics.md, section 8). */
#ifndef GD_RULES_SGD_H
#define GD_RULES_SGD_H

enum { SGD_STEP, SGD_COEFFICIENTS };

static inline void sgd_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    k[SGD_STEP] = -(float)hyper[GRADUS_LEARNING_RATE];
}

/* The learning rate is multiplied by a factor in every step, before it is used. */
static inline void sgd_seed004_prepare(float *k, const double *hyper, uint64_t t) {
    k[SGD_STEP] = -(float)(hyper[GRADUS_LEARNING_RATE] * gd_power(hyper[GRADUS_LEARNING_RATE_FACTOR], t));
}

#ifdef GD_SIMD_H
static inline pending sgd_states(vf g, vf *state, const vf *k) {
    (void)state, (void)k;
    return (pending){.u = g};
}

#define sgd_denominator no_denominator

static inline vf sgd_weight(vf w, pending p, const vf *k) { return vf_fma(k[SGD_STEP], p.u, w); }
#endif

#endif
