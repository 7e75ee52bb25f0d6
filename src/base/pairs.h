/* Text of the form NAME[:key=value,...], in which optimizers, schedules and other choices are written. */
#ifndef GD_BASE_PAIRS_H
#define GD_BASE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct gd_pair {
    const char *text, *value; /* the whole, and what follows '=' (NULL: there is none) */
    size_t length, key_length, value_length;
} gd_pair;

/* The next of the pairs, which `*rest`, at ':' or ',', begins; false at the end. */
bool gd_next_pair(const char **rest, gd_pair *pair);

/* Whether the n characters of text are that word. */
bool gd_text_is(const char *word, const char *text, size_t n);

/* Appends to a list "a, b, c" in text[size], as much as fits. */
void gd_append_word(char *text, size_t size, const char *word);

#endif
