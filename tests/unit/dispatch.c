/* Which kernels a CPU gets: CPUs that are not at hand, by what cpuid and XCR0 say, against the rule written down once more as a table of bits. */
#include <stdio.h>
#include <string.h>

#include "kernels/cpu.h"
#include "kernels/dispatch.h"
#include "nets.h"

/* -- the rule: a feature may be used if all of its bits are set -- */

typedef enum place { ECX, EBX, XCR0 } place; /* leaf 1 ECX; leaf 7, subleaf 0 EBX, which counts if the highest leaf is 7 or more; XCR0 */

typedef struct needed_bit {
    uint32_t feature; /* AVX-512 needs AVX2's bits besides its own */
    place where;
    unsigned bit;
    const char *name;
} needed_bit;

static const needed_bit needed[] = {
    {GD_CPU_AVX2, ECX, 12, "FMA"},        {GD_CPU_AVX2, ECX, 27, "OSXSAVE"},   {GD_CPU_AVX2, ECX, 28, "AVX"},
    {GD_CPU_AVX2, EBX, 5, "AVX2"},        {GD_CPU_AVX2, XCR0, 1, "SSE state"}, {GD_CPU_AVX2, XCR0, 2, "AVX state"},
    {GD_CPU_AVX512, EBX, 16, "F"},        {GD_CPU_AVX512, EBX, 17, "DQ"},      {GD_CPU_AVX512, EBX, 30, "BW"},
    {GD_CPU_AVX512, EBX, 31, "VL"},       {GD_CPU_AVX512, XCR0, 5, "opmask"},  {GD_CPU_AVX512, XCR0, 6, "ZMM0-15"},
    {GD_CPU_AVX512, XCR0, 7, "ZMM16-31"},
};
enum { NEEDED = sizeof needed / sizeof needed[0] };

static bool bit_of(const gd_cpu_facts *facts, place where, unsigned bit) {
    if (where == ECX) return facts->leaf1_ecx >> bit & 1;
    if (where == XCR0) return facts->xcr0 >> bit & 1;
    return facts->highest_leaf >= 7 && facts->leaf7_ebx >> bit & 1;
}

static void set_bit(gd_cpu_facts *facts, place where, unsigned bit) {
    if (where == ECX) facts->leaf1_ecx |= 1u << bit;
    if (where == EBX) facts->leaf7_ebx |= 1u << bit;
    if (where == XCR0) facts->xcr0 |= (uint64_t)1 << bit;
}

static uint32_t rule(const gd_cpu_facts *facts) {
    bool avx2 = true, avx512 = true;
    for (size_t i = 0; i < NEEDED; i++) {
        const bool set = bit_of(facts, needed[i].where, needed[i].bit);
        if (needed[i].feature == GD_CPU_AVX2) avx2 = avx2 && set;
        avx512 = avx512 && set;
    }
    return (avx2 ? GD_CPU_AVX2 : 0) | (avx512 ? GD_CPU_AVX512 : 0);
}

/* -- the tables -- */

/* What each instruction set of the library needs, once more. */
static uint32_t needs_of(const char *isa) {
    if (strcmp(isa, "avx512") == 0) return GD_CPU_AVX2 | GD_CPU_AVX512;
    return strcmp(isa, "avx2") == 0 ? GD_CPU_AVX2 : 0;
}

/* With these features the last table that runs is taken; each one that does not is refused by name, and the context stays as it was. */
static void check_choice(gradus_context *context, uint32_t features, const char *cpu) {
    const gd_kernels *best = NULL, *kernels;
    for (size_t i = 0; (kernels = gd_kernels_at(i)) != NULL; i++)
        if ((needs_of(kernels->name) & ~features) == 0) best = kernels;
    cr_assert_eq(gd_kernels_choose_for(context, features, NULL, "test"), GRADUS_OK);
    cr_assert_eq(context->kernels, best, "%s: %s, expected %s", cpu, context->kernels->name, best->name);
    for (size_t i = 0; (kernels = gd_kernels_at(i)) != NULL; i++) {
        const bool runs = (needs_of(kernels->name) & ~features) == 0;
        context->kernels = best;
        const gradus_status status = gd_kernels_choose_for(context, features, kernels->name, "test");
        cr_assert_eq(status, runs ? GRADUS_OK : GRADUS_UNSUPPORTED, "%s: %s: %d", cpu, kernels->name, (int)status);
        cr_assert_eq(context->kernels, runs ? kernels : best, "%s: %s", cpu, kernels->name);
        if (!runs)
            cr_assert(says(context, kernels->name) && says(context, "needs") && says(context, best->name), "%s", gradus_context_message(context));
    }
}

static void check_cpu(gradus_context *context, const gd_cpu_facts *facts, uint32_t wanted, const char *name) {
    cr_assert_eq(gd_cpu_decide(facts), wanted, "%s (highest leaf %u, ECX %08x, EBX %08x, XCR0 %08llx): %x, expected %x", name,
                 (unsigned)facts->highest_leaf, (unsigned)facts->leaf1_ecx, (unsigned)facts->leaf7_ebx, (unsigned long long)facts->xcr0,
                 (unsigned)gd_cpu_decide(facts), (unsigned)wanted);
    check_choice(context, gd_cpu_decide(facts), name);
}

/* -- every CPU there can be -- */

/* All 2^13 combinations of the bits, with several highest leaves, the other bits clear, set, or random. */
Test(dispatch, every_combination_of_bits) {
    static const uint32_t leaves[] = {0, 1, 2, 6, 7, 8, 13, 0x20, UINT32_MAX};
    gradus_context *context = context_of(1);
    gd_cpu_facts used = {0};
    uint64_t random = 1;
    size_t cpus[4] = {0};
    for (size_t i = 0; i < NEEDED; i++) set_bit(&used, needed[i].where, needed[i].bit);
    for (uint32_t bits = 0; bits < 1u << NEEDED; bits++)
        for (size_t leaf = 0; leaf < sizeof leaves / sizeof leaves[0]; leaf++)
            for (int others = 0; others < 3; others++) {
                const uint64_t noise = others == 0 ? 0 : others == 1 ? ~(uint64_t)0 : test_random(&random);
                gd_cpu_facts facts = {
                    leaves[leaf], (uint32_t)noise & ~used.leaf1_ecx, (uint32_t)(noise >> 32) & ~used.leaf7_ebx, noise & ~used.xcr0, {0}};
                for (size_t i = 0; i < NEEDED; i++)
                    if (bits >> i & 1) set_bit(&facts, needed[i].where, needed[i].bit);
                check_cpu(context, &facts, rule(&facts), "a combination");
                cpus[rule(&facts)]++;
            }
    cr_assert(cpus[0] && cpus[GD_CPU_AVX2] && !cpus[GD_CPU_AVX512] && cpus[GD_CPU_AVX2 | GD_CPU_AVX512]);
    gradus_context_destroy(context);
}

/* -- CPUs by name: the bits that matter, with every state an operating system or hypervisor may have enabled -- */

enum { FMA = 1 << 12, OSXSAVE = 1 << 27, AVX = 1 << 28, AVX2 = 1 << 5, F = 1 << 16, DQ = 1 << 17, CD = 1 << 28, BW = 1 << 30 };
#define VL (1u << 31)

typedef enum kind { NONE, WITH_AVX2, WITH_AVX512 } kind; /* what it can run at best */

static const struct {
    const char *name;
    uint32_t highest_leaf, ecx, ebx; /* OSXSAVE is the system's: it goes with XCR0 */
    kind best;
} cpus[] = {
    {"Pentium 4 Prescott", 5, 0, 0, NONE},
    {"Core 2 Penryn", 10, 0, 0, NONE},
    {"Nehalem", 11, 0, 0, NONE},
    {"Westmere", 11, 0, 0, NONE},
    {"Sandy Bridge", 13, AVX, 0, NONE},
    {"Ivy Bridge", 13, AVX, 0, NONE},
    {"Haswell", 13, AVX | FMA, AVX2, WITH_AVX2},
    {"Haswell Pentium, AVX off", 13, 0, 0, NONE},
    {"Broadwell", 20, AVX | FMA, AVX2, WITH_AVX2},
    {"Skylake", 22, AVX | FMA, AVX2, WITH_AVX2},
    {"Skylake Celeron, AVX off", 22, 0, 0, NONE},
    {"Skylake-SP", 22, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"Cascade Lake", 22, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"Knights Landing: F and CD without BW, DQ, VL", 13, AVX | FMA, AVX2 | F | CD, WITH_AVX2},
    {"Knights Mill", 13, AVX | FMA, AVX2 | F | CD, WITH_AVX2},
    {"Cannon Lake", 22, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"Ice Lake", 27, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"Tiger Lake", 27, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"Alder Lake, AVX-512 off", 32, AVX | FMA, AVX2, WITH_AVX2},
    {"Alder Lake, AVX-512 on", 32, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"Sapphire Rapids", 32, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"Sierra Forest", 35, AVX | FMA, AVX2, WITH_AVX2},
    {"Atom Bonnell", 10, 0, 0, NONE},
    {"Atom Silvermont", 11, 0, 0, NONE},
    {"Atom Goldmont", 21, 0, 0, NONE},
    {"Atom Gracemont", 32, AVX | FMA, AVX2, WITH_AVX2},
    {"K10", 5, 0, 0, NONE},
    {"Bulldozer: AVX and FMA4, no FMA", 13, AVX, 0, NONE},
    {"Piledriver: FMA, no AVX2", 13, AVX | FMA, 0, NONE},
    {"Excavator", 13, AVX | FMA, AVX2, WITH_AVX2},
    {"Jaguar", 13, AVX, 0, NONE},
    {"Zen 1", 13, AVX | FMA, AVX2, WITH_AVX2},
    {"Zen 2", 16, AVX | FMA, AVX2, WITH_AVX2},
    {"Zen 3", 16, AVX | FMA, AVX2, WITH_AVX2},
    {"Zen 4", 16, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"Zen 5", 16, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, WITH_AVX512},
    {"VIA Nano", 10, 0, 0, NONE},
    {"VIA with AVX2, without FMA", 13, AVX, AVX2, NONE},
    {"a virtual CPU without leaf 7, whose registers are stale", 6, AVX | FMA, AVX2 | F | DQ | CD | BW | VL, NONE},
    {"a virtual CPU: AVX-512 passed on, AVX2 hidden", 22, AVX | FMA, F | DQ | CD | BW | VL, NONE},
    {"a virtual CPU: FMA hidden", 22, AVX, AVX2 | F | DQ | CD | BW | VL, NONE},
    {"a virtual CPU: VL hidden", 22, AVX | FMA, AVX2 | F | DQ | CD | BW, WITH_AVX2},
};

/* What the system saves, and the best that it allows. */
static const struct {
    const char *name;
    bool osxsave;
    uint64_t xcr0;
    kind best;
} systems[] = {
    {"without XSAVE, or hidden by a hypervisor", false, 0, NONE},
    {"without OSXSAVE, XCR0 from somewhere", false, 0xe7, NONE},
    {"x87 only", true, 0x01, NONE},
    {"SSE only", true, 0x03, NONE},
    {"AVX state without SSE state", true, 0x05, NONE},
    {"AVX", true, 0x07, WITH_AVX2},
    {"AVX and MPX", true, 0x1f, WITH_AVX2},
    {"AVX and the opmask", true, 0x27, WITH_AVX2},
    {"no opmask", true, 0xc7, WITH_AVX2},
    {"no upper halves of ZMM0-15", true, 0xa7, WITH_AVX2},
    {"no ZMM16-31", true, 0x67, WITH_AVX2},
    {"ZMM state without AVX state", true, 0xe3, NONE},
    {"AVX-512", true, 0xe7, WITH_AVX512},
    {"AVX-512 and PKRU", true, 0x2e7, WITH_AVX512},
    {"AVX-512, PKRU and AMX", true, 0x602e7, WITH_AVX512},
};

Test(dispatch, cpus_by_name) {
    static const uint32_t features[] = {0, GD_CPU_AVX2, GD_CPU_AVX2 | GD_CPU_AVX512};
    gradus_context *context = context_of(1);
    size_t count = 0;
    for (size_t i = 0; i < sizeof cpus / sizeof cpus[0]; i++)
        for (size_t j = 0; j < sizeof systems / sizeof systems[0]; j++) {
            char name[200];
            const gd_cpu_facts facts = {cpus[i].highest_leaf, cpus[i].ecx | (systems[j].osxsave ? OSXSAVE : 0), cpus[i].ebx, systems[j].xcr0, {0}};
            const kind best = cpus[i].best < systems[j].best ? cpus[i].best : systems[j].best;
            snprintf(name, sizeof name, "%s, the system saves: %s", cpus[i].name, systems[j].name);
            cr_assert_eq(rule(&facts), features[best], "%s: the table of bits has %x", name, (unsigned)rule(&facts));
            check_cpu(context, &facts, features[best], name);
            count++;
        }
    cr_assert_geq(count, 200);
    gradus_context_destroy(context);
}

/* -- prefetching, by vendor and whatever else the CPU can -- */

Test(dispatch, prefetching_by_vendor) {
    static const struct {
        char vendor[13];
        uint32_t habit;
        size_t ahead;
    } vendors[] = {{"GenuineIntel", GD_CPU_PREFETCH_FAR, 2048},
                   {"AuthenticAMD", GD_CPU_PREFETCH_NEAR, 48},
                   {"HygonGenuine", 0, 0},
                   {"genuineintel", 0, 0},
                   {"", 0, 0}};
    gradus_context *context = context_of(1);
    for (size_t v = 0; v < sizeof vendors / sizeof vendors[0]; v++)
        for (uint32_t highest_leaf = 1; highest_leaf < 9; highest_leaf += 6) {
            gd_cpu_facts facts = {.highest_leaf = highest_leaf};
            for (size_t i = 0; i < NEEDED; i++) set_bit(&facts, needed[i].where, needed[i].bit);
            memcpy(facts.vendor, vendors[v].vendor, sizeof facts.vendor);
            const uint32_t features = gd_cpu_decide(&facts);
            cr_assert_eq(features, rule(&facts) | vendors[v].habit, "%s: %x", vendors[v].vendor, (unsigned)features);
            cr_assert_eq(gd_kernels_choose_for(context, features, NULL, "test"), GRADUS_OK);
            cr_assert_eq(context->prefetch_ahead, vendors[v].ahead, "%s", vendors[v].vendor);
        }
    gradus_context_destroy(context);
}

#if defined(__x86_64__)
/* The compiler's own detection agrees about this CPU. */
Test(dispatch, this_cpu) {
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    cr_assert_eq((gd_cpu_features() & GD_CPU_AVX2) != 0, avx2);
    cr_assert_eq((gd_cpu_features() & GD_CPU_AVX512) != 0, avx512);
}
#endif
