/* Which kernel table to use: whole tables, chosen once a context, never a pointer at a time. */
#include "kernels/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "kernels/cpu.h"
#include "kernels/step.h"

#define GD_ISA(name) extern const gd_kernels gd_kernels_##name;
#include "kernels/isa.def"
#undef GD_ISA

#define GD_ISA(name) &gd_kernels_##name,
static const gd_kernels *const tables[] = {
#include "kernels/isa.def"
};
#undef GD_ISA

enum { TABLES = sizeof tables / sizeof tables[0] };

const gd_kernels *gd_kernels_at(size_t index) { return index < TABLES ? tables[index] : NULL; }

static int runs_with(const gd_kernels *kernels, uint32_t features) { return (kernels->needs & ~features) == 0; }

int gd_kernels_runnable(const gd_kernels *kernels) { return runs_with(kernels, gd_cpu_features()); }

static const char *needs_text(uint32_t needs) {
    if (needs & GD_CPU_AVX512) return "AVX-512 F, BW, DQ, VL";
    if (needs & GD_CPU_AVX2) return "AVX2, FMA";
    return "nothing";
}

/* "scalar, avx2": the names that run with these features. */
static const char *runnable_names(uint32_t features, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < TABLES && used < size; i++)
        if (runs_with(tables[i], features)) used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", tables[i]->name);
    return text;
}

gradus_status gd_kernels_choose_for(gradus_context *context, uint32_t features, const char *name, const char *where) {
    char names[128];
    for (size_t i = TABLES; i-- > 0;) {
        if (name ? strcmp(name, tables[i]->name) != 0 : !runs_with(tables[i], features)) continue;
        if (!runs_with(tables[i], features))
            return gd_fail(context, GRADUS_UNSUPPORTED, "%s: %s needs %s, which this machine does not have; it can run: %s", where, name,
                           needs_text(tables[i]->needs), runnable_names(features, names, sizeof names));
        context->kernels = tables[i];
        context->prefetch_ahead = features & GD_CPU_PREFETCH_FAR ? GD_AHEAD_FAR : features & GD_CPU_PREFETCH_NEAR ? GD_AHEAD_NEAR : 0;
        return GRADUS_OK;
    }
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: no instruction set is called '%s'; this machine can run: %s", where, name,
                   runnable_names(features, names, sizeof names));
}

gradus_status gd_kernels_choose(gradus_context *context, const char *name, const char *where) {
    return gd_kernels_choose_for(context, gd_cpu_features(), name, where);
}

/* Two vectors of multiply-adds a cycle, at two thirds of 3 GHz: what products reached on the CPUs at hand. */
double gd_work_nanoseconds(const gradus_context *context, double operations) { return operations / (8.0 * (double)context->kernels->width); }

const char *gradus_isa_name(size_t index, int *runnable, const char **needs) {
    const gd_kernels *kernels = gd_kernels_at(index);
    if (!kernels) return NULL;
    if (runnable) *runnable = gd_kernels_runnable(kernels);
    if (needs) *needs = needs_text(kernels->needs);
    return kernels->name;
}
