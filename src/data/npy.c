/* The .npy format: its header, a Python dictionary as text, and its elements. */
#include "data/npy.h"

#include <string.h>

#include "base/context.h"
#include "base/io.h"
#include "format/utf8.h"

enum { MAGIC_SIZE = 8, HEADER_MOST = 1 << 20 };

/* The header's text as it is read; failed: it is no dictionary as NumPy writes it. */
typedef struct gd_scanner {
    const char *at, *end;
    bool failed;
} gd_scanner;

static void skip_blanks(gd_scanner *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r')) s->at++;
}

/* Whether this comes next; it is passed over then. */
static bool take(gd_scanner *s, const char *text) {
    const size_t n = strlen(text);
    skip_blanks(s);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, text, n) != 0) return false;
    s->at += n;
    return true;
}

static void expect(gd_scanner *s, const char *text) { s->failed = s->failed || !take(s, text); }

/* A quoted text into to[size]; longer ones fail. */
static void read_text(gd_scanner *s, char *to, size_t size) {
    size_t n = 0;
    to[0] = 0;
    const char *quote = take(s, "'") ? "'" : take(s, "\"") ? "\"" : NULL;
    s->failed = s->failed || !quote;
    while (!s->failed && s->at < s->end && *s->at != *quote) {
        to[n++] = *s->at++;
        to[n] = 0;
        s->failed = n + 1 >= size;
    }
    s->failed = s->failed || s->at == s->end;
    s->at += !s->failed;
}

static size_t read_size(gd_scanner *s) {
    size_t number = 0;
    skip_blanks(s);
    const char *begin = s->at;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9' && !s->failed; s->at++)
        s->failed = !gd_size_multiply(number, 10, &number) || !gd_size_add(number, (size_t)(*s->at - '0'), &number);
    if (take(s, "L")) skip_blanks(s); /* Python 2 wrote 3L */
    s->failed = s->failed || s->at == begin;
    return number;
}

static void read_shape(gd_scanner *s, gd_npy *array) {
    expect(s, "(");
    while (!s->failed && !take(s, ")")) {
        if (array->dimensions == GD_NPY_DIMENSIONS) s->failed = true;
        if (s->failed) return;
        array->shape[array->dimensions++] = read_size(s);
        if (take(s, ",")) continue;
        expect(s, ")");
        return;
    }
}

typedef struct gd_header {
    char type[16];
    bool has_type, has_order, has_shape, other_type;
} gd_header;

static void read_member(gd_scanner *s, gd_npy *array, gd_header *header) {
    char key[32];
    bool *known = NULL;
    read_text(s, key, sizeof key);
    expect(s, ":");
    if (s->failed) return;
    if (strcmp(key, "descr") == 0) {
        known = &header->has_type;
        skip_blanks(s);
        header->other_type = s->at < s->end && *s->at == '[';
        if (!header->other_type) read_text(s, header->type, sizeof header->type);
    } else if (strcmp(key, "fortran_order") == 0) {
        known = &header->has_order;
        array->fortran = take(s, "True");
        if (!array->fortran) expect(s, "False");
    } else if (strcmp(key, "shape") == 0) {
        known = &header->has_shape;
        read_shape(s, array);
    }
    s->failed = s->failed || !known || *known;
    if (known) *known = true;
}

/* {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), } */
static void read_header(gd_scanner *s, gd_npy *array, gd_header *header) {
    expect(s, "{");
    while (!s->failed && !header->other_type && !take(s, "}")) {
        read_member(s, array, header);
        if (header->other_type || take(s, ",")) continue;
        expect(s, "}");
        break;
    }
    if (header->other_type) return;
    skip_blanks(s);
    s->failed = s->failed || s->at != s->end || !header->has_type || !header->has_order || !header->has_shape;
}

static bool is_big_endian(void) {
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 0;
}

/* "<f4", ">i8", "|u1", "=f8", "|b1": order, kind, size. */
static bool read_type(const char *type, gd_npy *array) {
    if (strlen(type) != 3 || !strchr("<>|=", type[0]) || !strchr("fiub", type[1]) || !strchr("1248", type[2])) return false;
    array->kind = type[1];
    array->item = (size_t)(type[2] - '0');
    array->swapped = array->item > 1 && type[0] != '=' && (type[0] == '>') != is_big_endian();
    if (array->kind == 'f') return array->item >= 4;
    return array->kind != 'b' || array->item == 1;
}

/* Rows and columns, and their bytes against those that are there. */
static gradus_status measure(gradus_context *context, const char *where, gd_npy *array, size_t left) {
    size_t elements, size;
    array->samples = array->dimensions > 0 ? array->shape[0] : 1;
    array->columns = 1;
    bool fits = true;
    for (size_t i = 1; i < array->dimensions; i++) fits = fits && gd_size_multiply(array->columns, array->shape[i], &array->columns);
    fits = fits && gd_size_multiply(array->samples, array->columns, &elements) && gd_size_multiply(elements, array->item, &size);
    if (!fits || size != left)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: its header declares %zu x %zu elements of %zu bytes, but %zu bytes follow it", where,
                       array->samples, array->columns, array->item, left);
    if (size > 0) return GRADUS_OK;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: the array has no elements", where);
}

gradus_status gd_npy_parse(gradus_context *context, const char *where, const uint8_t *bytes, size_t size, gd_npy *array) {
    gd_reader reader = gd_reader_make(bytes, size);
    const uint8_t *magic = gd_read_bytes(&reader, MAGIC_SIZE);
    gd_header header = {.has_type = false};
    *array = (gd_npy){.data = NULL};
    if (!magic || memcmp(magic, "\x93NUMPY", 6) != 0 || magic[6] < 1 || magic[6] > 3)
        return gd_fail(context, GRADUS_BAD_DATA, "%s: not an .npy array of format version 1, 2 or 3", where);
    const size_t low = gd_read_u8(&reader), high = gd_read_u8(&reader);
    size_t length = low | high << 8;
    if (magic[6] > 1) {
        const size_t third = gd_read_u8(&reader), fourth = gd_read_u8(&reader);
        length |= third << 16 | fourth << 24;
    }
    const char *text = length <= HEADER_MOST ? (const char *)gd_read_bytes(&reader, length) : NULL;
    gd_scanner scanner = {text, text ? text + length : NULL, !text || reader.failed};
    if (!scanner.failed) read_header(&scanner, array, &header);
    if (scanner.failed) return gd_fail(context, GRADUS_BAD_DATA, "%s: its .npy header is malformed or cut short", where);
    char shown[24];
    gd_copy_printable(shown, sizeof shown, header.type);
    if (header.other_type || !read_type(header.type, array))
        return gd_fail(context, GRADUS_UNSUPPORTED, "%s: elements of type %s; f4, f8, i1 to i8, u1 to u8 and b1 are read: convert it with astype",
                       where, header.other_type ? "record" : shown);
    array->data = bytes + reader.at;
    return measure(context, where, array, size - reader.at);
}

/* One element. */
static double value_of(const gd_npy *array, size_t index) {
    uint8_t bytes[8];
    const uint8_t *from = array->data + index * array->item;
    union {
        uint64_t u8;
        int64_t i8;
        double f8;
        uint32_t u4;
        int32_t i4;
        float f4;
        uint16_t u2;
        int16_t i2;
        uint8_t u1;
        int8_t i1;
    } value;
    for (size_t i = 0; i < array->item; i++) bytes[i] = from[array->swapped ? array->item - 1 - i : i];
    memcpy(&value, bytes, array->item);
    const bool is_signed = array->kind == 'i';
    switch (array->item) {
    case 1:
        return array->kind == 'b' ? (double)(value.u1 != 0) : is_signed ? (double)value.i1 : (double)value.u1;
    case 2:
        return is_signed ? (double)value.i2 : (double)value.u2;
    case 4:
        return array->kind == 'f' ? (double)value.f4 : is_signed ? (double)value.i4 : (double)value.u4;
    default:
        return array->kind == 'f' ? value.f8 : is_signed ? (double)value.i8 : (double)value.u8;
    }
}

/* The element's place in Fortran order: `inner` counts the later dimensions in C order. */
static size_t fortran_place(const gd_npy *array, size_t sample, size_t inner) {
    size_t place = 0;
    for (size_t d = array->dimensions; d-- > 1; inner /= array->shape[d]) {
        size_t stride = 1;
        for (size_t i = 0; i < d; i++) stride *= array->shape[i];
        place += inner % array->shape[d] * stride;
    }
    return place + sample;
}

void gd_npy_row(const gd_npy *array, size_t sample, double *values) {
    for (size_t i = 0; i < array->columns; i++)
        values[i] = value_of(array, array->fortran ? fortran_place(array, sample, i) : sample * array->columns + i);
}

bool gd_npy_is_plain(const gd_npy *array, char kind, size_t item) {
    const bool row_major = !array->fortran || array->dimensions < 2;
    return array->kind == kind && array->item == item && !array->swapped && row_major && (uintptr_t)array->data % item == 0;
}
