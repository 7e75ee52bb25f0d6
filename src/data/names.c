/* Lists of strings, all in one text. */
#include "data/names.h"

#include <string.h>

gd_names gd_names_make(const gradus_allocator *allocator) { return (gd_names){gd_writer_make(allocator), gd_writer_make(allocator)}; }

void gd_names_free(gd_names *names) {
    gd_writer_free(&names->text);
    gd_writer_free(&names->starts);
}

void gd_names_add(gd_names *names, const char *text) {
    const size_t start = names->text.size;
    if (gd_names_failed(names)) return;
    gd_write_bytes(&names->text, text, strlen(text) + 1);
    gd_write_bytes(&names->starts, &start, sizeof start);
}

void gd_names_add_all(gd_names *names, const gd_names *others) {
    for (size_t i = 0; i < gd_names_count(others); i++) gd_names_add(names, gd_names_at(others, i));
}

const char *gd_names_at(const gd_names *names, size_t index) {
    size_t start;
    if (index >= gd_names_count(names)) return NULL;
    memcpy(&start, names->starts.data + index * sizeof start, sizeof start);
    return (const char *)names->text.data + start;
}
