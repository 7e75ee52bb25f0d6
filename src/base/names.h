/* Lists of names by number, as the lists of the public headers give them: names[number], with holes where a number is not used. */
#ifndef GD_BASE_NAMES_H
#define GD_BASE_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* A name's number; 0: it is not there, or NULL. */
int32_t gd_name_find(const char *const *names, size_t count, const char *name);

/* A number's name, or NULL. */
const char *gd_name_of(const char *const *names, size_t count, int32_t number);

#endif
