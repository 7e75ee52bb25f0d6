/* A growing list of strings: names of columns, categories, classes. */
#ifndef GD_DATA_NAMES_H
#define GD_DATA_NAMES_H

#include "base/io.h"

typedef struct gd_names {
    gd_writer text, starts; /* the strings with a 0 behind each; where each begins, size_t */
} gd_names;

/* The allocator must live as long as the list. */
gd_names gd_names_make(const gradus_allocator *allocator);
void gd_names_free(gd_names *names);

/* After a failed allocation gd_names_failed is true and nothing more is added. */
void gd_names_add(gd_names *names, const char *text);
void gd_names_add_all(gd_names *names, const gd_names *others);
static inline bool gd_names_failed(const gd_names *names) { return names->text.failed || names->starts.failed; }

static inline size_t gd_names_count(const gd_names *names) { return names->starts.size / sizeof(size_t); }

/* NULL past the end. Valid until something is added. */
const char *gd_names_at(const gd_names *names, size_t index);

#endif
