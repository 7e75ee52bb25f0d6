/* The elementary functions against digests that MPFR alone made: every instruction set that runs here, 2^20 inputs a function. And the ends of their
 * domains, as docs/numerics.md lists them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/sha256.h"
#include "kernels/dispatch.h"

#define GOLDEN GRADUS_SOURCE_ROOT "/tests/golden/elementary.txt"

enum { INPUTS = 1 << 20 };

#define NAME(NAME, name) #name,
static const char *const names[] = {GD_ELEMENTARY_MAP(NAME)};
#define SLOT(NAME, name) GD_UNARY_##NAME,
static const int slots[] = {GD_ELEMENTARY_MAP(SLOT)};
enum { FUNCTIONS = sizeof slots / sizeof slots[0] };

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The line of the golden file that begins with the name. */
static void golden_digest(const char *name, char hex[65]) {
    char line[400], of[32] = "";
    FILE *file = fopen(GOLDEN, "r");
    cr_assert_not_null(file);
    hex[0] = 0;
    while (strcmp(of, name) != 0 && fgets(line, sizeof line, file)) cr_assert(sscanf(line, "%31s %64s", of, hex) >= 1);
    fclose(file);
    cr_assert_str_eq(of, name, "no digest of %s in %s", name, GOLDEN);
}

Test(elementary, golden_digests) {
    float *x = malloc(INPUTS * sizeof *x), *y = malloc(INPUTS * sizeof *y);
    cr_assert(x && y);
    for (uint64_t i = 0; i < INPUTS; i++) x[i] = from_bits((uint32_t)(i * 4096 + i * 2654435761u % 4096));
    for (size_t f = 0; f < FUNCTIONS; f++) {
        char wanted[65], hex[65];
        golden_digest(names[f], wanted);
        for (size_t k = 0; gd_kernels_at(k) != NULL; k++) {
            const gd_kernels *table = gd_kernels_at(k);
            gd_sha256 hash;
            uint8_t bytes[32];
            if (!gd_kernels_runnable(table)) continue;
            table->unary[slots[f]](x, y, INPUTS);
            gd_sha256_init(&hash);
            gd_sha256_floats(&hash, y, INPUTS);
            gd_sha256_final(&hash, bytes);
            gd_sha256_hex(bytes, hex);
            cr_expect_str_eq(hex, wanted, "%s of %s differs from MPFR's", names[f], table->name);
        }
    }
    free(x);
    free(y);
}

typedef struct end {
    int slot;
    float x, y;
} end;

static const end ends[] = {
    {GD_UNARY_EXP, -INFINITY, 0.0f},
    {GD_UNARY_EXP, INFINITY, INFINITY},
    {GD_UNARY_LOG, 0.0f, -INFINITY},
    {GD_UNARY_LOG, -0.0f, -INFINITY},
    {GD_UNARY_LOG, -1.0f, NAN},
    {GD_UNARY_LOG, INFINITY, INFINITY},
    {GD_UNARY_TANH, -0.0f, -0.0f},
    {GD_UNARY_TANH, -INFINITY, -1.0f},
    {GD_UNARY_SIGMOID, -INFINITY, 0.0f},
    {GD_UNARY_SIGMOID, INFINITY, 1.0f},
    {GD_UNARY_EXPM1, 0.0f, 0.0f},
    {GD_UNARY_EXPM1, -0.0f, -0.0f},
    {GD_UNARY_EXPM1, -INFINITY, -1.0f},
    {GD_UNARY_EXPM1, INFINITY, INFINITY},
    {GD_UNARY_LOG1P, 0.0f, 0.0f},
    {GD_UNARY_LOG1P, -0.0f, -0.0f},
    {GD_UNARY_LOG1P, -1.0f, -INFINITY},
    {GD_UNARY_LOG1P, -1.5f, NAN},
    {GD_UNARY_LOG1P, -INFINITY, NAN},
    {GD_UNARY_LOG1P, INFINITY, INFINITY},
    {GD_UNARY_SOFTPLUS, -INFINITY, 0.0f},
    {GD_UNARY_SOFTPLUS, -200.0f, 0.0f},
    {GD_UNARY_SOFTPLUS, 0x1p100f, 0x1p100f},
    {GD_UNARY_SOFTPLUS, INFINITY, INFINITY},
    {GD_UNARY_ERF, 0.0f, 0.0f},
    {GD_UNARY_ERF, -0.0f, -0.0f},
    {GD_UNARY_ERF, INFINITY, 1.0f},
    {GD_UNARY_ERF, -INFINITY, -1.0f},
    {GD_UNARY_GELU, 0.0f, 0.0f},
    {GD_UNARY_GELU, -0.0f, -0.0f},
    {GD_UNARY_GELU, -INFINITY, -0.0f},
    {GD_UNARY_GELU, -200.0f, -0.0f},
    {GD_UNARY_GELU, INFINITY, INFINITY},
    {GD_UNARY_GELU, 0x1p-149f, 0x1p-149f},
    {GD_UNARY_GELU, -0x1p-149f, -0.0f},
    {GD_UNARY_RSQRT, 0.0f, INFINITY},
    {GD_UNARY_RSQRT, -0.0f, -INFINITY},
    {GD_UNARY_RSQRT, -0x1p-149f, NAN},
    {GD_UNARY_RSQRT, -INFINITY, NAN},
    {GD_UNARY_RSQRT, INFINITY, 0.0f},
    {GD_UNARY_RSQRT, 0x1p-148f, 0x1p74f},
    {GD_UNARY_SILU, 0.0f, 0.0f},
    {GD_UNARY_SILU, -0.0f, -0.0f},
    {GD_UNARY_SILU, -INFINITY, -0.0f},
    {GD_UNARY_SILU, -200.0f, -0.0f},
    {GD_UNARY_SILU, 0x1.5e0002p+9f, 0x1.5e0002p+9f},
    {GD_UNARY_SILU, INFINITY, INFINITY},
    {GD_UNARY_SILU, 0x1p-149f, 0x1p-149f},
    {GD_UNARY_SILU, -0x1p-149f, -0.0f},
};

/* Where the sum in fp64 is a tie of two floats and the exact value is not, or as near to one as fp64 can tell: the values are MPFR's. */
static const end ties[] = {
    {GD_UNARY_EXP, 0x1.84a5bap-4f, 0x1.197aeep+0f},
    {GD_UNARY_EXPM1, 0x1.84a5bap-4f, 0x1.97aed6p-4f},
    {GD_UNARY_LOG, 0x1.827a74p-7f, -0x1.1c2b1ep+2f},
    {GD_UNARY_LOG, 0x1.2f1fd6p+3f, 0x1.1fcbcep+1f},
    {GD_UNARY_LOG, 0x1.bacb4ap+25f, 0x1.1e0696p+4f},
    {GD_UNARY_LOG, 0x1.b121a6p+76f, 0x1.a9a3f2p+5f},
    {GD_UNARY_LOG, 0x1.6351d8p+95f, 0x1.08b512p+6f},
    {GD_UNARY_LOG1P, 0x1.800006p-21f, 0x1.7ffffep-21f},
    {GD_UNARY_LOG1P, 0x1.200036p-17f, 0x1.1fffe6p-17f},
    {GD_UNARY_LOG1P, 0x1.0f1fd6p+3f, 0x1.1fcbcep+1f},
    {GD_UNARY_LOG1P, -0x1.7ffffap-21f, -0x1.800002p-21f},
    {GD_UNARY_LOG1P, -0x1.1fffcap-17f, -0x1.20001ap-17f},
    {GD_UNARY_LOG1P, -0x1.1d9188p-9f, -0x1.1de14ap-9f},
    {GD_UNARY_SOFTPLUS, 0x1.d483ap-12f, 0x1.63017ap-1f},
    {GD_UNARY_ERF, 0x1.1aef3cp-1f, 0x1.218862p-1f},
    {GD_UNARY_GELU, -0x1.3cdc3cp+3f, -0x1.e901e4p-73f},
    {GD_UNARY_GELU, -0x1.49ab46p+3f, -0x1.12978p-78f},
    {GD_UNARY_SIGMOID, -0x1.250c02p-10f, 0x1.ffb6bep-2f},
    {GD_UNARY_SIGMOID, 0x1.fffffep-14f, 0x1.0004p-1f},
    {GD_UNARY_SIGMOID, -0x1.fffffep-14f, 0x1.fff8p-2f},
    {GD_UNARY_SIGMOID, 0x1.8p-24f, 0x1p-1f},
    {GD_UNARY_SIGMOID, -0x1.8p-24f, 0x1.fffffep-2f},
    {GD_UNARY_SILU, 0x1.8p-148f, 0x1p-148f},
    {GD_UNARY_SILU, -0x1.8p-148f, -0x1p-149f},
    {GD_UNARY_SILU, 0x1.baf428p-11f, 0x1.bb240ep-12f},
    {GD_UNARY_RSQRT, 0x1.13e07p-129f, 0x1.5cc0aap+64f},
    {GD_UNARY_RSQRT, 0x1.7431c6p-125f, 0x1.2c413cp+62f},
};

static int same(float a, float b) { return (a != a && b != b) || (a == b && signbit(a) == signbit(b)); }

static void expect_value(const gd_kernels *table, const end *about) {
    float y;
    table->unary[about->slot](&about->x, &y, 1);
    cr_expect(same(y, about->y), "%s: %s(%a) = %a, not %a", table->name, names[about->slot], (double)about->x, (double)y, (double)about->y);
}

Test(elementary, ends_of_the_domains_and_ties) {
    for (size_t k = 0; gd_kernels_at(k) != NULL; k++) {
        const gd_kernels *table = gd_kernels_at(k);
        if (!gd_kernels_runnable(table)) continue;
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) expect_value(table, &ends[i]);
        for (size_t i = 0; i < sizeof ties / sizeof ties[0]; i++) expect_value(table, &ties[i]);
        for (size_t f = 0; f < FUNCTIONS; f++) {
            const float x = NAN;
            float y;
            table->unary[slots[f]](&x, &y, 1);
            cr_expect(y != y, "%s: %s(NaN) = %a", table->name, names[f], (double)y);
        }
    }
}

/* In gelu's derivative, what rounding z^2 loses is put back in one rounding with the exponential itself: two would be another last bit here, and at few
 * other inputs. */
Test(elementary, gelu_derivative_is_fused) {
    for (size_t k = 0; gd_kernels_at(k) != NULL; k++) {
        const gd_kernels *table = gd_kernels_at(k);
        const float z = -0x1.510846p+2f;
        float d = 1.0f;
        if (!gd_kernels_runnable(table)) continue;
        table->derivative[GD_DERIVATIVE_GELU](&z, &d, 1);
        cr_expect_eq(d, -0x1.02b9acp-19f, "%s: %a", table->name, (double)d);
    }
}
