/* The names of tasks and of the ways to treat missing values, headers and scales. */
#include <gradus/dataset.h>

#include "base/names.h"

#define NAME(number, NAME, name) [number] = name,
#define LOOK_UP(kind, MAP) \
    static const char *const kind##_names[] = {MAP(NAME)}; \
    gradus_##kind gradus_##kind##_from_name(const char *name) { \
        return gd_name_find(kind##_names, sizeof kind##_names / sizeof kind##_names[0], name); \
    } \
    const char *gradus_##kind##_name(gradus_##kind number) { return gd_name_of(kind##_names, sizeof kind##_names / sizeof kind##_names[0], number); }

LOOK_UP(task, GRADUS_TASK_MAP)
LOOK_UP(missing, GRADUS_MISSING_MAP)
LOOK_UP(header, GRADUS_HEADER_MAP)
LOOK_UP(scaling, GRADUS_SCALING_MAP)
