/* AdaGrad (Duchi, Hazan and Singer 2011): s = s + g^2;  w = w - step * g/(sqrt(s + b) + e).
 * The accumulator's initial value is in b and not in the state, which is the sum of squares alone and starts at +0 like every state.
 * torch: b = initial value, e = eps. Keras and optax have eps inside the root: b = initial value + eps, e = 0. */
#ifndef GD_RULES_ADAGRAD_H
#define GD_RULES_ADAGRAD_H

enum { ADAGRAD_B, ADAGRAD_E, ADAGRAD_STEP, ADAGRAD_COEFFICIENTS };

static inline void adagrad_prepare(float *k, const double *hyper, uint64_t t) {
    k[ADAGRAD_B] = (float)hyper[GRADUS_INITIAL_ACCUMULATOR];
    k[ADAGRAD_E] = (float)hyper[GRADUS_EPSILON];
    k[ADAGRAD_STEP] = -(float)(hyper[GRADUS_LEARNING_RATE] / (1.0 + (double)(t - 1) * hyper[GRADUS_LEARNING_RATE_DECAY]));
}

static inline void adagrad_keras_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    k[ADAGRAD_B] = (float)(hyper[GRADUS_INITIAL_ACCUMULATOR] + hyper[GRADUS_EPSILON]);
    k[ADAGRAD_E] = 0.0f;
    k[ADAGRAD_STEP] = -(float)hyper[GRADUS_LEARNING_RATE];
}

#ifdef GD_SIMD_H
static inline pending adagrad_states(vf g, vf *state, const vf *k) {
    (void)k;
    state[0] = vf_fma(g, g, state[0]);
    return (pending){g, state[0]};
}

static inline vf adagrad_denominator(vf s, const vf *k) { return vf_add(vf_sqrt(vf_add(s, k[ADAGRAD_B])), k[ADAGRAD_E]); }

static inline vf adagrad_weight(vf w, pending p, const vf *k) { return vf_fma(k[ADAGRAD_STEP], vf_div(p.u, p.x), w); }
#endif

#endif
