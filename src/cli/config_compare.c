/* Line by line, in both directions. */
#include "cli/config_compare.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct line {
    const char *key, *value;
    int key_length, value_length;
} line;

static int trimmed(const char *text, size_t length) {
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t' || text[length - 1] == '\r')) length--;
    return (int)length;
}

/* The next line that says something; false: there is none. */
static bool next_line(const char **text, line *found) {
    while (**text != 0) {
        const char *begin = *text + strspn(*text, " \t");
        const size_t length = strcspn(begin, "\n");
        *text = begin + length + (begin[length] == '\n');
        const char *equals = memchr(begin, '=', length);
        if (equals == NULL || *begin == '#') continue;
        const char *value = equals + 1 + strspn(equals + 1, " \t");
        if (value > begin + length) value = begin + length;
        *found = (line){begin, value, trimmed(begin, (size_t)(equals - begin)), trimmed(value, length - (size_t)(value - begin))};
        return true;
    }
    return false;
}

static bool same(const char *a, int a_length, const char *b, int b_length) { return a_length == b_length && memcmp(a, b, (size_t)a_length) == 0; }

static bool find_key(const char *text, const line *wanted, line *found) {
    while (next_line(&text, found)) {
        if (same(wanted->key, wanted->key_length, found->key, found->key_length)) return true;
    }
    return false;
}

static bool is_epochs(const line *l) { return same(l->key, l->key_length, "epochs", (int)strlen("epochs")); }

enum { SHOWN = 160 };
static int shown(int length) { return length < SHOWN ? length : SHOWN; }

static bool line_continues(const line *old, const char *now_text, char *what, size_t size) {
    line now;
    if (!find_key(now_text, old, &now)) {
        snprintf(what, size, "%.*s = %.*s there, and not set here", shown(old->key_length), old->key, shown(old->value_length), old->value);
        return false;
    }
    if (same(old->value, old->value_length, now.value, now.value_length)) return true;
    const bool epochs = is_epochs(old);
    if (epochs && strtoull(now.value, NULL, 10) >= strtoull(old->value, NULL, 10)) return true;
    snprintf(what, size, "%.*s = %.*s there, %.*s here%s", shown(old->key_length), old->key, shown(old->value_length), old->value,
             shown(now.value_length), now.value, epochs ? " (it may only grow)" : "");
    return false;
}

bool gd_config_continues(const char *old, const char *now, char *what, size_t size) {
    line at, found;
    for (const char *text = old; next_line(&text, &at);) {
        if (!line_continues(&at, now, what, size)) return false;
    }
    for (const char *text = now; next_line(&text, &at);) {
        if (find_key(old, &at, &found)) continue;
        snprintf(what, size, "%.*s = %.*s here, and not set there", shown(at.key_length), at.key, shown(at.value_length), at.value);
        return false;
    }
    return true;
}
