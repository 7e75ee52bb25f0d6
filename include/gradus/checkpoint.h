/* Checkpoints: all of a training run in one file, from which it goes on to the same bits on any machine, with any threads. */
#ifndef GRADUS_CHECKPOINT_H
#define GRADUS_CHECKPOINT_H

#include <gradus/net.h>
#include <gradus/optimizer.h>
#include <gradus/train.h>

GRADUS_BEGIN_DECLS

/* What a checkpoint holds. */
typedef struct gradus_checkpoint_contents {
    size_t struct_size;
    const gradus_net *net;
    const gradus_net *best;            /* the best weights so far, of the same shape; NULL: none are kept */
    const gradus_optimizer *optimizer; /* the net's (gradus_net_optimizer_create): hyper-parameters, states, step counts */
    const gradus_train_state *state;   /* NULL: of a run that has not begun */
    const char *configuration;         /* what the run was asked for, as text in UTF-8, for whoever opens the file; NULL: "" */
    double seconds;                    /* that the run has taken so far; for information */
} gradus_checkpoint_contents;

GRADUS_API void gradus_checkpoint_contents_init_sized(gradus_checkpoint_contents *contents, size_t struct_size);
static inline void gradus_checkpoint_contents_init(gradus_checkpoint_contents *contents) {
    gradus_checkpoint_contents_init_sized(contents, sizeof *contents);
}

/* Writes a checkpoint to `path` (docs/formats.md): safetensors with a check over every byte. The file in place becomes the previous one, whose name has
 * "-previous" before the last point ("last-previous.safetensors"). At every moment, power cuts included, at least one of the two is there, whole; after
 * any failure the file in place is as it was. Errors: INVALID_ARGUMENT (an optimizer that was not made for the net, `best` of another shape),
 * UNSUPPORTED (more than 4,096 tensors), IO (the message names the path and the cause), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_checkpoint_save(gradus_context *context, const char *path, const gradus_checkpoint_contents *contents);

/* A checkpoint that has been read and found whole. */
typedef struct gradus_checkpoint gradus_checkpoint;

/* Reads a checkpoint. Where `path` is missing, cannot be read or is damaged (one flipped bit is found), the previous one is taken, and a warning goes to
 * the context's log. The file is untrusted input: nothing in it makes the library crash or use more memory than the file's own size allows. *checkpoint
 * is NULL on failure. Errors: IO, BAD_DATA (neither file can be used; the message says why of both), UNSUPPORTED (a checkpoint of another version or
 * arithmetic: going on would not give the same bits), OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_checkpoint_open(gradus_context *context, const char *path, gradus_checkpoint **checkpoint);
GRADUS_API void gradus_checkpoint_close(gradus_context *context, gradus_checkpoint *checkpoint);

/* What there is to know of a checkpoint before a net is made. Pointers are valid until it is closed. */
typedef struct gradus_checkpoint_info {
    size_t struct_size;
    const char *path;    /* of the file that was read */
    const char *warning; /* why it is the previous one; NULL: it is the one asked for */
    const char *configuration;
    const gradus_train_state *state;
    double seconds;
    int32_t has_best; /* 1: it holds best weights, too */
    int32_t reserved;
} gradus_checkpoint_info;

/* Set info->struct_size first. Thread-safe. */
GRADUS_API void gradus_checkpoint_describe(const gradus_checkpoint *checkpoint, gradus_checkpoint_info *info);

/* Puts a checkpoint's contents into a net, its optimizer and, where the file has them, into `best`, all made as those that were saved. optimizer and
 * best may be NULL: that part is left out. Everything is checked before anything is changed. Errors: INVALID_ARGUMENT (another shape, loss or optimizer;
 * the message names what differs), BAD_DATA, OUT_OF_MEMORY. */
GRADUS_API gradus_status gradus_checkpoint_restore(gradus_context *context, const gradus_checkpoint *checkpoint, gradus_net *net,
                                                   gradus_optimizer *optimizer, gradus_net *best);

GRADUS_END_DECLS

#endif
