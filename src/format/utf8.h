/* UTF-8, one character at a time, checked; text for messages. */
#ifndef GD_FORMAT_UTF8_H
#define GD_FORMAT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length of the well-formed character at bytes[0], of `left` bytes, or 0: overlong forms, surrogates and what lies above U+10FFFF are not
 * well-formed. */
static inline size_t gd_utf8_length(const uint8_t *bytes, size_t left) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = bytes[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
    if (length <= 1 || length > left) return length <= left ? length : 0;
    uint32_t code = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) return 0;
        code = code << 6 | (bytes[i] & 0x3Fu);
    }
    return code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) ? 0 : length;
}

/* Writes a character (<= U+10FFFF, no surrogate), returns its length, 1 to 4. */
static inline size_t gd_utf8_encode(uint32_t code, char *bytes) {
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    static const uint8_t marks[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    bytes[0] = (char)(marks[length] | code);
    return length;
}

/* Copies text that came from a file for a message, which may go to a terminal: shortened to fit, control characters replaced by '?'. */
static inline void gd_copy_printable(char *to, size_t size, const char *text) {
    size_t n = 0;
    for (; n + 1 < size && text[n] != 0; n++) to[n] = (unsigned char)text[n] < 0x20 || text[n] == 0x7F ? '?' : text[n];
    to[n] = 0;
}

#endif
