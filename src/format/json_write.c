/* The JSON writer. Output is UTF-8, without line breaks, the same in every locale. */
#include "format/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/utf8.h"

static void write_escaped(gd_writer *out, const char *text) {
    static const char replacement[] = "\xEF\xBF\xBD";
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text);
    gd_write_text(out, "\"");
    while (left > 0) {
        size_t n = gd_utf8_length(at, left);
        char escape[8];
        if (n == 0) {
            gd_write_text(out, replacement);
            n = 1;
        } else if (*at == '"' || *at == '\\') {
            snprintf(escape, sizeof escape, "\\%c", *at);
            gd_write_text(out, escape);
        } else if (*at < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", *at);
            gd_write_text(out, escape);
        } else {
            gd_write_bytes(out, at, n);
        }
        at += n;
        left -= n;
    }
    gd_write_text(out, "\"");
}

/* The comma and the key, if they are due. */
static void lead(gd_json_writer *json, const char *key) {
    if (json->comma) gd_write_text(json->out, ",");
    json->comma = true;
    if (key == NULL) return;
    write_escaped(json->out, key);
    gd_write_text(json->out, ":");
}

static void open_container(gd_json_writer *json, const char *key, const char *bracket) {
    lead(json, key);
    gd_write_text(json->out, bracket);
    json->comma = false;
}

static void close_container(gd_json_writer *json, const char *bracket) {
    gd_write_text(json->out, bracket);
    json->comma = true;
}

void gd_json_begin_object(gd_json_writer *json, const char *key) { open_container(json, key, "{"); }
void gd_json_end_object(gd_json_writer *json) { close_container(json, "}"); }
void gd_json_begin_array(gd_json_writer *json, const char *key) { open_container(json, key, "["); }
void gd_json_end_array(gd_json_writer *json) { close_container(json, "]"); }

void gd_json_string(gd_json_writer *json, const char *key, const char *value) {
    lead(json, key);
    write_escaped(json->out, value);
}

void gd_json_integer(gd_json_writer *json, const char *key, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    lead(json, key);
    gd_write_text(json->out, text);
}

void gd_json_bool(gd_json_writer *json, const char *key, bool value) {
    lead(json, key);
    gd_write_text(json->out, value ? "true" : "false");
}

/* The locale's decimal separator, whatever its bytes, becomes a point. */
static void normalise_point(char *text) {
    size_t begin = strspn(text, "-+0123456789eE");
    if (text[begin] == 0) return;
    size_t end = begin + strcspn(text + begin, "-+0123456789eE");
    text[begin] = '.';
    memmove(text + begin + 1, text + end, strlen(text + end) + 1);
}

void gd_json_print_number(char text[32], double value) {
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (memcmp(&back, &value, sizeof back) == 0) break;
    }
    normalise_point(text);
}

void gd_print_general(char text[32], double value, int digits) {
    snprintf(text, 32, "%.*g", digits, value);
    if (isfinite(value)) normalise_point(text);
}

void gd_print_fixed(char text[32], double value, int decimals) {
    snprintf(text, 32, "%.*f", decimals, value);
    if (isfinite(value)) normalise_point(text);
}

void gd_json_number(gd_json_writer *json, const char *key, double value) {
    char text[32] = "null";
    if (isfinite(value)) gd_json_print_number(text, value);
    lead(json, key);
    gd_write_text(json->out, text);
}
