/* A dense layer's products on plain row-major arrays, for users with nets of their own: the bits of a gradus_net's layer. */
#ifndef GRADUS_DENSE_H
#define GRADUS_DENSE_H

#include <gradus/activation.h>
#include <gradus/context.h>
#include <gradus/tensor.h>

GRADUS_BEGIN_DECLS

/* Tensors here are F32 matrices in the caller's memory with any row stride (batch = 1), of any size, 0 too:
 *   inputs, input_gradients [samples, in]; weights, weight_gradients [in, out]; bias, bias_gradients [1, out]
 *   preactivations, outputs, output_gradients [samples, out]
 * What is written must not overlap anything else. The work is shared by the context's threads; bits depend neither on them, nor on the instruction
 * set, nor on the strides, and a sample's outputs and input gradients do not depend on the other samples. docs/numerics.md, sections 4 to 7, has the
 * operations. Both functions fail with INVALID_ARGUMENT (NULL where it is not allowed, an unknown activation, shapes that do not fit, strides),
 * UNSUPPORTED (dtype), OUT_OF_MEMORY (scratch, before anything is written), INTERRUPTED (the results are then partly written). */

/* preactivations = inputs * weights + bias, outputs = activation(preactivations); softmax is taken over each row. bias NULL: nothing is added.
 * preactivations NULL: they are not kept. */
GRADUS_API gradus_status gradus_dense_forward(gradus_context *context, gradus_activation activation, const gradus_tensor *inputs,
                                              const gradus_tensor *weights, const gradus_tensor *bias, const gradus_tensor *preactivations,
                                              const gradus_tensor *outputs);

/* The gradients by inputs, weights and bias, from those by the outputs: with d = output_gradients * activation'(.),
 *   input_gradients = d * weights^T,  weight_gradients = inputs^T * d,  bias_gradients = the sum of d over the samples
 * the last two in leaves of 64 samples, joined in the tree. Each of the three may be NULL, which leaves it out. activation' is computed from `outputs`,
 * or from `preactivations` where the activation's output does not determine it (gelu, silu): the one that is not needed may be NULL. softmax is
 * differentiated by itself; with the cross-entropy loss it is simpler, and safe for any logits, to take the loss's gradient by the logits and identity
 * here. */
GRADUS_API gradus_status gradus_dense_backward(gradus_context *context, gradus_activation activation, const gradus_tensor *inputs,
                                               const gradus_tensor *weights, const gradus_tensor *preactivations, const gradus_tensor *outputs,
                                               const gradus_tensor *output_gradients, const gradus_tensor *input_gradients,
                                               const gradus_tensor *weight_gradients, const gradus_tensor *bias_gradients);

GRADUS_END_DECLS

#endif
