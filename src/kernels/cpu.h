/* What this CPU and operating system can run. */
#ifndef GD_KERNELS_CPU_H
#define GD_KERNELS_CPU_H

#include <stdint.h>

/* What cpuid and XCR0 say, for the decision below: the registers of leaf 1 and of leaf 7, subleaf 0, the highest leaf, XCR0 (0 without OSXSAVE), and
 * the vendor. */
typedef struct gd_cpu_facts {
    uint32_t highest_leaf;
    uint32_t leaf1_ecx;
    uint32_t leaf7_ebx;
    uint64_t xcr0;
    char vendor[12]; /* leaf 0's letters, no end */
} gd_cpu_facts;

/* The GD_CPU_* features that may be used. A pure function, so that tests can try CPUs and hypervisors that are not at hand: AVX2 wants AVX, FMA, AVX2
 * and OSXSAVE with the SSE and AVX state enabled in XCR0; AVX-512 wants F, BW, DQ, VL and the opmask and both ZMM states besides. Prefetching is for
 * the vendor whose CPUs were seen to gain: Intel. */
uint32_t gd_cpu_decide(const gd_cpu_facts *facts);

/* The features of this CPU. No state is kept: asked where a context is made. */
uint32_t gd_cpu_features(void);

#endif
