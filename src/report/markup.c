/* Escaping, and the little language of gd_write_markup. */
#include "report/markup.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "format/json.h"
#include "format/utf8.h"

static const char replacement[] = "\xEF\xBF\xBD", ellipsis[] = "\xE2\x80\xA6";

static uint32_t code_of(const uint8_t *at, size_t length) {
    uint32_t code = length == 1 ? at[0] : at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) code = code << 6 | (at[i] & 0x3Fu);
    return code;
}

/* What XML forbids or HTML calls an error, and what turns the direction of the text around it. */
static bool unwanted(uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code < 0xFDF0) ||
           (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

/* One character: its bytes in the source, what to write for it, its columns. */
typedef struct piece {
    size_t taken;
    const char *text; /* NULL: as it is */
    size_t columns;
} piece;

static piece next_piece(const uint8_t *at, size_t left) {
    size_t length = gd_utf8_length(at, left);
    if (length == 0) return (piece){1, replacement, 1};
    uint32_t code = code_of(at, length);
    switch (code) {
    case '&':
        return (piece){1, "&amp;", 1};
    case '<':
        return (piece){1, "&lt;", 1};
    case '>':
        return (piece){1, "&gt;", 1};
    case '"':
        return (piece){1, "&quot;", 1};
    case '\'':
        return (piece){1, "&#39;", 1};
    case '\t':
    case '\n':
    case '\r':
        return (piece){1, " ", 1};
    default:
        return (piece){length, unwanted(code) ? replacement : NULL,
                       code >= 0x1100 && code != 0x2026 && code != 0xFFFD && !(code >= 0x1E00 && code < 0x2E80) ? 2 : 1};
    }
}

static void write_piece(gd_writer *out, const uint8_t *at, piece p) {
    if (p.text != NULL) {
        gd_write_text(out, p.text);
    } else {
        gd_write_bytes(out, at, p.taken);
    }
}

size_t gd_text_columns(const char *text) {
    size_t columns = 0, left = strlen(text);
    for (const uint8_t *at = (const uint8_t *)text; left > 0;) {
        piece p = next_piece(at, left);
        columns += p.columns;
        at += p.taken;
        left -= p.taken;
    }
    return columns;
}

void gd_write_shortened(gd_writer *out, const char *text, size_t columns) {
    size_t left = strlen(text), used = 0;
    bool whole = gd_text_columns(text) <= columns;
    for (const uint8_t *at = (const uint8_t *)text; left > 0;) {
        piece p = next_piece(at, left);
        if (!whole && used + p.columns + 1 > columns) {
            gd_write_text(out, ellipsis);
            return;
        }
        write_piece(out, at, p);
        used += p.columns;
        at += p.taken;
        left -= p.taken;
    }
}

void gd_write_escaped(gd_writer *out, const char *text) { gd_write_shortened(out, text, SIZE_MAX); }

void gd_print_value(char text[32], double value) {
    if (!isfinite(value)) {
        strcpy(text, "not finite");
    } else if (fabs(value) >= 1e4 && fabs(value) < 1e7) {
        gd_print_fixed(text, value, 0);
    } else {
        gd_print_general(text, value, 4);
    }
}

/* To a tenth, without a needless ".0" or sign. */
static void print_coordinate(char text[32], double value) {
    gd_print_fixed(text, value, 1);
    size_t length = strlen(text);
    if (length > 2 && strcmp(text + length - 2, ".0") == 0) text[length - 2] = 0;
    if (strcmp(text, "-0") == 0) strcpy(text, "0");
}

static void write_field(gd_writer *out, char field, va_list *arguments) {
    char text[32] = "%";
    const char *given;
    switch (field) {
    case 's':
        given = va_arg(*arguments, const char *);
        if (given != NULL) gd_write_escaped(out, given);
        return;
    case 'n':
        print_coordinate(text, va_arg(*arguments, double));
        break;
    case 'g':
        gd_print_value(text, va_arg(*arguments, double));
        break;
    case 'u':
        snprintf(text, sizeof text, "%zu", va_arg(*arguments, size_t));
        break;
    default:
        break;
    }
    gd_write_text(out, text);
}

void gd_write_markup(gd_writer *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    while (*format != 0) {
        size_t plain = strcspn(format, "%");
        gd_write_bytes(out, format, plain);
        format += plain;
        if (*format == 0) break;
        write_field(out, format[1], &arguments);
        format += 2;
    }
    va_end(arguments);
}

void gd_write_base64(gd_writer *out, const uint8_t *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t n = size - i < 3 ? size - i : 3;
        uint32_t bits = (uint32_t)data[i] << 16 | (uint32_t)(n > 1 ? data[i + 1] : 0) << 8 | (n > 2 ? data[i + 2] : 0);
        char text[4] = {digits[bits >> 18], digits[bits >> 12 & 63], n > 1 ? digits[bits >> 6 & 63] : '=', n > 2 ? digits[bits & 63] : '='};
        gd_write_bytes(out, text, 4);
    }
}
