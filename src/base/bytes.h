/* Numbers as bytes of a fixed order, whatever the machine's own. */
#ifndef GD_BASE_BYTES_H
#define GD_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t gd_load_u32be(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline uint32_t gd_load_u32le(const uint8_t *bytes) {
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static inline uint64_t gd_load_u64le(const uint8_t *bytes) { return gd_load_u32le(bytes) | (uint64_t)gd_load_u32le(bytes + 4) << 32; }

static inline void gd_store_u32be(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline void gd_store_u32le(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (8 * i));
}

/* n floats of little-endian fp32, their bits as they are. */
static inline void gd_load_f32le(float *values, const uint8_t *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = gd_load_u32le(bytes + 4 * i);
        memcpy(&values[i], &bits, sizeof bits);
    }
}

/* A float's bits as files and digests have them: every NaN is 0x7fc00000. */
static inline uint32_t gd_canonical_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return value != value ? 0x7fc00000u : bits;
}

#endif
