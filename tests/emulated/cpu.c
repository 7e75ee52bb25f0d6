/* For the emulated AVX-512 build only: says that every feature is there. */
#include "kernels/cpu.h"

#include "kernels/kernels.h"

uint32_t gd_cpu_features(void) { return GD_CPU_AVX2 | GD_CPU_AVX512; }
