/* Shows that the reference's elementary functions are correctly rounded: goes through all 2^32 floats and counts those whose rounding the long double digits do not
 * decide. `reference-sweep FIRST COUNT` takes part of them (the bits of the first float, how many); minutes of one core in all. Exit 1 if there is one. */
#include "reference/reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    static const struct {
        int unary;
        const char *name;
    } functions[] = {{GD_UNARY_EXP, "exp"}, {GD_UNARY_LOG, "log"}, {GD_UNARY_TANH, "tanh"}, {GD_UNARY_SIGMOID, "sigmoid"}};
    const uint64_t all = UINT64_C(1) << 32;
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 0, count = argc > 2 ? strtoull(argv[2], NULL, 0) : all;
    uint64_t total = 0;
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
        uint64_t undecided = 0;
        for (uint64_t i = first; i < first + count && i < all; i++) {
            const uint32_t bits = (uint32_t)i;
            float x;
            memcpy(&x, &bits, sizeof x);
            if (gd_reference_decided(functions[f].unary, x)) continue;
            if (undecided++ < 10) printf("%s(%a), bits 0x%08" PRIx32 ", is not decided\n", functions[f].name, (double)x, bits);
        }
        printf("%s: %" PRIu64 " undecided\n", functions[f].name, undecided);
        fflush(stdout);
        total += undecided;
    }
    return total != 0;
}
