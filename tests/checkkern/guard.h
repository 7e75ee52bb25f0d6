/* Memory that notices who leaves it: arrays between inaccessible pages, with a known pattern around them. */
#ifndef GD_CHECKKERN_GUARD_H
#define GD_CHECKKERN_GUARD_H

#include <stddef.h>
#include <stdint.h>

/* Zero it to begin; it grows as needed. */
typedef struct gd_guarded {
    uint8_t *mapping;
    size_t capacity; /* accessible bytes: between one inaccessible page before and one after */
    float *array;
    size_t count;
} gd_guarded;

enum { GD_FLUSH_END = -1 };

/* Puts a copy of the data at `offset` floats from the first accessible byte, or (GD_FLUSH_END) so that it ends with the last one, and the pattern,
 * which reads as NaN, in the 256 bytes before and after it as far as they are accessible. */
float *gd_guarded_place(gd_guarded *guarded, const float *data, size_t count, int offset);

/* Whether the pattern is still whole. */
int gd_guarded_intact(const gd_guarded *guarded);

void gd_guarded_free(gd_guarded *guarded);

/* Calls function(argument). Returns 0, or the signal (SIGSEGV, SIGBUS, SIGILL, SIGFPE) that ended it early. */
int gd_guarded_call(void (*function)(void *), void *argument);

#endif
