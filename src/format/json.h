/* JSON in memory: a small writer, and a strict reader over jsmn for short, untrusted texts such as file headers. */
#ifndef GD_FORMAT_JSON_H
#define GD_FORMAT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/io.h"

/* Appends to `out`. Every value takes its key, or NULL inside an array and at the top. Commas are the writer's business. Zero-initialise all but
 * out. */
typedef struct gd_json_writer {
    gd_writer *out;
    bool comma;
} gd_json_writer;

void gd_json_begin_object(gd_json_writer *json, const char *key);
void gd_json_end_object(gd_json_writer *json);
void gd_json_begin_array(gd_json_writer *json, const char *key);
void gd_json_end_array(gd_json_writer *json);
void gd_json_string(gd_json_writer *json, const char *key, const char *value); /* bytes that are not UTF-8 become U+FFFD */
void gd_json_integer(gd_json_writer *json, const char *key, uint64_t value);
void gd_json_bool(gd_json_writer *json, const char *key, bool value);
void gd_json_number(gd_json_writer *json, const char *key, double value); /* as gd_json_print_number; null where it is not finite */

/* The fewest digits (of 15, 16, 17) that read back as the same double, with a point in any locale. 32 bytes are enough. */
void gd_json_print_number(char text[32], double value);

/* For people: printf's %.*g (digits <= 17) and %.*f (|value| < 1e15, decimals <= 10), with a point in any locale. */
void gd_print_general(char text[32], double value, int digits);
void gd_print_fixed(char text[32], double value, int decimals);

enum { GD_JSON_MAX_DEPTH = 8, GD_JSON_MAX_MEMBERS = 4096 };

typedef enum gd_json_type { GD_JSON_OBJECT, GD_JSON_ARRAY, GD_JSON_STRING, GD_JSON_PRIMITIVE } gd_json_type;

/* A parsed text. Values are indices; the outermost one is 0. */
typedef struct gd_json {
    char *text;
    void *tokens;
    size_t count, capacity;
} gd_json;

/* Parses text[size] in place: strings lose their escapes and get a 0 behind them, so the text must live as long as the result. Refused, besides
 * what is not JSON in UTF-8: more than GD_JSON_MAX_DEPTH levels, more than GD_JSON_MAX_MEMBERS members in an object, duplicate keys, U+0000, lone
 * surrogates. Uses at most 6 bytes of memory a byte of text. `where` begins the message. Errors: BAD_DATA, OUT_OF_MEMORY. Release with gd_json_free
 * and the context's allocator. */
gradus_status gd_json_parse(gradus_context *context, const char *where, char *text, size_t size, gd_json *json);
void gd_json_free(const gradus_allocator *allocator, gd_json *json);

/* How many members or elements a container has; the first one (its key, in an object) and the one after `value`; a key's value is key + 1. */
gd_json_type gd_json_type_of(const gd_json *json, size_t value);
size_t gd_json_length(const gd_json *json, size_t container);
static inline size_t gd_json_first(size_t container) { return container + 1; }
size_t gd_json_next(const gd_json *json, size_t value);

/* The value of an object's member, or 0 (which no member is) if there is no such key. */
size_t gd_json_find(const gd_json *json, size_t object, const char *key);

const char *gd_json_text(const gd_json *json, size_t string);
bool gd_json_unsigned(const gd_json *json, size_t value, uint64_t *result); /* false: not an integer in [0, 2^64) */
bool gd_json_double(const gd_json *json, size_t value, double *result);     /* false: not a number, or not a finite one */
bool gd_json_is_word(const gd_json *json, size_t value, const char *word);  /* true, false or null */

#endif
