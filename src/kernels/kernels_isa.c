/* One instruction set's kernel table: this file and rules_isa.c are compiled once for each line of the ISA map in meson.build, with its simd/<isa>.h. It
 * exports one symbol. */
#include <stddef.h>
#include <stdint.h>

#include GD_SIMD_HEADER

#include "kernels/contract.h"
#include "kernels/kernels.h"

#include "kernels/template/lanes.inl"
#include "kernels/template/move.inl"
#include "kernels/template/stage.inl"
#include "kernels/template/elementary.inl"
#include "kernels/template/elementary_exp.inl"
#include "kernels/template/elementary_log.inl"
#include "kernels/template/elementary_erf.inl"
#include "kernels/template/elementary_root.inl"
#include "kernels/template/elementwise.inl"
#include "kernels/template/activation.inl"
#include "kernels/template/tile.inl"
#include "kernels/template/across.inl"

#define GD_TEXT(name) #name
#define GD_TEXT_OF(name) GD_TEXT(name)

extern const gd_kernels GD_OF_ISA(gd_kernels);
extern gd_step_function *const GD_OF_ISA(gd_rules)[GD_RULE_COUNT]; /* rules_isa.c */

#define GD_UNARY(NAME, name) [GD_UNARY_##NAME] = unary_##name,
#define GD_DERIVATIVE(NAME, name, from_input) [GD_DERIVATIVE_##NAME] = derivative_##name,

const gd_kernels GD_OF_ISA(gd_kernels) = {
    .name = GD_TEXT_OF(GD_SIMD_NAME),
    .needs = GD_SIMD_NEEDS,
    .width = VF,
    .tile_rows = TILE_ROWS,
    .tile_columns = TILE_VECTORS * VF,
    .step = GD_OF_ISA(gd_rules),
    .gradient_stage = gradient_stage,
    .unary = {GD_UNARY_MAP(GD_UNARY)},
    .derivative = {GD_DERIVATIVE_MAP(GD_DERIVATIVE)},
    .tile = tile,
    .across = across,
    .copy = copy,
    .transpose = transpose,
    .add = add,
    .finish = finish,
    .softmax = softmax,
    .softmax_derivative = softmax_derivative,
    .column_sum = column_sum,
    .block_sum = block_sum,
    .block_dot = block_dot,
};
