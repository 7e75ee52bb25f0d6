/* Stands before the compiler's <immintrin.h> when the AVX-512 kernels are compiled for a CPU without AVX-512: SIMDe (a Debian package) spells the
 * intrinsics in AVX2 and plain C, so that checkkern can run the file as it is written. What SIMDe 0.7.4 lacks or aliases to the real instructions
 * follows in plain C. */
#ifndef GD_EMULATED_IMMINTRIN_H
#define GD_EMULATED_IMMINTRIN_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

#include <string.h>

#define __m512 simde__m512
#define __m512d simde__m512d
#define __m512i simde__m512i

static inline void emulated_load(unsigned mask, const float *p, float *lanes, int count) {
    for (int i = 0; i < count; i++) lanes[i] = (mask >> i & 1) ? p[i] : 0.0f;
}

static inline void emulated_store(float *p, unsigned mask, const float *lanes, int count) {
    for (int i = 0; i < count; i++)
        if (mask >> i & 1) p[i] = lanes[i];
}

static inline simde__m512 emulated_maskz_loadu_512(unsigned mask, const float *p) {
    simde__m512 result;
    float lanes[16];
    emulated_load(mask, p, lanes, 16);
    memcpy(&result, lanes, sizeof lanes);
    return result;
}

static inline __m256 emulated_maskz_loadu_256(unsigned mask, const float *p) {
    __m256 result;
    float lanes[8];
    emulated_load(mask, p, lanes, 8);
    memcpy(&result, lanes, sizeof lanes);
    return result;
}

static inline void emulated_mask_storeu_512(float *p, unsigned mask, simde__m512 a) {
    float lanes[16];
    memcpy(lanes, &a, sizeof lanes);
    emulated_store(p, mask, lanes, 16);
}

static inline void emulated_mask_storeu_256(float *p, unsigned mask, __m256 a) {
    float lanes[8];
    memcpy(lanes, &a, sizeof lanes);
    emulated_store(p, mask, lanes, 8);
}

static inline simde__m512d emulated_cvtps_pd(__m256 a) {
    simde__m512d result;
    float narrow[8];
    double wide[8];
    memcpy(narrow, &a, sizeof narrow);
    for (int i = 0; i < 8; i++) wide[i] = narrow[i];
    memcpy(&result, wide, sizeof wide);
    return result;
}

static inline __m256 emulated_cvtpd_ps(simde__m512d a) {
    __m256 result;
    float narrow[8];
    double wide[8];
    memcpy(wide, &a, sizeof wide);
    for (int i = 0; i < 8; i++) narrow[i] = (float)wide[i];
    memcpy(&result, narrow, sizeof narrow);
    return result;
}

static inline simde__m512 emulated_shuffle_f32x4(simde__m512 a, simde__m512 b, int quarters) {
    simde__m512 result;
    float from[2][16], to[16];
    memcpy(from[0], &a, sizeof from[0]);
    memcpy(from[1], &b, sizeof from[1]);
    for (int i = 0; i < 4; i++) memcpy(to + 4 * i, from[i / 2] + 4 * (quarters >> 2 * i & 3), 4 * sizeof(float));
    memcpy(&result, to, sizeof to);
    return result;
}

#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps emulated_maskz_loadu_512
#undef _mm256_maskz_loadu_ps
#define _mm256_maskz_loadu_ps emulated_maskz_loadu_256
#undef _mm512_mask_storeu_ps
#define _mm512_mask_storeu_ps emulated_mask_storeu_512
#undef _mm256_mask_storeu_ps
#define _mm256_mask_storeu_ps emulated_mask_storeu_256
#undef _mm512_shuffle_f32x4
#define _mm512_shuffle_f32x4 emulated_shuffle_f32x4
#undef _mm512_cvtps_pd
#define _mm512_cvtps_pd emulated_cvtps_pd
#undef _mm512_cvtpd_ps
#define _mm512_cvtpd_ps emulated_cvtpd_ps

#else
#include_next <immintrin.h> /* SIMDe's own */
#endif
