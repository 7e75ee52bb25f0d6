/* The time that only runs forward. */
#ifndef GD_BASE_CLOCK_H
#define GD_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t gd_clock_nanoseconds(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#endif
