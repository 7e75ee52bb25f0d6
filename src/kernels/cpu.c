/* CPU detection. AVX needs the operating system's consent (OSXSAVE and XCR0), not only the CPU's word; the rules are in Intel's manual, volume 1,
 * chapters 14 and 15. */
#include "kernels/cpu.h"

#include <string.h>

#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum {
    LEAF1_FMA = 1u << 12,
    LEAF1_OSXSAVE = 1u << 27,
    LEAF1_AVX = 1u << 28,
    LEAF7_AVX2 = 1u << 5,
    LEAF7_AVX512F = 1u << 16,
    LEAF7_AVX512DQ = 1u << 17,
    LEAF7_AVX512BW = 1u << 30,
    XCR0_AVX = 0x06,   /* SSE and AVX state */
    XCR0_AVX512 = 0xe0 /* opmask, upper halves of ZMM0-15, ZMM16-31 */
};
#define LEAF7_AVX512VL (1u << 31)

static int has(uint64_t word, uint64_t bits) { return (word & bits) == bits; }

uint32_t gd_cpu_decide(const gd_cpu_facts *facts) {
    uint32_t features = memcmp(facts->vendor, "GenuineIntel", sizeof facts->vendor) == 0   ? GD_CPU_PREFETCH_FAR
                        : memcmp(facts->vendor, "AuthenticAMD", sizeof facts->vendor) == 0 ? GD_CPU_PREFETCH_NEAR
                                                                                           : 0;
    if (facts->highest_leaf < 7 || !has(facts->leaf1_ecx, LEAF1_OSXSAVE | LEAF1_AVX | LEAF1_FMA)) return features;
    if (!has(facts->xcr0, XCR0_AVX) || !has(facts->leaf7_ebx, LEAF7_AVX2)) return features;
    features |= GD_CPU_AVX2;
    if (has(facts->xcr0, XCR0_AVX512) && has(facts->leaf7_ebx, LEAF7_AVX512F | LEAF7_AVX512DQ | LEAF7_AVX512BW | LEAF7_AVX512VL))
        features |= GD_CPU_AVX512;
    return features;
}

uint32_t gd_cpu_features(void) {
#if defined(__x86_64__)
    gd_cpu_facts facts = {0};
    uint32_t eax, ebx, ecx, edx, vendor[3];
    if (!__get_cpuid(0, &facts.highest_leaf, &vendor[0], &vendor[2], &vendor[1])) return 0;
    memcpy(facts.vendor, vendor, sizeof facts.vendor);
    if (!__get_cpuid(1, &eax, &ebx, &facts.leaf1_ecx, &edx)) return 0;
    if (facts.highest_leaf >= 7) __cpuid_count(7, 0, eax, facts.leaf7_ebx, ecx, edx);
    if (facts.leaf1_ecx & LEAF1_OSXSAVE) {
        uint32_t low, high;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        facts.xcr0 = (uint64_t)high << 32 | low;
    }
    return gd_cpu_decide(&facts);
#else
    return 0;
#endif
}
