/* The vector vocabulary in AArch64 NEON: four fp32 lanes, two fp64 lanes. See src/kernels/README.md for what each word means. */
#ifndef GD_SIMD_H
#define GD_SIMD_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#define GD_SIMD_NAME neon
#define GD_SIMD_NEEDS 0 /* every AArch64 CPU has it */
enum { VF = 4, TILE_ROWS = 6, TILE_VECTORS = 4, TURNED = 4, UPDATE_VECTORS = 1 };

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
static inline vf vf_copy_sign(vf a, vf b) { return vbslq_f32(vdupq_n_u32(0x80000000u), b, a); }
static inline vm vf_less(vf a, vf b) { return vcltq_f32(a, b); }
static inline vm vf_equal(vf a, vf b) { return vceqq_f32(a, b); }
static inline vm vf_unordered(vf a, vf b) { return vmvnq_u32(vandq_u32(vceqq_f32(a, a), vceqq_f32(b, b))); }
static inline vm vm_and(vm a, vm b) { return vandq_u32(a, b); }
static inline vm vm_or(vm a, vm b) { return vorrq_u32(a, b); }
static inline int vm_any(vm a) { return vmaxvq_u32(a) != 0; }
static inline int vm_all(vm a) { return vminvq_u32(a) != 0; }
static inline vf vf_select(vm mask, vf yes, vf no) { return vbslq_f32(mask, yes, no); }
static inline void vf_transpose(vf a[VF]) {
    const vf b0 = vtrn1q_f32(a[0], a[1]), b1 = vtrn2q_f32(a[0], a[1]), b2 = vtrn1q_f32(a[2], a[3]), b3 = vtrn2q_f32(a[2], a[3]);
    a[0] = vcombine_f32(vget_low_f32(b0), vget_low_f32(b2));
    a[1] = vcombine_f32(vget_low_f32(b1), vget_low_f32(b3));
    a[2] = vcombine_f32(vget_high_f32(b0), vget_high_f32(b2));
    a[3] = vcombine_f32(vget_high_f32(b1), vget_high_f32(b3));
}
static inline void vf_load_turned(const float *p, ptrdiff_t row, vf a[TURNED]) {
    for (int i = 0; i < VF; i++) a[i] = vf_load(p + i * row);
    vf_transpose(a);
}

/* fp64 lanes, for the elementary functions: as many as a vf has, in two registers. */
typedef struct vd {
    float64x2_t low, high;
} vd;
typedef struct vdm {
    uint64x2_t low, high;
} vdm;

#define GD_VD2(type, word, a, b) ((type){word((a).low, (b).low), word((a).high, (b).high)})
#define GD_BITS(word, a, b) vreinterpretq_f64_u64(word(vreinterpretq_u64_f64(a), vreinterpretq_u64_f64(b)))
#define GD_BITS2(word, a, b) ((vd){GD_BITS(word, (a).low, (b).low), GD_BITS(word, (a).high, (b).high)})

static inline vd vd_widen(vf a) { return (vd){vcvt_f64_f32(vget_low_f32(a)), vcvt_high_f64_f32(a)}; }
static inline vf vf_narrow(vd a) { return vcvt_high_f32_f64(vcvt_f32_f64(a.low), a.high); }
static inline vd vd_set(double a) { return (vd){vdupq_n_f64(a), vdupq_n_f64(a)}; }
static inline vd vd_add(vd a, vd b) { return GD_VD2(vd, vaddq_f64, a, b); }
static inline vd vd_sub(vd a, vd b) { return GD_VD2(vd, vsubq_f64, a, b); }
static inline vd vd_mul(vd a, vd b) { return GD_VD2(vd, vmulq_f64, a, b); }
static inline vd vd_div(vd a, vd b) { return GD_VD2(vd, vdivq_f64, a, b); }
static inline vd vd_madd(vd a, vd b, vd c) { return (vd){vfmaq_f64(c.low, a.low, b.low), vfmaq_f64(c.high, a.high, b.high)}; }
static inline vd vd_and(vd a, vd b) { return GD_BITS2(vandq_u64, a, b); }
static inline vd vd_or(vd a, vd b) { return GD_BITS2(vorrq_u64, a, b); }
static inline vd vd_add_bits(vd a, vd b) { return GD_BITS2(vaddq_u64, a, b); }
static inline vd vd_sub_bits(vd a, vd b) { return GD_BITS2(vsubq_u64, a, b); }
#define GD_SHIFT(shift, a, n) vreinterpretq_f64_u64(shift(vreinterpretq_u64_f64(a), (n)))
#define vd_shift_left(a, n) ((vd){GD_SHIFT(vshlq_n_u64, (a).low, n), GD_SHIFT(vshlq_n_u64, (a).high, n)})
#define vd_shift_right(a, n) ((vd){GD_SHIFT(vshrq_n_u64, (a).low, n), GD_SHIFT(vshrq_n_u64, (a).high, n)})
static inline vdm vd_less(vd a, vd b) { return GD_VD2(vdm, vcltq_f64, a, b); }
static inline vdm vd_equal(vd a, vd b) { return GD_VD2(vdm, vceqq_f64, a, b); }
static inline int vdm_any(vdm a) { return vmaxvq_u32(vreinterpretq_u32_u64(vorrq_u64(a.low, a.high))) != 0; }
static inline vd vd_select(vdm mask, vd yes, vd no) { return (vd){vbslq_f64(mask.low, yes.low, no.low), vbslq_f64(mask.high, yes.high, no.high)}; }

#endif
