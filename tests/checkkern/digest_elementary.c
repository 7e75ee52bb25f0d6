/* elementary-digest: for each elementary function one SHA-256 over its values at every 41st bit pattern from 0 on, 104,755,300 inputs. Where the lines
 * equal those of a table that tools/prove_elementary has proved, these inputs are correctly rounded here too: so the AArch64 build is proved under
 * an emulator, without MPFR. Needs libc only.
 * `elementary-digest ISA [FUNCTION]`. Exit 2: there is no such instruction set or function here. */
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "kernels/dispatch.h"

enum { STRIDE = 41, BLOCK = 4096 };

#define NAME(NAME, name) #name,
static const char *const names[] = {GD_ELEMENTARY_MAP(NAME)};
#define SLOT(NAME, name) GD_UNARY_##NAME,
static const int slots[] = {GD_ELEMENTARY_MAP(SLOT)};
enum { FUNCTIONS = sizeof slots / sizeof slots[0] };

static const gd_kernels *table_of(const char *name) {
    for (size_t i = 0; gd_kernels_at(i) != NULL; i++)
        if (strcmp(gd_kernels_at(i)->name, name) == 0 && gd_kernels_runnable(gd_kernels_at(i))) return gd_kernels_at(i);
    return NULL;
}

static void print_digest(const gd_kernels *table, size_t function) {
    const uint64_t end = UINT64_C(1) << 32;
    float x[BLOCK];
    gd_sha256 hash;
    uint8_t digest[32];
    char hex[65];
    gd_sha256_init(&hash);
    for (uint64_t next = 0; next < end;) {
        size_t count = 0;
        for (; count < BLOCK && next < end; count++, next += STRIDE) {
            const uint32_t bits = (uint32_t)next;
            memcpy(&x[count], &bits, sizeof bits);
        }
        table->unary[slots[function]](x, x, count);
        gd_sha256_floats(&hash, x, count);
    }
    gd_sha256_final(&hash, digest);
    gd_sha256_hex(digest, hex);
    printf("%s  %s\n", hex, names[function]);
    fflush(stdout);
}

int main(int argc, char **argv) {
    const gd_kernels *table = argc == 2 || argc == 3 ? table_of(argv[1]) : NULL;
    int printed = 0;
    for (size_t f = 0; table && f < FUNCTIONS; f++) {
        if (argc == 3 && strcmp(argv[2], names[f]) != 0) continue;
        print_digest(table, f);
        printed = 1;
    }
    if (!printed) fprintf(stderr, "usage: elementary-digest ISA [FUNCTION]    an instruction set that runs here, one of the elementary functions\n");
    return printed ? 0 : 2;
}
