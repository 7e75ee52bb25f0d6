/* SHA-256 (FIPS 180-4). */
#ifndef GD_BASE_SHA256_H
#define GD_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct gd_sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
} gd_sha256;

void gd_sha256_init(gd_sha256 *hash);
void gd_sha256_update(gd_sha256 *hash, const void *data, size_t size);
void gd_sha256_final(gd_sha256 *hash, uint8_t digest[32]);

/* The digest as 64 lower-case hex digits and a 0. */
void gd_sha256_hex(const uint8_t digest[32], char hex[65]);

/* Adds n floats as little-endian fp32, every NaN as 0x7fc00000. */
void gd_sha256_floats(gd_sha256 *hash, const float *values, size_t n);

#endif
