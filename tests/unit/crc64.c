/* CRC-64/XZ: the published check value, a bit-by-bit reference at every length and alignment, and that close changes never cancel. */
#include "base/crc64.h"

#include <criterion/criterion.h>

#include "random.h"

static uint64_t reference(const uint8_t *bytes, size_t size) {
    uint64_t check = UINT64_MAX;
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            const uint64_t out = (check ^ bytes[i] >> bit) & 1;
            check = check >> 1 ^ (out ? 0xc96c5795d7870f42u : 0);
        }
    return ~check;
}

Test(crc64, published_value) {
    cr_expect_eq(gd_crc64("123456789", 9), 0x995dc9bbdf1939fau);
    cr_expect_eq(gd_crc64(NULL, 0), 0);
}

Test(crc64, every_length_and_alignment) {
    uint8_t bytes[300];
    uint64_t random = 5;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)test_random(&random);
    for (size_t size = 0; size < 280; size++)
        for (size_t at = 0; at < 9; at++) cr_assert_eq(gd_crc64(bytes + at, size), reference(bytes + at, size), "%zu bytes at %zu", size, at);
}

Test(crc64, a_change_within_64_bits_is_seen) {
    uint8_t bytes[200] = {0};
    uint64_t random = 6;
    const uint64_t whole = gd_crc64(bytes, sizeof bytes);
    for (int i = 0; i < 20000; i++) {
        const size_t at = test_random(&random) % (sizeof bytes - 8);
        const uint64_t change = test_random(&random) >> test_random(&random) % 64;
        for (int k = 0; k < 8; k++) bytes[at + (size_t)k] ^= (uint8_t)(change >> 8 * k);
        cr_assert(change == 0 || gd_crc64(bytes, sizeof bytes) != whole);
        for (int k = 0; k < 8; k++) bytes[at + (size_t)k] ^= (uint8_t)(change >> 8 * k);
    }
}
