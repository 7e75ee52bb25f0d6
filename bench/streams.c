/* The table of streams, from the instruction sets of this build. */
#include <string.h>

#include "stream.h"

#define GD_ISA(name) extern const gd_streams gd_streams_##name;
#include "kernels/isa.def"
#undef GD_ISA

#define GD_ISA(name) &gd_streams_##name,
static const gd_streams *const all[] = {
#include "kernels/isa.def"
};

const gd_streams *gd_streams_of(const char *isa) {
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->isa, isa) == 0) return all[i];
    return NULL;
}
