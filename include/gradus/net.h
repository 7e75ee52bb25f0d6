/* Dense nets: make, train by steps, predict, evaluate. */
#ifndef GRADUS_NET_H
#define GRADUS_NET_H

#include <gradus/activation.h>
#include <gradus/context.h>
#include <gradus/initializer.h>
#include <gradus/loss.h>
#include <gradus/optimizer.h>
#include <gradus/tensor.h>

GRADUS_BEGIN_DECLS

/* One dense layer: y = activation(x W + b), W [inputs, outputs]. 16 bytes on 64-bit machines. */
typedef struct gradus_layer {
    size_t outputs;
    gradus_activation activation;
    int32_t reserved; /* 0 */
} gradus_layer;

typedef struct gradus_net_config {
    size_t struct_size;
    size_t inputs;
    const gradus_layer *layers; /* first to last; the last one's outputs are the net's */
    size_t layer_count;
    gradus_loss loss;
    uint64_t seed;                         /* of the initial weights */
    double label_smoothing;                /* cross-entropy only, 0 to 1: a target t counts as (1 - label_smoothing)*t + label_smoothing/outputs */
    double input_dropout;                  /* probability with which training drops an input, 0 to under 1 */
    const double *dropout;                 /* [layer_count]: the same of each layer's outputs, the last one's 0; NULL: none is dropped */
    const gradus_initializer *initializer; /* NULL: glorot-uniform */
    double l1, l2; /* penalties on the weights, 0 to 1e6: training makes loss + l1*|W|_1 + l2/2*|W|^2 small, W all weights but no biases */
} gradus_net_config;

GRADUS_API void gradus_net_config_init_sized(gradus_net_config *config, size_t struct_size);
static inline void gradus_net_config_init(gradus_net_config *config) { gradus_net_config_init_sized(config, sizeof *config); }

/* A net: weights and biases, in a layout of its own. Const functions never write to it: many threads may predict with one net, a context each. */
typedef struct gradus_net gradus_net;

/* How many bytes a net of this shape takes (parameters only). Errors: as gradus_net_create. */
GRADUS_API gradus_status gradus_net_memory(gradus_context *context, const gradus_net_config *config, size_t *bytes);

/* Makes a net. cross-entropy needs softmax as the last layer's activation, binary-cross-entropy needs sigmoid; the other losses take any. Errors:
 * INVALID_ARGUMENT (no layer, a width of 0, an unknown activation or loss, a loss that does not go with the last layer, label smoothing out of range
 * or with another loss), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_net_create(gradus_context *context, const gradus_net_config *config, gradus_net **net);
GRADUS_API void gradus_net_destroy(gradus_context *context, gradus_net *net);

/* The shape a net was made with; *layer is layer `index`. Errors: none; an index past the end gives outputs = 0. Thread-safe. */
GRADUS_API size_t gradus_net_inputs(const gradus_net *net);
GRADUS_API size_t gradus_net_outputs(const gradus_net *net);
GRADUS_API size_t gradus_net_layer_count(const gradus_net *net);
GRADUS_API gradus_layer gradus_net_layer(const gradus_net *net, size_t index);
GRADUS_API gradus_loss gradus_net_loss(const gradus_net *net);
GRADUS_API double gradus_net_label_smoothing(const gradus_net *net);
GRADUS_API double gradus_net_input_dropout(const gradus_net *net);
GRADUS_API double gradus_net_dropout(const gradus_net *net, size_t index);
GRADUS_API double gradus_net_l1(const gradus_net *net);
GRADUS_API double gradus_net_l2(const gradus_net *net);
GRADUS_API uint64_t gradus_net_parameter_count(const gradus_net *net);

/* Copies layer `index`'s weights [inputs, outputs] and bias [1, outputs] out of or into the net; either tensor may be NULL. F32.
 * Errors: INVALID_ARGUMENT (index, shape), UNSUPPORTED (dtype). */
GRADUS_API gradus_status gradus_net_get(gradus_context *context, const gradus_net *net, size_t index, const gradus_tensor *weights,
                                        const gradus_tensor *bias);
GRADUS_API gradus_status gradus_net_set(gradus_context *context, gradus_net *net, size_t index, const gradus_tensor *weights,
                                        const gradus_tensor *bias);

/* Changes the dropout probabilities, as in gradus_net_config (dropout is copied). In a training step a unit is dropped, its output +0, with that
 * probability, else its output is multiplied by 1/(1 - probability) (Srivastava et al. 2014, in the form of torch.nn.Dropout and keras.layers.Dropout);
 * prediction and evaluation drop nothing. The draws are a function of the batch's seed and step and of the unit: docs/numerics.md, section 9.
 * Errors: INVALID_ARGUMENT (a probability out of range, the last layer's not 0); nothing has changed then. */
GRADUS_API gradus_status gradus_net_set_dropout(gradus_context *context, gradus_net *net, double input_dropout, const double *dropout);

/* Scales inputs from now on: steps, gradients, predictions and evaluations take (x - mean)*inverse for an input x (of bytes x = u/255), in double
 * precision, rounded once. mean, inverse [inputs]: finite, copied; both NULL: inputs are taken as they are, as at first. Standardised data has inverse =
 * 1/(standard deviation), data from 0 to 1 mean = least and inverse = 1/(greatest - least); 0 makes an input 0. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY;
 * nothing has changed then. */
GRADUS_API gradus_status gradus_net_set_scaling(gradus_context *context, gradus_net *net, const double *mean, const double *inverse);

/* The net's own copies [inputs], until the next change; NULL: inputs are not scaled. */
GRADUS_API const double *gradus_net_scaling_mean(const gradus_net *net);
GRADUS_API const double *gradus_net_scaling_inverse(const gradus_net *net);

/* Changes the penalties of gradus_net_config. Errors: INVALID_ARGUMENT (out of range); nothing has changed then. */
GRADUS_API gradus_status gradus_net_set_penalties(gradus_context *context, gradus_net *net, double l1, double l2);

/* What the penalties add to the loss now: l1*|W|_1 + l2/2*|W|^2. The losses that steps and evaluations give are without it. */
GRADUS_API gradus_status gradus_net_penalty(gradus_context *context, const gradus_net *net, double *value);

/* SHA-256 of the parameters as 64 lower-case hex digits and a 0: little-endian fp32, layer by layer weights [in, out] row-major, then bias; every NaN
 * as 0x7fc00000. */
GRADUS_API gradus_status gradus_net_sha256(gradus_context *context, const gradus_net *net, char digest[65]);

/* Samples with their targets. */
typedef struct gradus_batch {
    size_t struct_size;
    gradus_tensor inputs;  /* [samples, net inputs]: F32, or U8 read as u/255 (x = (float)u * 0x1.010102p-8f) */
    gradus_tensor targets; /* numbers, F32 [samples, outputs]; or classes, a vector of `samples`, I32 or U8: see below */
    size_t samples;
    size_t first, total;   /* of gradus_net_step: these are the samples from `first` on of a batch of `total`; 0 and 0: they are the whole batch */
    uint64_t step;         /* global batches begun before this one; numbers random draws */
    uint64_t seed;         /* of random draws: the dropout's */
    uint32_t flags;        /* GRADUS_BATCH_* */
    uint32_t reserved;     /* 0 */
    gradus_tensor weights; /* F32 vector of `samples`, finite, 0 and over: how much each sample counts; data NULL: all the same */
    double total_weight;   /* of the whole batch (gradus_weights_total); 0: what weights add up to, which are the whole batch's then */
} gradus_batch;

/* DROPOUT: gradus_net_loss_gradient drops units, as gradus_net_step always does. */
enum { GRADUS_BATCH_DROPOUT = 1 };

/* Targets, for any loss. Numbers are taken as they are: probabilities for the cross-entropies (0 to 1; a row of cross-entropy usually adds up to 1),
 * which is not checked. A class k, under the net's outputs, stands for a row of zeros with a 1 at output k. For one output (and not cross-entropy) the
 * classes are 0 and 1, and the class is the target. */
GRADUS_API void gradus_batch_init_sized(gradus_batch *batch, size_t struct_size);
static inline void gradus_batch_init(gradus_batch *batch) { gradus_batch_init_sized(batch, sizeof *batch); }

/* Weights multiply samples' losses and their gradients; a mean over the batch divides by the weights' sum, so that a common factor has no effect. (So
 * it is in torch; Keras divides by the number of samples.) A sample of weight 0 counts nothing, whatever its target is. Class weights are sample
 * weights: a sample's own times its class's. accuracy and f1 of an evaluation count every sample once. */

/* What weights (an F32 vector, any size) add up to, in the order that gradus_batch.total_weight wants: 64 samples at a time. Errors: INVALID_ARGUMENT
 * (shape; a weight that is negative or not finite), UNSUPPORTED (dtype). */
GRADUS_API gradus_status gradus_weights_total(gradus_context *context, const gradus_tensor *weights, double *total);

/* Makes an optimizer for the net, its state in the net's own layout. It serves this net (and nets of the same shape) only, in gradus_net_step.
 * With config->groups of 2 or more, weights are in group 0 and biases in group 1: gradus_optimizer_set(context, optimizer, 1, GRADUS_WEIGHT_DECAY, 0.0)
 * then leaves biases without decay. With one group all are in it. */
GRADUS_API gradus_status gradus_net_optimizer_create(gradus_context *context, const gradus_net *net, const gradus_optimizer_config *config,
                                                     gradus_optimizer **optimizer);

/* Clipping of the gradient of a net's steps, penalties included; 0: none, else 1e-30 to 1e30. */
typedef struct gradus_clipping {
    size_t struct_size;
    double value;       /* every element is cut to -value .. value, before any norm is taken; a NaN stays */
    double norm;        /* the gradient of each tensor, weights or bias, is multiplied by min(1, norm/(its norm + 1e-6)); */
    double global_norm; /* or all of them by the same factor, of the norm of all together (torch.nn.utils.clip_grad_norm_) */
} gradus_clipping;

GRADUS_API void gradus_clipping_init_sized(gradus_clipping *clipping, size_t struct_size);
static inline void gradus_clipping_init(gradus_clipping *clipping) { gradus_clipping_init_sized(clipping, sizeof *clipping); }

/* Sets the clipping of a net's optimizer (gradus_net_optimizer_create), from its next step on. With a norm, a step keeps the whole gradient in memory of
 * the optimizer's, which its first step allocates. Errors: INVALID_ARGUMENT (a bound out of range, norm and global_norm both given), UNSUPPORTED (not a
 * net's optimizer); nothing has changed then. */
GRADUS_API gradus_status gradus_net_optimizer_set_clipping(gradus_context *context, gradus_optimizer *optimizer, const gradus_clipping *clipping);

/* One training step: forward with dropout, loss, backward, penalties, clipping, update. *loss is the batch's mean loss before the update. The batch may have any number of samples > 0:
 * of many it takes a part after the other through the same scratch, which grows by one gradient for each doubling.
 *
 * A batch may also come in several calls, with the same total, seed and step: the first from sample 0 on, each next one where the last ended, every one
 * but the last a multiple of 64 samples. The gradients are kept in the optimizer (up to one for each doubling of 64 samples) until the last part has
 * come, and then the step is taken: with the bits of the whole batch in one call. *loss is the mean over the global batch so far, of the last part over
 * all of it. The net must not change in between. A part from 0 on begins a new batch; so it has to after an error other than INVALID_ARGUMENT.
 * The result depends neither on the ISA nor on the thread count. Errors: INVALID_ARGUMENT, UNSUPPORTED, OUT_OF_MEMORY (scratch for a new shape),
 * INTERRUPTED, NOT_FINITE (the loss is not finite; *loss holds it): whenever it fails, no parameter, state or step count has changed. */
GRADUS_API gradus_status gradus_net_step(gradus_context *context, gradus_net *net, gradus_optimizer *optimizer, const gradus_batch *batch,
                                         double *loss);

/* The mean loss over a batch and its gradient, without penalties, and without dropout unless the batch has GRADUS_BATCH_DROPOUT. gradients: for each layer its weights' [in, out] and then its bias' [1, out], F32, in the caller's
 * memory, any row stride; may be NULL. Bits as in gradus_net_step. Errors: as gradus_net_step, with gradients undefined after NOT_FINITE or
 * INTERRUPTED. */
GRADUS_API gradus_status gradus_net_loss_gradient(gradus_context *context, const gradus_net *net, const gradus_batch *batch,
                                                  const gradus_tensor *gradients, double *loss);

/* The net's outputs [samples, outputs], F32, for inputs [samples, inputs], F32 or U8, any number of samples. A sample's output does not depend on the
 * others. inputs and outputs must not overlap. Thread-safe on a shared net. Errors: INVALID_ARGUMENT, UNSUPPORTED, OUT_OF_MEMORY, INTERRUPTED. */
GRADUS_API gradus_status gradus_net_predict(gradus_context *context, const gradus_net *net, const gradus_tensor *inputs,
                                            const gradus_tensor *outputs);

/* What gradus_net_evaluate measures. */
typedef struct gradus_evaluation {
    size_t struct_size;
    double loss;     /* as gradus/loss.h defines it, label smoothing included */
    double accuracy; /* share of samples whose predicted class is their class, where there are classes, else NaN: see below */
    double f1; /* of the second class for two classes, else the plain mean over classes; a class with no true and no predicted sample counts 0 */
    uint64_t samples;
} gradus_evaluation;

/* The predicted class is the highest output's index (the lowest wins ties); for one output (and not cross-entropy) it is 1 where the output is over
 * 1/2, else 0. A sample's own class is its integer target; of a row of numbers, with cross-entropy the highest one's index, and with
 * binary-cross-entropy and one output 1 where the number is over 1/2. Otherwise there are no classes. */
GRADUS_API void gradus_evaluation_init_sized(gradus_evaluation *evaluation, size_t struct_size);
static inline void gradus_evaluation_init(gradus_evaluation *evaluation) { gradus_evaluation_init_sized(evaluation, sizeof *evaluation); }

/* Loss and metrics over a batch of any size, in bounded memory. Thread-safe on a shared net. Errors: as gradus_net_predict; a loss that is not finite
 * is reported as it is, not an error. */
GRADUS_API gradus_status gradus_net_evaluate(gradus_context *context, const gradus_net *net, const gradus_batch *batch,
                                             gradus_evaluation *evaluation);

/* Grows the context's scratch so that no later step, prediction or evaluation of up to `samples` samples with this net allocates. */
GRADUS_API gradus_status gradus_context_reserve(gradus_context *context, const gradus_net *net, size_t samples);

GRADUS_END_DECLS

#endif
