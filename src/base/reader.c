/* The bounded reader. */
#include "base/bytes.h"
#include "base/io.h"

gd_reader gd_reader_make(const void *data, size_t size) {
    static const uint8_t nothing[1] = {0}; /* so that data + at is an address even without data */
    return (gd_reader){data != NULL ? data : nothing, size, 0, false};
}

const uint8_t *gd_read_bytes(gd_reader *reader, size_t n) {
    if (reader->failed || n > reader->size - reader->at) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->data + reader->at;
    reader->at += n;
    return bytes;
}

uint8_t gd_read_u8(gd_reader *reader) {
    const uint8_t *bytes = gd_read_bytes(reader, 1);
    return bytes != NULL ? *bytes : 0;
}

uint32_t gd_read_u32be(gd_reader *reader) {
    const uint8_t *bytes = gd_read_bytes(reader, 4);
    return bytes != NULL ? gd_load_u32be(bytes) : 0;
}

uint32_t gd_read_u32le(gd_reader *reader) {
    const uint8_t *bytes = gd_read_bytes(reader, 4);
    return bytes != NULL ? gd_load_u32le(bytes) : 0;
}

uint64_t gd_read_u64le(gd_reader *reader) {
    const uint8_t *bytes = gd_read_bytes(reader, 8);
    return bytes != NULL ? (uint64_t)gd_load_u32le(bytes + 4) << 32 | gd_load_u32le(bytes) : 0;
}
