/* The PNG writer (ISO/IEC 15948): one IDAT chunk of stored deflate blocks (RFC 1951). */
#include "report/png.h"

#include <string.h>

enum { MOST_STORED = 65535 };

static void write_u32be(gd_writer *out, uint32_t value) {
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    gd_write_bytes(out, bytes, 4);
}

static uint32_t crc32_of(const uint8_t *data, size_t size) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
    }
    return ~crc;
}

static uint32_t adler32_of(const uint8_t *data, size_t size) {
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + data[i]) % 65521u;
        b = (b + a) % 65521u;
    }
    return b << 16 | a;
}

static void write_chunk(gd_writer *out, const char *type, const uint8_t *data, size_t size) {
    write_u32be(out, (uint32_t)size);
    size_t begin = out->size;
    gd_write_text(out, type);
    gd_write_bytes(out, data, size);
    if (!out->failed) write_u32be(out, crc32_of(out->data + begin, size + 4));
}

/* zlib's wrapping (RFC 1950) of blocks that are stored as they are. */
static void store(gd_writer *out, const uint8_t *data, size_t size) {
    gd_write_bytes(out, "\x78\x01", 2);
    for (size_t at = 0; at < size; at += MOST_STORED) {
        size_t n = size - at < MOST_STORED ? size - at : MOST_STORED;
        uint8_t head[5] = {at + n == size, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n, (uint8_t)(~n >> 8)};
        gd_write_bytes(out, head, 5);
        gd_write_bytes(out, data + at, n);
    }
    write_u32be(out, adler32_of(data, size));
}

void gd_png_write(gd_writer *out, const uint8_t *pixels, size_t height, size_t width) {
    gd_writer rows = gd_writer_make(out->allocator), packed = gd_writer_make(out->allocator), head = gd_writer_make(out->allocator);
    write_u32be(&head, (uint32_t)width);
    write_u32be(&head, (uint32_t)height);
    gd_write_bytes(&head, "\x08\x00\x00\x00\x00", 5); /* 8 bits, grey, deflate, filters, not interlaced */
    for (size_t row = 0; row < height; row++) {
        gd_write_bytes(&rows, "\0", 1); /* no filter */
        gd_write_bytes(&rows, pixels + row * width, width);
    }
    if (!rows.failed) store(&packed, rows.data, rows.size);
    if (head.failed || rows.failed || packed.failed) {
        out->failed = true;
    } else {
        gd_write_bytes(out, "\x89PNG\r\n\x1A\n", 8);
        write_chunk(out, "IHDR", head.data, head.size);
        write_chunk(out, "IDAT", packed.data, packed.size);
        write_chunk(out, "IEND", NULL, 0);
    }
    gd_writer_free(&head);
    gd_writer_free(&rows);
    gd_writer_free(&packed);
}
