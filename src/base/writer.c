/* The growing writer. */
#include <string.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/memory.h"

enum { FIRST_CAPACITY = 256 };

gd_writer gd_writer_make(const gradus_allocator *allocator) { return (gd_writer){.allocator = allocator}; }

void gd_writer_free(gd_writer *writer) {
    gd_release(writer->allocator, writer->data, writer->capacity);
    *writer = gd_writer_make(writer->allocator);
}

/* Room for at least `needed` bytes. Capacities at least double, so that n bytes cost O(n) in all. */
static bool grow(gd_writer *writer, size_t needed) {
    size_t capacity;
    if (!gd_size_multiply(writer->capacity, 2, &capacity) || capacity < needed) capacity = needed;
    if (capacity < FIRST_CAPACITY) capacity = FIRST_CAPACITY;
    uint8_t *data = gd_allocate(writer->allocator, capacity);
    if (data == NULL) return false;
    if (writer->size > 0) memcpy(data, writer->data, writer->size);
    gd_release(writer->allocator, writer->data, writer->capacity);
    writer->data = data;
    writer->capacity = capacity;
    return true;
}

/* The place of n more bytes, counted as written; NULL (and failed) where there is no room. */
static uint8_t *append(gd_writer *writer, size_t n) {
    size_t needed;
    if (writer->failed) return NULL;
    if (!gd_size_add(writer->size, n, &needed) || (needed > writer->capacity && !grow(writer, needed))) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *place = writer->data + writer->size;
    writer->size = needed;
    return place;
}

void gd_writer_reserve(gd_writer *writer, size_t n) {
    size_t needed;
    if (writer->failed) return;
    writer->failed = !gd_size_add(writer->size, n, &needed) || (needed > writer->capacity && !grow(writer, needed));
}

void gd_write_bytes(gd_writer *writer, const void *data, size_t n) {
    if (n == 0) return;
    uint8_t *place = append(writer, n);
    if (place != NULL) memcpy(place, data, n);
}

void gd_write_text(gd_writer *writer, const char *text) { gd_write_bytes(writer, text, strlen(text)); }

void gd_write_u32le(gd_writer *writer, uint32_t value) {
    uint8_t *place = append(writer, 4);
    if (place != NULL) gd_store_u32le(place, value);
}

void gd_write_u64le(gd_writer *writer, uint64_t value) {
    gd_write_u32le(writer, (uint32_t)value);
    gd_write_u32le(writer, (uint32_t)(value >> 32));
}

void gd_write_f32le(gd_writer *writer, const float *values, size_t n) {
    size_t size;
    if (n == 0) return;
    uint8_t *place = append(writer, gd_size_multiply(n, 4, &size) ? size : SIZE_MAX);
    if (place == NULL) return;
    for (size_t i = 0; i < n; i++) gd_store_u32le(place + 4 * i, gd_canonical_bits(values[i]));
}
