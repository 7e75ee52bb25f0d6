/* THE list of a run's numbers as files have them. */
#include "nn/train_state.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* Every field but struct_size and reserved: its kind and its name. A checkpoint's tensors are named after them, so names stay; append-only. */
#define FIELD_MAP(XX) \
    XX(COUNT, epochs) \
    XX(COUNT, steps) \
    XX(COUNT, epoch_samples) \
    XX(COUNT, epoch_right) \
    XX(NUMBER, epoch_loss_sum) \
    XX(NUMBER, epoch_loss_divisor) \
    XX(COUNT, best_epoch) \
    XX(NUMBER, best_value) \
    XX(COUNT, epochs_waited) \
    XX(COUNT, plateau_begun) \
    XX(COUNT, plateau_waited) \
    XX(COUNT, plateau_cooldown) \
    XX(NUMBER, plateau_best) \
    XX(NUMBER, plateau_learning_rate) \
    XX(CODE, end)

typedef enum kind { COUNT, NUMBER, CODE } kind; /* uint64_t, double, int32_t */

typedef struct field {
    const char *name;
    size_t offset;
    kind kind;
} field;

#define FIELD(kind, name) {#name, offsetof(gradus_train_state, name), kind},
static const field fields[] = {FIELD_MAP(FIELD)};
enum { FIELDS = sizeof fields / sizeof fields[0] };

/* struct_size and one field for each; end shares its 8 bytes with reserved. */
static_assert(sizeof(gradus_train_state) == sizeof(size_t) + 8 * FIELDS, "every field of gradus_train_state is in the list");

const char *gd_train_state_field(size_t index, const char **dtype) {
    if (index >= FIELDS) return NULL;
    if (dtype != NULL) *dtype = fields[index].kind == NUMBER ? "F64" : "U64";
    return fields[index].name;
}

void gd_train_state_get(const gradus_train_state *state, uint64_t *numbers) {
    for (size_t i = 0; i < FIELDS; i++) {
        const char *at = (const char *)state + fields[i].offset;
        int32_t code;
        memcpy(&code, at, sizeof code);
        memcpy(&numbers[i], at, sizeof numbers[i]);
        if (fields[i].kind == CODE) numbers[i] = (uint64_t)code;
    }
}

bool gd_train_state_set(gradus_train_state *state, const uint64_t *numbers) {
    gradus_train_state read;
    gradus_train_state_init(&read);
    for (size_t i = 0; i < FIELDS; i++) {
        char *at = (char *)&read + fields[i].offset;
        const int32_t code = (int32_t)(numbers[i] & INT32_MAX);
        if (fields[i].kind == CODE && numbers[i] != (uint64_t)code) return false;
        memcpy(at, fields[i].kind == CODE ? (const void *)&code : &numbers[i], fields[i].kind == CODE ? sizeof code : sizeof numbers[i]);
    }
    *state = read;
    return true;
}
