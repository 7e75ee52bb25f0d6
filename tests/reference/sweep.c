/* Shows that the reference's elementary functions are correctly rounded: goes through all 2^32 floats and counts those whose rounding the long
 * double digits do not decide. `reference-sweep FUNCTION [FIRST COUNT]`: all of them (minutes of one core), or those from the bits
 * FIRST on. Exit 1 if there is one. */
#include "reference/reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME(NAME, name) [GD_UNARY_##NAME] = #name,
static const char *const names[GD_UNARY_COUNT] = {GD_UNARY_MAP(NAME)};

static int function_of(const char *name) {
    for (int f = 0; f < GD_UNARY_COUNT; f++)
        if (strcmp(names[f], name) == 0) return f;
    fprintf(stderr, "reference-sweep: no function is called %s\n", name);
    exit(2);
}

int main(int argc, char **argv) {
    const uint64_t all = UINT64_C(1) << 32;
    if (argc < 2) {
        fprintf(stderr, "usage: reference-sweep FUNCTION [FIRST COUNT]\n");
        return 2;
    }
    const int function = function_of(argv[1]);
    const uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : 0, count = argc > 3 ? strtoull(argv[3], NULL, 0) : all;
    uint64_t undecided = 0;
    for (uint64_t i = first; i < first + count && i < all; i++) {
        const uint32_t bits = (uint32_t)i;
        float x;
        memcpy(&x, &bits, sizeof x);
        if (gd_reference_decided(function, x)) continue;
        if (undecided++ < 10) printf("%s(%a), bits 0x%08" PRIx32 ", is not decided\n", argv[1], (double)x, bits);
    }
    printf("%s: %" PRIu64 " undecided\n", argv[1], undecided);
    return undecided != 0;
}
