/* "Did you mean ...?": the candidate nearest to a misspelt word. */
#ifndef GD_CLI_NEAREST_H
#define GD_CLI_NEAREST_H

#include <stddef.h>

typedef struct gd_nearest {
    const char *word;
    const char *best; /* NULL: nothing is near */
    size_t distance;
} gd_nearest;

gd_nearest gd_nearest_begin(const char *word);
void gd_nearest_offer(gd_nearest *nearest, const char *candidate);

#endif
