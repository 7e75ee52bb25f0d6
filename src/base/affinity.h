/* The CPUs a thread may run on: read, counted, one of them chosen. Inline, since libgradus-openmp pins its team with it too. */
#ifndef GD_BASE_AFFINITY_H
#define GD_BASE_AFFINITY_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/* The calling thread's mask; false where it cannot be read (more CPUs than a cpu_set_t holds, or forbidden). */
static inline bool gd_affinity_read(cpu_set_t *cpus) { return sched_getaffinity(0, sizeof *cpus, cpus) == 0 && CPU_COUNT(cpus) > 0; }

/* Binds the calling thread to the index-th CPU of a mask that is not empty, counted round and round. A refusal changes nothing, and nothing depends
 * on it. */
static inline void gd_affinity_bind(const cpu_set_t *cpus, uint32_t index) {
    uint32_t left = index % (uint32_t)CPU_COUNT(cpus);
    int cpu = 0;
    while (!CPU_ISSET(cpu, cpus) || left-- > 0) cpu++;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
}

#endif
