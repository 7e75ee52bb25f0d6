/* Reading checkpoints. The check tells a damaged file from a whole one; a whole one is trusted no more than any other file. */
#include "nn/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc64.h"
#include "format/utf8.h"
#include "nn/net_notes.h"
#include "nn/train_state.h"

static gradus_status check_bytes(gradus_context *context, const char *path, const uint8_t *bytes, size_t size) {
    if (size > GD_CHECK_SIZE && gd_crc64(bytes, size - GD_CHECK_SIZE) == gd_load_u64le(bytes + size - GD_CHECK_SIZE)) return GRADUS_OK;
    return gd_fail(context, GRADUS_BAD_DATA, "%s: not a checkpoint, or damaged: its check does not agree with its %zu bytes", path, size);
}

static gradus_status check_versions(gradus_context *context, const char *path, const gd_safetensors *file) {
    const struct {
        const char *key, *wanted, *what;
    } notes[] = {{"format", GD_CHECKPOINT_FORMAT, "its format"}, {"numerics", gradus_numerics_version(), "its arithmetic"}};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        const char *found = gd_safetensors_metadata(file, notes[i].key);
        char text[64] = "missing";
        if (found != NULL && strcmp(found, notes[i].wanted) == 0) continue;
        if (found != NULL) gd_copy_printable(text, sizeof text, found);
        return gd_fail(context, GRADUS_UNSUPPORTED, "%s: %s is %s, this version of gradus goes on from %s only", path, notes[i].what, text,
                       notes[i].wanted);
    }
    return GRADUS_OK;
}

static gradus_status refuse(gradus_context *context, const char *path, const char *tensor, const char *wrong) {
    return gd_fail(context, GRADUS_BAD_DATA, "%s: not a valid checkpoint: tensor \"%s\" %s", path, tensor, wrong);
}

gradus_status gd_checkpoint_find(gradus_context *context, const gradus_checkpoint *c, gd_safetensor *wanted) {
    const gd_safetensor *found = gd_safetensors_find(&c->file, wanted->name);
    if (found == NULL) return refuse(context, c->path, wanted->name, "is missing");
    bool same = strcmp(found->dtype, wanted->dtype) == 0 && found->dimensions == wanted->dimensions;
    for (size_t i = 0; same && i < wanted->dimensions; i++) same = found->shape[i] == wanted->shape[i];
    if (!same) return refuse(context, c->path, wanted->name, "is not of the dtype and shape that it should have");
    wanted->data = found->data;
    return GRADUS_OK;
}

static gradus_status read_scalar(gradus_context *context, const gradus_checkpoint *c, const char *name, const char *dtype, uint64_t *number) {
    char full[GD_CHECKPOINT_NAME];
    snprintf(full, sizeof full, "run.%s", name);
    gd_safetensor wanted = {.name = full, .dtype = dtype};
    gradus_status status = gd_checkpoint_find(context, c, &wanted);
    if (status == GRADUS_OK) *number = gd_load_u64le(wanted.data);
    return status;
}

static gradus_status read_run(gradus_context *context, gradus_checkpoint *c) {
    enum { MOST_FIELDS = 64 };
    uint64_t numbers[MOST_FIELDS] = {0}, seconds;
    const char *name, *dtype;
    gradus_status status = GRADUS_OK;
    for (size_t i = 0; status == GRADUS_OK && i < MOST_FIELDS && (name = gd_train_state_field(i, &dtype)) != NULL; i++)
        status = read_scalar(context, c, name, dtype, &numbers[i]);
    if (status == GRADUS_OK) status = read_scalar(context, c, "seconds", "F64", &seconds);
    if (status != GRADUS_OK) return status;
    memcpy(&c->seconds, &seconds, sizeof c->seconds);
    return gd_train_state_set(&c->state, numbers) ? GRADUS_OK : refuse(context, c->path, "run.end", "is out of range");
}

/* One file, without looking for another. */
static gradus_status read_file(gradus_context *context, gradus_checkpoint *c) {
    uint8_t *bytes;
    size_t size;
    gradus_status status = gd_file_read(context, c->path, SIZE_MAX, &bytes, &size);
    if (status != GRADUS_OK) return status;
    status = check_bytes(context, c->path, bytes, size);
    if (status != GRADUS_OK) {
        gd_release(&context->allocator, bytes, size);
        return status;
    }
    status = gd_safetensors_parse(context, c->path, bytes, size, &c->file);
    if (status != GRADUS_OK) return status;
    status = check_versions(context, c->path, &c->file);
    if (status == GRADUS_OK && gd_safetensors_metadata(&c->file, "configuration") == NULL)
        status = gd_fail(context, GRADUS_BAD_DATA, "%s: not a valid checkpoint: metadata \"configuration\" is missing", c->path);
    if (status == GRADUS_OK) status = read_run(context, c);
    c->best = gd_safetensors_find(&c->file, "best.layers.0.weight") != NULL;
    if (status != GRADUS_OK) gd_safetensors_free(&c->file);
    return status;
}

/* The previous file in the place of one that cannot be used, for the reason that is the context's message. */
static gradus_status read_previous(gradus_context *context, gradus_checkpoint *c, gradus_status status) {
    char first[GD_CHECKPOINT_REASON], second[GD_CHECKPOINT_REASON];
    gd_copy_printable(first, sizeof first, gradus_context_message(context));
    char *path = c->path;
    char previous[GD_PATH_SIZE];
    const int kept = errno;
    const bool there = gd_file_previous(path, previous) && access(previous, F_OK) == 0;
    errno = kept;
    if (!there) return status;
    strcpy(path, previous);
    const gradus_status again = read_file(context, c);
    if (again == GRADUS_OK) {
        snprintf(c->warning, sizeof c->warning, "%s", first);
        gd_log_message(context, GRADUS_LOG_WARNING, "%s; going on from %s", first, path);
        return again;
    }
    gd_copy_printable(second, sizeof second, gradus_context_message(context));
    return gd_fail(context, again == GRADUS_OUT_OF_MEMORY ? again : status, "%s; nor can the previous one be used: %s", first, second);
}

gradus_status gradus_checkpoint_open(gradus_context *context, const char *path, gradus_checkpoint **checkpoint) {
    void *memory;
    if (checkpoint != NULL) *checkpoint = NULL;
    if (context == NULL || checkpoint == NULL) return GRADUS_INVALID_ARGUMENT;
    if (path == NULL) return gd_fail(context, GRADUS_INVALID_ARGUMENT, "gradus_checkpoint_open: path is NULL");
    if (strlen(path) >= GD_PATH_SIZE) return gd_fail_io(context, path, "cannot open", ENAMETOOLONG);
    gradus_status status = gd_context_allocate(context, sizeof(gradus_checkpoint), "checkpoint", &memory);
    if (status != GRADUS_OK) return status;
    gradus_checkpoint *c = memory;
    memset(c, 0, sizeof *c);
    c->allocator = context->allocator;
    strcpy(c->path, path);
    status = read_file(context, c);
    if (status == GRADUS_IO || status == GRADUS_BAD_DATA) status = read_previous(context, c, status);
    if (status == GRADUS_OK) {
        *checkpoint = c;
    } else {
        gd_release(&context->allocator, c, sizeof *c);
    }
    return status;
}

void gradus_checkpoint_close(gradus_context *context, gradus_checkpoint *checkpoint) {
    (void)context;
    if (checkpoint == NULL) return;
    const gradus_allocator allocator = checkpoint->allocator;
    gd_safetensors_free(&checkpoint->file);
    gd_release(&allocator, checkpoint, sizeof *checkpoint);
}

void gradus_checkpoint_describe(const gradus_checkpoint *checkpoint, gradus_checkpoint_info *info) {
    const gradus_checkpoint_info known = {.struct_size = sizeof known,
                                          .path = checkpoint->path,
                                          .warning = checkpoint->warning[0] != 0 ? checkpoint->warning : NULL,
                                          .configuration = gd_safetensors_metadata(&checkpoint->file, "configuration"),
                                          .state = &checkpoint->state,
                                          .seconds = checkpoint->seconds,
                                          .has_best = checkpoint->best};
    gd_write_struct(info, info->struct_size, &known, sizeof known);
}
