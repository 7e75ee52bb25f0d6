/* The text of a table: all of a file's bytes, checked, in UTF-8. */
#include <stdint.h>
#include <string.h>

#include "base/context.h"
#include "data/byte_file.h"
#include "data/csv.h"
#include "format/utf8.h"

enum { FIRST_CAPACITY = 1 << 16 };

typedef struct gd_text {
    char *data;
    size_t size, capacity;
} gd_text;

static void release_text(gradus_context *context, gd_text *text) { gd_release(&context->allocator, text->data, text->capacity); }

static gradus_status grow(gradus_context *context, const char *path, gd_text *text, size_t capacity) {
    void *memory;
    gradus_status status = gd_context_allocate(context, capacity, path, &memory);
    if (status) return status;
    if (text->size > 0) memcpy(memory, text->data, text->size);
    release_text(context, text);
    text->data = memory;
    text->capacity = capacity;
    return GRADUS_OK;
}

/* A 0 in text is a mistake of the kind of file; looked for as the bytes come, so that an endless device ends soon. */
static gradus_status check_bytes(gradus_context *context, const char *path, const gd_text *text, size_t from) {
    const uint8_t *bytes = (const uint8_t *)text->data;
    if (text->size >= 2 && ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff)))
        return gd_fail(context, GRADUS_BAD_DATA, "%s: it is UTF-16: save it as CSV in UTF-8", path);
    const uint8_t *zero = memchr(bytes + from, 0, text->size - from);
    if (!zero) return GRADUS_OK;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: byte %zu is 0, so it is no text: expected a CSV table, or an .npy or .npz file", path,
                   (size_t)(zero - bytes) + 1);
}

static gradus_status read_text(gradus_context *context, const char *path, gd_byte_file *file, gd_text *text) {
    const size_t declared = gd_byte_file_most(file) == gd_byte_file_size(file) ? gd_byte_file_size(file) : 0;
    gradus_status status = grow(context, path, text, declared >= FIRST_CAPACITY ? declared + 2 : FIRST_CAPACITY);
    for (bool ended = false; !status && !ended;) {
        const size_t before = text->size, room = gd_least(text->capacity - before, 16 * (size_t)FIRST_CAPACITY);
        size_t got, doubled;
        status = gd_byte_file_read(context, file, text->data + before, room, &got);
        if (status) break;
        text->size += got;
        ended = got < room;
        status = check_bytes(context, path, text, before);
        if (!status && text->size == text->capacity)
            status = gd_size_multiply(text->capacity, 2, &doubled) ? grow(context, path, text, doubled)
                                                                   : gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: too large", path);
    }
    return status;
}

static bool is_utf8(const gd_text *text) {
    const uint8_t *bytes = (const uint8_t *)text->data;
    for (size_t at = 0, n; at < text->size; at += n) {
        n = bytes[at] < 0x80 ? 1 : gd_utf8_length(bytes + at, text->size - at);
        if (n == 0) return false;
    }
    return true;
}

/* Every byte of Latin-1 is the character of its number. */
static gradus_status from_latin1(gradus_context *context, const char *path, gd_text *text) {
    const gd_text old = *text;
    gd_text made = {NULL, 0, 0};
    size_t high = 0, capacity;
    for (size_t i = 0; i < old.size; i++) high += (uint8_t)old.data[i] >= 0x80;
    gradus_status status = gd_size_add(old.size + 1, high, &capacity) ? grow(context, path, &made, capacity)
                                                                      : gd_fail(context, GRADUS_OUT_OF_MEMORY, "%s: too large", path);
    if (status) return status;
    for (size_t i = 0; i < old.size; i++) made.size += gd_utf8_encode((uint8_t)old.data[i], made.data + made.size);
    release_text(context, text);
    *text = made;
    gd_log_message(context, GRADUS_LOG_WARNING, "%s: it is not UTF-8, so it is read as Latin-1", path);
    return GRADUS_OK;
}

gradus_status gd_csv_load(gradus_context *context, const char *path, char **text, size_t *size, size_t *capacity) {
    gd_byte_file *file;
    gd_text loaded = {NULL, 0, 0};
    const bool standard_input = strcmp(path, "-") == 0;
    gradus_status status = gd_byte_file_open_any(context, standard_input ? "/dev/stdin" : path, &file);
    if (status) return status;
    status = read_text(context, standard_input ? "standard input" : path, file, &loaded);
    gd_byte_file_close(file);
    if (!status && !is_utf8(&loaded)) status = from_latin1(context, path, &loaded);
    if (status) {
        release_text(context, &loaded);
        return status;
    }
    *text = loaded.data;
    *size = loaded.size;
    *capacity = loaded.capacity;
    return GRADUS_OK;
}
