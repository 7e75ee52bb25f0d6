/* One instruction set's rules: compiled as kernels_isa.c is, but with the instructions in the order they are written in (meson.build), which is what
 * template/step.inl is about. It exports one symbol, which the kernel table points at. */
#include <stddef.h>
#include <stdint.h>

#include GD_SIMD_HEADER

#include "base/detmath.h"
#include "kernels/contract.h"
#include "kernels/kernels.h"

#include "kernels/template/lanes.inl"
#include "kernels/template/step.inl"

#define GRADUS_OPTIMIZER(number, name, NAME, ...) [GD_RULE_##NAME] = step_##name,

extern gd_step_function *const GD_OF_ISA(gd_rules)[GD_RULE_COUNT];

gd_step_function *const GD_OF_ISA(gd_rules)[GD_RULE_COUNT] = {
#include <gradus/optimizers.def>
};
