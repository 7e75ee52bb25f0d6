/* A table's fields as values. */
#include "data/value.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

enum { LONGEST_WITH_COMMA = 63 };

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* `word` is in lower case; no locale. */
static bool is_word(const char *text, const char *word) {
    while (*word && lower(*text) == *word) text++, word++;
    return *word == 0 && *text == 0;
}

static bool is_one_of(const char *text, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is_word(text, words[i])) return true;
    return false;
}

static gd_value value_of_word(const char *text) {
    static const char *const missing[] = {"na", "n/a", "nan", "null", "?", "-nan", "+nan", "#n/a"};
    static const char *const infinite[] = {"inf", "infinity"};
    if (text[0] == 0 || is_one_of(text, missing, sizeof missing / sizeof missing[0])) return GD_VALUE_MISSING;
    if (text[0] == '-' || text[0] == '+') text++;
    return is_one_of(text, infinite, sizeof infinite / sizeof infinite[0]) ? GD_VALUE_INFINITE : GD_VALUE_TEXT;
}

static bool parse_with_comma(const char *text, size_t n, float *number) {
    char copy[LONGEST_WITH_COMMA + 1];
    const char *comma = n <= LONGEST_WITH_COMMA ? memchr(text, ',', n) : NULL;
    if (!comma || memchr(text, '.', n)) return false;
    memcpy(copy, text, n);
    copy[comma - text] = '.';
    return gd_parse_float(copy, n, number);
}

gd_value gd_value_of(const char *text, bool commas, float *number) {
    if (text[0] == 0) return GD_VALUE_MISSING;
    const size_t n = strlen(text);
    const bool comma = commas && parse_with_comma(text, n, number);
    if (!comma && !gd_parse_float(text, n, number)) return value_of_word(text);
    if (!isfinite(*number)) return GD_VALUE_INFINITE;
    return comma ? GD_VALUE_COMMA : memchr(text, '.', n) ? GD_VALUE_POINT : GD_VALUE_INTEGER;
}
