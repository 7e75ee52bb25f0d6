/* The stage between a gradient and the rule: scale, clip, coupled decay. */

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
