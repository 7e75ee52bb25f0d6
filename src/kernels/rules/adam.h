/* Adam (Kingma and Ba 2015, algorithm 1). One list of operations for the family; what frameworks do differently is in the coefficients:
 *   m = beta1*m + c1*g;  v = beta2*v + c2*g^2;  d = sqrt(a*v + b)*c + e;  w = w - step * m/d
 * torch: a = 1, b = 0, c = 1/sqrt(1 - beta2^t), e = eps, step = lr/(1 - beta1^t). */
#ifndef GD_RULES_ADAM_H
#define GD_RULES_ADAM_H

enum { ADAM_BETA1, ADAM_C1, ADAM_BETA2, ADAM_C2, ADAM_A, ADAM_B, ADAM_C, ADAM_E, ADAM_STEP, ADAM_COEFFICIENTS };

static inline void adam_prepare(float *k, const double *hyper, uint64_t t) {
    double beta1 = hyper[GRADUS_BETA1], beta2 = hyper[GRADUS_BETA2];
    k[ADAM_BETA1] = (float)beta1;
    k[ADAM_C1] = (float)(1.0 - beta1);
    k[ADAM_BETA2] = (float)beta2;
    k[ADAM_C2] = (float)(1.0 - beta2);
    k[ADAM_A] = 1.0f;
    k[ADAM_B] = 0.0f;
    k[ADAM_C] = (float)(1.0 / gd_sqrt(1.0 - gd_power(beta2, t)));
    k[ADAM_E] = (float)hyper[GRADUS_EPSILON];
    k[ADAM_STEP] = -(float)(hyper[GRADUS_LEARNING_RATE] / (1.0 - gd_power(beta1, t)));
}

#ifdef GD_SIMD_H
static inline vf adam_rule(vf w, vf g, vf *state, const vf *k) {
    vf m = flush_state(vf_fma(k[ADAM_BETA1], state[0], vf_mul(k[ADAM_C1], g)));
    vf v = flush_state(vf_fma(k[ADAM_BETA2], state[1], vf_mul(k[ADAM_C2], vf_mul(g, g))));
    vf d = vf_add(vf_mul(vf_sqrt(vf_fma(v, k[ADAM_A], k[ADAM_B])), k[ADAM_C]), k[ADAM_E]);
    state[0] = m;
    state[1] = v;
    return vf_fma(k[ADAM_STEP], vf_div(m, d), w);
}
#endif

#endif
