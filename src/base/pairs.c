/* Text of the form NAME[:key=value,...]. */
#include "base/pairs.h"

#include <stdio.h>
#include <string.h>

bool gd_next_pair(const char **rest, gd_pair *pair) {
    if (!**rest) return false;
    pair->text = *rest + 1;
    pair->length = strcspn(pair->text, ",");
    const char *equals = memchr(pair->text, '=', pair->length);
    pair->key_length = equals ? (size_t)(equals - pair->text) : pair->length;
    pair->value = equals ? equals + 1 : NULL;
    pair->value_length = equals ? pair->length - pair->key_length - 1 : 0;
    *rest = pair->text + pair->length;
    return true;
}

bool gd_text_is(const char *word, const char *text, size_t n) { return strlen(word) == n && strncmp(word, text, n) == 0; }

void gd_append_word(char *text, size_t size, const char *word) {
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? ", " : "", word);
}
