/* The vector vocabulary in AArch64 NEON: four fp32 lanes, two fp64 lanes. See src/kernels/README.md for what each word means. */
#ifndef GD_SIMD_H
#define GD_SIMD_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#define GD_SIMD_NAME neon
#define GD_SIMD_NEEDS 0 /* every AArch64 CPU has it */
enum { VF = 4, VD = 2, TILE_ROWS = 6, TILE_VECTORS = 4 };

typedef float32x4_t vf;
typedef uint32x4_t vm;

/* There are no masked loads and stores: lane by lane. n < VF. */
static inline vf vf_load(const float *p) { return vld1q_f32(p); }
static inline vf vf_load_part(const float *p, size_t n) {
    vf a = vdupq_n_f32(0.0f);
    if (n > 0) a = vld1q_lane_f32(p, a, 0);
    if (n > 1) a = vld1q_lane_f32(p + 1, a, 1);
    if (n > 2) a = vld1q_lane_f32(p + 2, a, 2);
    return a;
}
static inline void vf_store(float *p, vf a) { vst1q_f32(p, a); }
static inline void vf_store_part(float *p, vf a, size_t n) {
    if (n > 0) vst1q_lane_f32(p, a, 0);
    if (n > 1) vst1q_lane_f32(p + 1, a, 1);
    if (n > 2) vst1q_lane_f32(p + 2, a, 2);
}
static inline vf vf_set(float a) { return vdupq_n_f32(a); }
static inline vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
static inline vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
static inline vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
static inline vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
static inline vf vf_sqrt(vf a) { return vsqrtq_f32(a); }
static inline vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
static inline vf vf_abs(vf a) { return vabsq_f32(a); }
static inline vf vf_negate(vf a) { return vnegq_f32(a); }
static inline vm vf_less(vf a, vf b) { return vcltq_f32(a, b); }
static inline vm vf_unordered(vf a, vf b) { return vmvnq_u32(vandq_u32(vceqq_f32(a, a), vceqq_f32(b, b))); }
static inline vf vf_select(vm mask, vf yes, vf no) { return vbslq_f32(mask, yes, no); }
static inline void vf_transpose(vf a[VF]) {
    const vf b0 = vtrn1q_f32(a[0], a[1]), b1 = vtrn2q_f32(a[0], a[1]), b2 = vtrn1q_f32(a[2], a[3]), b3 = vtrn2q_f32(a[2], a[3]);
    a[0] = vcombine_f32(vget_low_f32(b0), vget_low_f32(b2));
    a[1] = vcombine_f32(vget_low_f32(b1), vget_low_f32(b3));
    a[2] = vcombine_f32(vget_high_f32(b0), vget_high_f32(b2));
    a[3] = vcombine_f32(vget_high_f32(b1), vget_high_f32(b3));
}

/* fp64 lanes, for the elementary functions. */
typedef float64x2_t vd;
typedef uint64x2_t vdm;

static inline vd vd_load_f32(const float *p) { return vcvt_f64_f32(vld1_f32(p)); }
static inline vd vd_load_f32_part(const float *p, size_t n) { /* n <= VD */
    float32x2_t a = vdup_n_f32(0.0f);
    if (n > 0) a = vld1_lane_f32(p, a, 0);
    if (n > 1) a = vld1_lane_f32(p + 1, a, 1);
    return vcvt_f64_f32(a);
}
static inline void vd_store_f32(float *p, vd a) { vst1_f32(p, vcvt_f32_f64(a)); }
static inline void vd_store_f32_part(float *p, vd a, size_t n) {
    const float32x2_t narrow = vcvt_f32_f64(a);
    if (n > 0) vst1_lane_f32(p, narrow, 0);
    if (n > 1) vst1_lane_f32(p + 1, narrow, 1);
}
static inline vd vd_set(double a) { return vdupq_n_f64(a); }
static inline vd vd_add(vd a, vd b) { return vaddq_f64(a, b); }
static inline vd vd_sub(vd a, vd b) { return vsubq_f64(a, b); }
static inline vd vd_mul(vd a, vd b) { return vmulq_f64(a, b); }
static inline vd vd_div(vd a, vd b) { return vdivq_f64(a, b); }
static inline vd vd_madd(vd a, vd b, vd c) { return vfmaq_f64(c, a, b); }
static inline uint64x2_t vd_bits_neon(vd a) { return vreinterpretq_u64_f64(a); }
static inline vd vd_from_bits_neon(uint64x2_t bits) { return vreinterpretq_f64_u64(bits); }
static inline vd vd_and(vd a, vd b) { return vd_from_bits_neon(vandq_u64(vd_bits_neon(a), vd_bits_neon(b))); }
static inline vd vd_or(vd a, vd b) { return vd_from_bits_neon(vorrq_u64(vd_bits_neon(a), vd_bits_neon(b))); }
static inline vd vd_xor(vd a, vd b) { return vd_from_bits_neon(veorq_u64(vd_bits_neon(a), vd_bits_neon(b))); }
static inline vd vd_add_bits(vd a, vd b) { return vd_from_bits_neon(vaddq_u64(vd_bits_neon(a), vd_bits_neon(b))); }
static inline vd vd_sub_bits(vd a, vd b) { return vd_from_bits_neon(vsubq_u64(vd_bits_neon(a), vd_bits_neon(b))); }
#define vd_shift_left(a, n) vd_from_bits_neon(vshlq_n_u64(vd_bits_neon(a), (n)))
#define vd_shift_right(a, n) vd_from_bits_neon(vshrq_n_u64(vd_bits_neon(a), (n)))
static inline vdm vd_less(vd a, vd b) { return vcltq_f64(a, b); }
static inline vdm vd_equal(vd a, vd b) { return vceqq_f64(a, b); }
static inline vdm vd_unordered(vd a, vd b) {
    const uint64x2_t ordered = vandq_u64(vceqq_f64(a, a), vceqq_f64(b, b));
    return vreinterpretq_u64_u32(vmvnq_u32(vreinterpretq_u32_u64(ordered)));
}
static inline vdm vdm_and(vdm a, vdm b) { return vandq_u64(a, b); }
static inline vdm vdm_or(vdm a, vdm b) { return vorrq_u64(a, b); }
static inline vd vd_select(vdm mask, vd yes, vd no) { return vbslq_f64(mask, yes, no); }

#endif
