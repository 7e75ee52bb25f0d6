/* The distance between words: insertions, deletions, substitutions and swaps of neighbours. */
#include "cli/nearest.h"

#include <string.h>

enum { LONGEST = 31 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static size_t distance(const char *a, const char *b) {
    size_t rows = strlen(a), columns = strlen(b);
    size_t table[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= rows; i++) table[i][0] = i;
    for (size_t j = 0; j <= columns; j++) table[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            size_t best = least(table[i - 1][j], table[i][j - 1]) + 1;
            best = least(best, table[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = least(best, table[i - 2][j - 2] + 1);
            table[i][j] = best;
        }
    }
    return table[rows][columns];
}

gd_nearest gd_nearest_begin(const char *word) {
    gd_nearest nearest = {word, NULL, strlen(word) / 3 + 2}; /* further away than that is another word */
    return nearest;
}

void gd_nearest_offer(gd_nearest *nearest, const char *candidate) {
    if (strlen(nearest->word) > LONGEST || strlen(candidate) > LONGEST) return;
    size_t d = distance(nearest->word, candidate);
    if (d >= nearest->distance || d >= strlen(candidate)) return;
    nearest->best = candidate;
    nearest->distance = d;
}
