/* A run's state as a list of 64-bit numbers with names: what files hold. */
#ifndef GD_NN_TRAIN_STATE_H
#define GD_NN_TRAIN_STATE_H

#include <stdbool.h>

#include <gradus/train.h>

/* The index-th field's name, NULL past the last; *dtype, where it is not NULL: as safetensors spell it, U64 or F64. */
const char *gd_train_state_field(size_t index, const char **dtype);

/* All fields' bits, in that order. set leaves *state alone and gives false where a number does not fit its field. */
void gd_train_state_get(const gradus_train_state *state, uint64_t *numbers);
bool gd_train_state_set(gradus_train_state *state, const uint64_t *numbers);

#endif
