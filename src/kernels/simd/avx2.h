/* The vector vocabulary in AVX2 with FMA: eight fp32 lanes, four fp64 lanes. See src/kernels/README.md for what each word means. */
#ifndef GD_SIMD_H
#define GD_SIMD_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define GD_SIMD_NAME avx2
#define GD_SIMD_NEEDS GD_CPU_AVX2
enum { VF = 8, TILE_ROWS = 6, TILE_VECTORS = 2, TURNED = 4, UPDATE_VECTORS = 1 };

typedef __m256 vf;
typedef __m256 vm;

static inline __m256i vf_part(size_t n) { /* lanes 0 .. n-1 on */
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
static inline vf vf_load_part(const float *p, size_t n) { return _mm256_maskload_ps(p, vf_part(n)); }
static inline void vf_store(float *p, vf a) { _mm256_storeu_ps(p, a); }
/* In pieces: a masked store is some forty operations on AMD's Zen 3. */
static inline void vf_store_part(float *p, vf a, size_t n) {
    __m128 b = _mm256_castps256_ps128(a);
    if (n & 4) {
        _mm_storeu_ps(p, b);
        p += 4;
        b = _mm256_extractf128_ps(a, 1);
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, b);
        p += 2;
        b = _mm_movehl_ps(b, b);
    }
    if (n & 1) _mm_store_ss(p, b);
}
static inline vf vf_set(float a) { return _mm256_set1_ps(a); }
static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
static inline vf vf_sqrt(vf a) { return _mm256_sqrt_ps(a); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf vf_abs(vf a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
static inline vf vf_negate(vf a) { return _mm256_xor_ps(_mm256_set1_ps(-0.0f), a); }
static inline vf vf_copy_sign(vf a, vf b) { return _mm256_or_ps(vf_abs(a), _mm256_and_ps(b, _mm256_set1_ps(-0.0f))); }
/* Comparisons are the language's: of an intrinsic's result gcc does not know that a lane is all ones or all zeros, and spreads the sign once more before
 * every blend. They set the invalid flag for a NaN, which nobody sees (base/fp.h). */
static inline vm vf_less(vf a, vf b) { return (vm)(a < b); }
static inline vm vf_equal(vf a, vf b) { return (vm)(a == b); }
static inline vm vf_unordered(vf a, vf b) { return (vm)((a != a) | (b != b)); }
static inline vm vm_and(vm a, vm b) { return _mm256_and_ps(a, b); }
static inline vm vm_or(vm a, vm b) { return _mm256_or_ps(a, b); }
static inline int vm_any(vm a) { return _mm256_movemask_ps(a) != 0; }
static inline int vm_all(vm a) { return _mm256_movemask_ps(a) == 0xff; }
static inline vf vf_select(vm mask, vf yes, vf no) { return _mm256_blendv_ps(no, yes, mask); }
static inline void vf_transpose(vf a[VF]) {
    vf b[VF];
    for (int i = 0; i < VF; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < VF; i += 4)
        for (int j = 0; j < 2; j++) { /* a[4*g + c]: of rows 4*g .. 4*g+3 columns c and 4+c, a half each */
            a[i + 2 * j] = _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(b[i + j]), _mm256_castps_pd(b[i + 2 + j])));
            a[i + 2 * j + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(b[i + j]), _mm256_castps_pd(b[i + 2 + j])));
        }
    for (int c = 0; c < 4; c++) {
        const vf low = a[c], high = a[4 + c];
        a[c] = _mm256_permute2f128_ps(low, high, 0x20);
        a[4 + c] = _mm256_permute2f128_ps(low, high, 0x31);
    }
}
/* Halves of vectors are loaded where they are wanted: no shuffle goes across them. */
static inline vf vf_load_halves(const float *low, const float *high) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}
static inline void vf_load_turned(const float *p, ptrdiff_t row, vf a[TURNED]) {
    const vf r0 = vf_load_halves(p, p + 4 * row), r1 = vf_load_halves(p + row, p + 5 * row);
    const vf r2 = vf_load_halves(p + 2 * row, p + 6 * row), r3 = vf_load_halves(p + 3 * row, p + 7 * row);
    const __m256d b0 = _mm256_castps_pd(_mm256_unpacklo_ps(r0, r1)), b1 = _mm256_castps_pd(_mm256_unpackhi_ps(r0, r1));
    const __m256d b2 = _mm256_castps_pd(_mm256_unpacklo_ps(r2, r3)), b3 = _mm256_castps_pd(_mm256_unpackhi_ps(r2, r3));
    a[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(b0, b2));
    a[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(b0, b2));
    a[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(b1, b3));
    a[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(b1, b3));
}

/* fp64 lanes, for the elementary functions: as many as a vf has, in two registers. */
typedef struct vd {
    __m256d low, high;
} vd;
typedef vd vdm;

#define GD_VD2(word, a, b) ((vd){word((a).low, (b).low), word((a).high, (b).high)})

static inline vd vd_widen(vf a) { return (vd){_mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1))}; }
static inline vf vf_narrow(vd a) { return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(a.low)), _mm256_cvtpd_ps(a.high), 1); }
static inline vd vd_set(double a) { return (vd){_mm256_set1_pd(a), _mm256_set1_pd(a)}; }
static inline vd vd_add(vd a, vd b) { return GD_VD2(_mm256_add_pd, a, b); }
static inline vd vd_sub(vd a, vd b) { return GD_VD2(_mm256_sub_pd, a, b); }
static inline vd vd_mul(vd a, vd b) { return GD_VD2(_mm256_mul_pd, a, b); }
static inline vd vd_div(vd a, vd b) { return GD_VD2(_mm256_div_pd, a, b); }
static inline vd vd_madd(vd a, vd b, vd c) { return (vd){_mm256_fmadd_pd(a.low, b.low, c.low), _mm256_fmadd_pd(a.high, b.high, c.high)}; }
static inline vd vd_and(vd a, vd b) { return GD_VD2(_mm256_and_pd, a, b); }
static inline vd vd_or(vd a, vd b) { return GD_VD2(_mm256_or_pd, a, b); }
static inline __m256d vd_add_bits_256(__m256d a, __m256d b) {
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(a), _mm256_castpd_si256(b)));
}
static inline __m256d vd_sub_bits_256(__m256d a, __m256d b) {
    return _mm256_castsi256_pd(_mm256_sub_epi64(_mm256_castpd_si256(a), _mm256_castpd_si256(b)));
}
static inline vd vd_add_bits(vd a, vd b) { return GD_VD2(vd_add_bits_256, a, b); }
static inline vd vd_sub_bits(vd a, vd b) { return GD_VD2(vd_sub_bits_256, a, b); }
#define GD_SHIFT(shift, a, n) _mm256_castsi256_pd(shift(_mm256_castpd_si256(a), (n)))
#define vd_shift_left(a, n) ((vd){GD_SHIFT(_mm256_slli_epi64, (a).low, n), GD_SHIFT(_mm256_slli_epi64, (a).high, n)})
#define vd_shift_right(a, n) ((vd){GD_SHIFT(_mm256_srli_epi64, (a).low, n), GD_SHIFT(_mm256_srli_epi64, (a).high, n)})
static inline __m256d vd_less_256(__m256d a, __m256d b) { return (__m256d)(a < b); }
static inline __m256d vd_equal_256(__m256d a, __m256d b) { return (__m256d)(a == b); }
static inline vdm vd_less(vd a, vd b) { return GD_VD2(vd_less_256, a, b); }
static inline vdm vd_equal(vd a, vd b) { return GD_VD2(vd_equal_256, a, b); }
static inline int vdm_any(vdm a) { return _mm256_movemask_pd(_mm256_or_pd(a.low, a.high)) != 0; }
static inline vd vd_select(vdm mask, vd yes, vd no) {
    return (vd){_mm256_blendv_pd(no.low, yes.low, mask.low), _mm256_blendv_pd(no.high, yes.high, mask.high)};
}

#endif
