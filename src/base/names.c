/* Lists of names by number. */
#include "base/names.h"

#include <string.h>

int32_t gd_name_find(const char *const *names, size_t count, const char *name) {
    for (size_t i = 1; name && i < count; i++)
        if (names[i] && strcmp(names[i], name) == 0) return (int32_t)i;
    return 0;
}

const char *gd_name_of(const char *const *names, size_t count, int32_t number) { return number > 0 && (size_t)number < count ? names[number] : NULL; }
