/* The vector vocabulary in plain C: one lane. Also the portable build's fastest. See src/kernels/README.md for what each word means. */
#ifndef GD_SIMD_H
#define GD_SIMD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/softfma.h"

#define GD_SIMD_NAME scalar
#define GD_SIMD_NEEDS 0
enum { VF = 1, TILE_ROWS = 4, TILE_VECTORS = 4, TURNED = 1, UPDATE_VECTORS = 1 };

typedef float vf;
typedef uint32_t vm; /* a mask: all ones or 0 */

static inline vf vf_load(const float *p) { return *p; }
static inline vf vf_load_part(const float *p, size_t n) { return n ? *p : 0.0f; }
static inline void vf_store(float *p, vf a) { *p = a; }
static inline void vf_store_part(float *p, vf a, size_t n) {
    if (n) *p = a;
}
static inline vf vf_set(float a) { return a; }
static inline vf vf_add(vf a, vf b) { return a + b; }
static inline vf vf_sub(vf a, vf b) { return a - b; }
static inline vf vf_mul(vf a, vf b) { return a * b; }
static inline vf vf_div(vf a, vf b) { return a / b; }
static inline vf vf_sqrt(vf a) { return __builtin_sqrtf(a); }
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) /* the instruction is there */
static inline vf vf_fma(vf a, vf b, vf c) { return __builtin_fmaf(a, b, c); }
#else
static inline vf vf_fma(vf a, vf b, vf c) { return gd_soft_fma(a, b, c); }
#endif
static inline uint32_t vf_bits(vf a) {
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}
static inline vf vf_from_bits(uint32_t bits) {
    vf a;
    memcpy(&a, &bits, sizeof a);
    return a;
}
static inline vf vf_abs(vf a) { return vf_from_bits(vf_bits(a) & 0x7fffffffu); }
static inline vf vf_negate(vf a) { return -a; }
static inline vf vf_copy_sign(vf a, vf b) { return vf_from_bits((vf_bits(a) & 0x7fffffffu) | (vf_bits(b) & 0x80000000u)); }
static inline vm vf_less(vf a, vf b) { return a < b ? UINT32_MAX : 0; }
static inline vm vf_equal(vf a, vf b) { return a == b ? UINT32_MAX : 0; }
static inline vm vf_unordered(vf a, vf b) { return (a != a || b != b) ? UINT32_MAX : 0; }
static inline vm vm_and(vm a, vm b) { return a & b; }
static inline vm vm_or(vm a, vm b) { return a | b; }
static inline int vm_any(vm a) { return a != 0; }
static inline int vm_all(vm a) { return a != 0; }
static inline vf vf_select(vm mask, vf yes, vf no) { return mask ? yes : no; }
static inline void vf_transpose(vf a[VF]) { (void)a; }
static inline void vf_load_turned(const float *p, ptrdiff_t row, vf a[TURNED]) {
    (void)row;
    a[0] = *p;
}

/* fp64 lanes, for the elementary functions. */
typedef double vd;
typedef uint64_t vdm;

static inline vd vd_widen(vf a) { return (double)a; }
static inline vf vf_narrow(vd a) { return (float)a; }
static inline vd vd_set(double a) { return a; }
static inline vd vd_add(vd a, vd b) { return a + b; }
static inline vd vd_sub(vd a, vd b) { return a - b; }
static inline vd vd_mul(vd a, vd b) { return a * b; }
static inline vd vd_div(vd a, vd b) { return a / b; }
static inline vd vd_madd(vd a, vd b, vd c) { return a * b + c; }
static inline uint64_t vd_bits_scalar(vd a) {
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}
static inline vd vd_from_bits_scalar(uint64_t bits) {
    vd a;
    memcpy(&a, &bits, sizeof a);
    return a;
}
static inline vd vd_and(vd a, vd b) { return vd_from_bits_scalar(vd_bits_scalar(a) & vd_bits_scalar(b)); }
static inline vd vd_or(vd a, vd b) { return vd_from_bits_scalar(vd_bits_scalar(a) | vd_bits_scalar(b)); }
static inline vd vd_add_bits(vd a, vd b) { return vd_from_bits_scalar(vd_bits_scalar(a) + vd_bits_scalar(b)); }
static inline vd vd_sub_bits(vd a, vd b) { return vd_from_bits_scalar(vd_bits_scalar(a) - vd_bits_scalar(b)); }
#define vd_shift_left(a, n) vd_from_bits_scalar(vd_bits_scalar(a) << (n))
#define vd_shift_right(a, n) vd_from_bits_scalar(vd_bits_scalar(a) >> (n))
static inline vdm vd_less(vd a, vd b) { return a < b ? UINT64_MAX : 0; }
static inline vdm vd_equal(vd a, vd b) { return a == b ? UINT64_MAX : 0; }
static inline int vdm_any(vdm a) { return a != 0; }
static inline vd vd_select(vdm mask, vd yes, vd no) { return mask ? yes : no; }

#endif
