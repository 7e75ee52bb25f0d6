/* SHA-256 against FIPS 180-4's examples and digests made with Python's hashlib. */
#include "base/sha256.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

static void finish(gd_sha256 *hash, char hex[65]) {
    uint8_t digest[32];
    gd_sha256_final(hash, digest);
    gd_sha256_hex(digest, hex);
}

static void digest_of(const void *data, size_t size, char hex[65]) {
    gd_sha256 hash;
    gd_sha256_init(&hash);
    gd_sha256_update(&hash, data, size);
    finish(&hash, hex);
}

Test(sha256, published_examples) {
    const struct {
        const char *message, *digest;
    } examples[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    char hex[65];
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        digest_of(examples[i].message, strlen(examples[i].message), hex);
        cr_expect_str_eq(hex, examples[i].digest);
    }
    gd_sha256 hash;
    gd_sha256_init(&hash);
    for (int i = 0; i < 1000000; i += 100)
        gd_sha256_update(&hash, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 100);
    finish(&hash, hex);
    cr_expect_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* hashlib.sha256(b"".join(hashlib.sha256(bytes((7*i+3) % 256 for i in range(n))).digest() for n in range(300))) */
Test(sha256, every_length_to_299) {
    uint8_t message[300], digest[32];
    char hex[65];
    gd_sha256 all;
    gd_sha256_init(&all);
    for (size_t n = 0; n < sizeof message; n++) {
        gd_sha256 hash;
        gd_sha256_init(&hash);
        gd_sha256_update(&hash, message, n);
        gd_sha256_final(&hash, digest);
        gd_sha256_update(&all, digest, sizeof digest);
        message[n] = (uint8_t)(7 * n + 3);
    }
    finish(&all, hex);
    cr_expect_str_eq(hex, "7b074096cabb18dd0d1b468a173cb2f97f80e952525bca29542e606fd6d0753a");
}

Test(sha256, cut_anywhere) {
    enum { SIZE = 1000 };
    uint8_t message[SIZE];
    uint64_t state = 1;
    for (int i = 0; i < SIZE; i++) message[i] = (uint8_t)test_random(&state);
    for (int round = 0; round < 500; round++) {
        size_t size = test_random(&state) % (SIZE + 1), at = 0;
        char whole[65], cut[65];
        digest_of(message, size, whole);
        gd_sha256 hash;
        gd_sha256_init(&hash);
        while (at < size) {
            size_t piece = test_random(&state) % 150;
            if (piece > size - at) piece = size - at;
            gd_sha256_update(&hash, message + at, piece);
            at += piece;
        }
        finish(&hash, cut);
        cr_assert_str_eq(cut, whole, "%zu bytes", size);
    }
}

/* struct.pack of the canonical bits, little-endian, through hashlib. */
Test(sha256, floats) {
    float values[150];
    for (int i = 0; i < 150; i++) values[i] = (float)i * 0.25f - 7.0f;
    values[0] = -0.0f;
    values[1] = test_float(0xffc12345u);
    values[2] = test_float(0x7f800001u);
    values[3] = -(float)INFINITY;
    values[4] = 0x1p-149f;
    char hex[65];
    gd_sha256 hash;
    gd_sha256_init(&hash);
    gd_sha256_floats(&hash, values, 150);
    finish(&hash, hex);
    cr_expect_str_eq(hex, "0e6f1ce2163f64c8fff5aa68403deb28ed880f8aa7175be878dd0cc6f1186117");
}
