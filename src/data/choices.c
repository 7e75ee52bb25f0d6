/* The names of tasks and of the ways to treat missing values, headers and scales. */
#include <string.h>

#include <gradus/dataset.h>

typedef struct gd_choice {
    int32_t number;
    const char *name;
} gd_choice;

static int32_t number_of(const gd_choice *choices, size_t count, const char *name) {
    for (size_t i = 0; i < count && name; i++)
        if (strcmp(choices[i].name, name) == 0) return choices[i].number;
    return 0;
}

static const char *name_of(const gd_choice *choices, size_t count, int32_t number) {
    for (size_t i = 0; i < count; i++)
        if (choices[i].number == number) return choices[i].name;
    return NULL;
}

#define CHOICE(number, NAME, name) {number, name},
#define LOOK_UP(kind, MAP) \
    static const gd_choice kind##_choices[] = {MAP(CHOICE)}; \
    gradus_##kind gradus_##kind##_from_name(const char *name) { \
        return number_of(kind##_choices, sizeof kind##_choices / sizeof kind##_choices[0], name); \
    } \
    const char *gradus_##kind##_name(gradus_##kind number) { \
        return name_of(kind##_choices, sizeof kind##_choices / sizeof kind##_choices[0], number); \
    }

LOOK_UP(task, GRADUS_TASK_MAP)
LOOK_UP(missing, GRADUS_MISSING_MAP)
LOOK_UP(header, GRADUS_HEADER_MAP)
LOOK_UP(scaling, GRADUS_SCALING_MAP)
