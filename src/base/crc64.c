/* CRC-64/XZ, eight bytes at once through eight tables ("slicing by 8", Kounavis and Berry 2005). */
#include "base/crc64.h"

#include "base/bytes.h"

static const uint64_t reflected_polynomial = 0xc96c5795d7870f42u;

/* tables[k][b]: what byte b does to the check when k bytes follow it. Made anew each time: some microseconds, and the library keeps no state. */
static void make_tables(uint64_t tables[8][256]) {
    for (uint64_t b = 0; b < 256; b++) {
        uint64_t check = b;
        for (int bit = 0; bit < 8; bit++) check = check & 1 ? check >> 1 ^ reflected_polynomial : check >> 1;
        tables[0][b] = check;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++) tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 255];
}

uint64_t gd_crc64(const void *data, size_t size) {
    uint64_t tables[8][256], check = UINT64_MAX;
    const uint8_t *bytes = data;
    make_tables(tables);
    for (; size >= 8; bytes += 8, size -= 8) {
        const uint64_t word = check ^ gd_load_u64le(bytes);
        check = tables[7][word & 255] ^ tables[6][word >> 8 & 255] ^ tables[5][word >> 16 & 255] ^ tables[4][word >> 24 & 255] ^
                tables[3][word >> 32 & 255] ^ tables[2][word >> 40 & 255] ^ tables[1][word >> 48 & 255] ^ tables[0][word >> 56];
    }
    for (size_t i = 0; i < size; i++) check = tables[0][(check ^ bytes[i]) & 255] ^ check >> 8;
    return ~check;
}
