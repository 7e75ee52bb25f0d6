/* The vector vocabulary in AVX-512 (F, BW, DQ, VL): sixteen fp32 lanes, eight fp64 lanes. See src/kernels/README.md for what each word means. */
#ifndef GD_SIMD_H
#define GD_SIMD_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define GD_SIMD_NAME avx512
#define GD_SIMD_NEEDS (GD_CPU_AVX2 | GD_CPU_AVX512)
enum { VF = 16, TILE_ROWS = 14, TILE_VECTORS = 2, TURNED = 16, UPDATE_VECTORS = 2 };

typedef __m512 vf;
typedef __mmask16 vm;

static inline __mmask16 vf_part(size_t n) { return (__mmask16)((1u << n) - 1u); } /* lanes 0 .. n-1, n <= 16 */
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline vf vf_load_part(const float *p, size_t n) { return _mm512_maskz_loadu_ps(vf_part(n), p); }
static inline void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
static inline void vf_store_part(float *p, vf a, size_t n) { _mm512_mask_storeu_ps(p, vf_part(n), a); }
static inline vf vf_set(float a) { return _mm512_set1_ps(a); }
static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf vf_abs(vf a) { return _mm512_abs_ps(a); }
static inline vf vf_negate(vf a) { return _mm512_xor_ps(_mm512_set1_ps(-0.0f), a); }
static inline vf vf_copy_sign(vf a, vf b) { return _mm512_or_ps(_mm512_abs_ps(a), _mm512_and_ps(b, _mm512_set1_ps(-0.0f))); }
static inline vm vf_less(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
static inline vm vf_equal(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
static inline vm vf_unordered(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }
static inline vm vm_and(vm a, vm b) { return (vm)(a & b); }
static inline vm vm_or(vm a, vm b) { return (vm)(a | b); }
static inline int vm_any(vm a) { return a != 0; }
static inline int vm_all(vm a) { return a == 0xffff; }
static inline vf vf_select(vm mask, vf yes, vf no) { return _mm512_mask_blend_ps(mask, no, yes); }
static inline void vf_transpose(vf a[VF]) {
    vf b[VF];
    for (int i = 0; i < VF; i += 2) {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < VF; i += 4)
        for (int j = 0; j < 2; j++) { /* a[4*g + c]: of rows 4*g .. 4*g+3 columns c, 4+c, 8+c, 12+c, a quarter each */
            a[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(b[i + j]), _mm512_castps_pd(b[i + 2 + j])));
            a[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(b[i + j]), _mm512_castps_pd(b[i + 2 + j])));
        }
    for (int c = 0; c < 4; c++) {
        const vf even0 = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88), even1 = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88);
        const vf odd0 = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xdd), odd1 = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xdd);
        a[c] = _mm512_shuffle_f32x4(even0, even1, 0x88);
        a[4 + c] = _mm512_shuffle_f32x4(odd0, odd1, 0x88);
        a[8 + c] = _mm512_shuffle_f32x4(even0, even1, 0xdd);
        a[12 + c] = _mm512_shuffle_f32x4(odd0, odd1, 0xdd);
    }
}
static inline void vf_load_turned(const float *p, ptrdiff_t row, vf a[TURNED]) {
    for (int i = 0; i < VF; i++) a[i] = vf_load(p + i * row);
    vf_transpose(a);
}

/* fp64 lanes, for the elementary functions: as many as a vf has, in two registers. */
typedef struct vd {
    __m512d low, high;
} vd;
typedef struct vdm {
    __mmask8 low, high;
} vdm;

#define GD_VD2(type, word, a, b) ((type){word((a).low, (b).low), word((a).high, (b).high)})

static inline vd vd_widen(vf a) {
    return (vd){_mm512_cvtps_pd(_mm512_castps512_ps256(a)), _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1)))};
}
static inline vf vf_narrow(vd a) {
    return _mm512_castpd_ps(
        _mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(_mm512_cvtpd_ps(a.low))), _mm256_castps_pd(_mm512_cvtpd_ps(a.high)), 1));
}
static inline vd vd_set(double a) { return (vd){_mm512_set1_pd(a), _mm512_set1_pd(a)}; }
static inline vd vd_add(vd a, vd b) { return GD_VD2(vd, _mm512_add_pd, a, b); }
static inline vd vd_sub(vd a, vd b) { return GD_VD2(vd, _mm512_sub_pd, a, b); }
static inline vd vd_mul(vd a, vd b) { return GD_VD2(vd, _mm512_mul_pd, a, b); }
static inline vd vd_div(vd a, vd b) { return GD_VD2(vd, _mm512_div_pd, a, b); }
static inline vd vd_madd(vd a, vd b, vd c) { return (vd){_mm512_fmadd_pd(a.low, b.low, c.low), _mm512_fmadd_pd(a.high, b.high, c.high)}; }
static inline vd vd_and(vd a, vd b) { return GD_VD2(vd, _mm512_and_pd, a, b); }
static inline vd vd_or(vd a, vd b) { return GD_VD2(vd, _mm512_or_pd, a, b); }
static inline __m512d vd_add_bits_512(__m512d a, __m512d b) {
    return _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(a), _mm512_castpd_si512(b)));
}
static inline __m512d vd_sub_bits_512(__m512d a, __m512d b) {
    return _mm512_castsi512_pd(_mm512_sub_epi64(_mm512_castpd_si512(a), _mm512_castpd_si512(b)));
}
static inline vd vd_add_bits(vd a, vd b) { return GD_VD2(vd, vd_add_bits_512, a, b); }
static inline vd vd_sub_bits(vd a, vd b) { return GD_VD2(vd, vd_sub_bits_512, a, b); }
#define GD_SHIFT(shift, a, n) _mm512_castsi512_pd(shift(_mm512_castpd_si512(a), (n)))
#define vd_shift_left(a, n) ((vd){GD_SHIFT(_mm512_slli_epi64, (a).low, n), GD_SHIFT(_mm512_slli_epi64, (a).high, n)})
#define vd_shift_right(a, n) ((vd){GD_SHIFT(_mm512_srli_epi64, (a).low, n), GD_SHIFT(_mm512_srli_epi64, (a).high, n)})
static inline __mmask8 vd_less_512(__m512d a, __m512d b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
static inline __mmask8 vd_equal_512(__m512d a, __m512d b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
static inline vdm vd_less(vd a, vd b) { return GD_VD2(vdm, vd_less_512, a, b); }
static inline vdm vd_equal(vd a, vd b) { return GD_VD2(vdm, vd_equal_512, a, b); }
static inline int vdm_any(vdm a) { return (a.low | a.high) != 0; }
static inline vd vd_select(vdm mask, vd yes, vd no) {
    return (vd){_mm512_mask_blend_pd(mask.low, no.low, yes.low), _mm512_mask_blend_pd(mask.high, no.high, yes.high)};
}

#endif
