/* Adam (Kingma and Ba 2015, algorithm 1), AdamW and AMSGrad (Reddi, Kale and Kumar 2018). One list of operations for the family; what frameworks do
 * differently is in the coefficients:
 *   m = beta1*m + c1*g;  v = beta2*v + c2*g^2;  AMSGrad: x = max(x, v), else x = v;  d = sqrt(a*x + b)*c + e;  w = w - step * m/d
 * AdamW is Adam with decoupled weight decay, which the span's `keep` does for every rule. */
#ifndef GD_RULES_ADAM_H
#define GD_RULES_ADAM_H

enum { ADAM_BETA1, ADAM_C1, ADAM_BETA2, ADAM_C2, ADAM_A, ADAM_B, ADAM_C, ADAM_E, ADAM_STEP, ADAM_COEFFICIENTS };
enum { AMSGRAD_COEFFICIENTS = ADAM_COEFFICIENTS };

/* What all have in common: d = sqrt(v) + eps, and no correction of the averages' start. */
static inline void adam_plain(float *k, const double *hyper) {
    k[ADAM_BETA1] = (float)hyper[GRADUS_BETA1];
    k[ADAM_C1] = (float)(1.0 - hyper[GRADUS_BETA1]);
    k[ADAM_BETA2] = (float)hyper[GRADUS_BETA2];
    k[ADAM_C2] = (float)(1.0 - hyper[GRADUS_BETA2]);
    k[ADAM_A] = 1.0f;
    k[ADAM_B] = 0.0f;
    k[ADAM_C] = 1.0f;
    k[ADAM_E] = (float)hyper[GRADUS_EPSILON];
    k[ADAM_STEP] = -(float)hyper[GRADUS_LEARNING_RATE];
}

/* torch: v is corrected after its root. */
static inline void adam_prepare(float *k, const double *hyper, uint64_t t) {
    adam_plain(k, hyper);
    k[ADAM_C] = (float)(1.0 / gd_sqrt(1.0 - gd_power(hyper[GRADUS_BETA2], t)));
    k[ADAM_STEP] = -(float)(hyper[GRADUS_LEARNING_RATE] / (1.0 - gd_power(hyper[GRADUS_BETA1], t)));
}

/* Keras: both corrections are in the step, so eps counts more. */
static inline void adam_keras_prepare(float *k, const double *hyper, uint64_t t) {
    const double corrected = hyper[GRADUS_LEARNING_RATE] * gd_sqrt(1.0 - gd_power(hyper[GRADUS_BETA2], t));
    adam_plain(k, hyper);
    k[ADAM_STEP] = -(float)(corrected / (1.0 - gd_power(hyper[GRADUS_BETA1], t)));
}

/* optax: v is corrected before its root, which has an epsilon of its own. */
static inline void adam_optax_prepare(float *k, const double *hyper, uint64_t t) {
    adam_plain(k, hyper);
    k[ADAM_A] = (float)(1.0 / (1.0 - gd_power(hyper[GRADUS_BETA2], t)));
    k[ADAM_B] = (float)hyper[GRADUS_EPSILON_ROOT];
    k[ADAM_STEP] = -(float)(hyper[GRADUS_LEARNING_RATE] / (1.0 - gd_power(hyper[GRADUS_BETA1], t)));
}

/* No correction; eps is inside the root. */
static inline void adam_seed000_prepare(float *k, const double *hyper, uint64_t t) {
    (void)t;
    adam_plain(k, hyper);
    k[ADAM_B] = (float)hyper[GRADUS_EPSILON];
    k[ADAM_E] = 0.0f;
}

#ifdef GD_SIMD_H
/* The averages; state: m, v. */
static inline void adam_averages(vf g, vf *state, const vf *k) {
    state[0] = flush_state(vf_fma(k[ADAM_BETA1], state[0], vf_mul(k[ADAM_C1], g)));
    state[1] = flush_state(vf_fma(k[ADAM_BETA2], state[1], vf_mul(k[ADAM_C2], vf_mul(g, g))));
}

static inline pending adam_states(vf g, vf *state, const vf *k) {
    adam_averages(g, state, k);
    return (pending){state[0], state[1]};
}

static inline vf adam_denominator(vf x, const vf *k) { return vf_add(vf_mul(vf_sqrt(vf_fma(x, k[ADAM_A], k[ADAM_B])), k[ADAM_C]), k[ADAM_E]); }

static inline vf adam_weight(vf w, pending p, const vf *k) { return vf_fma(k[ADAM_STEP], vf_div(p.u, p.x), w); }

/* The greatest v so far, a NaN for good: compare and select, for max instructions differ about NaN. */
static inline pending amsgrad_states(vf g, vf *state, const vf *k) {
    adam_averages(g, state, k);
    vf v = state[1], greatest = state[2];
    state[2] = vf_select(vf_less(greatest, v), v, vf_select(vf_unordered(v, v), v, greatest));
    return (pending){state[0], state[2]};
}

static inline vf amsgrad_denominator(vf x, const vf *k) { return adam_denominator(x, k); }

static inline vf amsgrad_weight(vf w, pending p, const vf *k) { return adam_weight(w, p, k); }
#endif

#endif
