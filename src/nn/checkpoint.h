/* The inside of checkpoints: the list of a file's tensors, which saving writes and restoring looks for. */
#ifndef GD_NN_CHECKPOINT_H
#define GD_NN_CHECKPOINT_H

#include <gradus/checkpoint.h>

#include "format/safetensors.h"
#include "nn/net.h"

#define GD_CHECKPOINT_FORMAT "gradus-checkpoint/1"
#define GD_CHECKPOINT_CHECK "crc64" /* the last tensor: the CRC-64 of all bytes before its own */

enum { GD_CHECK_SIZE = 8 };

/* Where a tensor's elements come from and go to. */
typedef enum gd_checkpoint_kind {
    GD_CHECKPOINT_NUMBERS, /* 64-bit numbers, `index` is the first one's place among the table's */
    GD_CHECKPOINT_WEIGHTS, /* parameter `index` of the net, */
    GD_CHECKPOINT_BEST,    /* of the best one, */
    GD_CHECKPOINT_STATES   /* of the optimizer: its state number `state` */
} gd_checkpoint_kind;

enum { GD_CHECKPOINT_NAME = 128 };

typedef struct gd_checkpoint_entry {
    char name[GD_CHECKPOINT_NAME];
    gd_checkpoint_kind kind;
    size_t index;
    uint32_t state;
} gd_checkpoint_entry;

/* All tensors but the check, in the order of the file: numbers first, so that every element is aligned. Numbers: the run's state, its seconds; the
 * optimizer's hyper-parameters, by groups, and the parameters' step counts. */
typedef struct gd_checkpoint_table {
    size_t count, number_count;
    gd_checkpoint_entry *entries; /* [count] */
    gd_safetensor *tensors;       /* [count + 1], data not set; the last one is the check's */
    uint64_t *numbers;            /* [number_count]: the run's fields, its seconds, the optimizer's */
    size_t fields;                /* of the run's state */
    size_t largest;               /* floats of the largest tensor */
    size_t data_size;             /* bytes of all tensors */
    void *memory;
    size_t memory_size;
} gd_checkpoint_table;

/* The table of a checkpoint of this net, with best weights or without, and this optimizer, which may be NULL. Numbers are 0. */
gradus_status gd_checkpoint_table_make(gradus_context *context, const gradus_net *net, bool best, const gradus_optimizer *optimizer,
                                       gd_checkpoint_table *table);
void gd_checkpoint_table_free(gradus_context *context, gd_checkpoint_table *table);

/* The optimizer's name as files have it: "adam:variant=torch". */
enum { GD_ALGORITHM_NAME = 64 };
void gd_checkpoint_algorithm(const gradus_optimizer *optimizer, char name[GD_ALGORITHM_NAME]);

/* The optimizer's numbers, from where they begin: out of it, and back into it, which is possible where check finds them in range. */
void gd_checkpoint_optimizer_get(const gradus_optimizer *optimizer, uint64_t *numbers);
gradus_status gd_checkpoint_optimizer_check(gradus_context *context, const gradus_optimizer *optimizer, const uint64_t *numbers);
void gd_checkpoint_optimizer_set(gradus_optimizer *optimizer, const uint64_t *numbers);

/* An open checkpoint. */
enum { GD_CHECKPOINT_REASON = 480 };
struct gradus_checkpoint {
    gradus_allocator allocator;
    gd_safetensors file;
    gradus_train_state state;
    double seconds;
    bool best;
    char warning[GD_CHECKPOINT_REASON]; /* "" or why this is the previous file */
    char path[GD_PATH_SIZE];
};

/* Finds the file's tensor of the same name, dtype and shape, and sets wanted->data. Errors: BAD_DATA. */
gradus_status gd_checkpoint_find(gradus_context *context, const gradus_checkpoint *checkpoint, gd_safetensor *wanted);

/* The parameter `index` of a net as a tensor of its shape over `memory`. */
gradus_tensor gd_checkpoint_parameter(const gradus_net *net, size_t index, float *memory);

#endif
