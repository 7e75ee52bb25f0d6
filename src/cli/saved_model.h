/* A model that a command was given: a file, or the folder of a run that holds one. */
#ifndef GD_CLI_SAVED_MODEL_H
#define GD_CLI_SAVED_MODEL_H

#include <limits.h>

#include <gradus/dataset.h>
#include <gradus/net.h>

#include "cli/means.h"

typedef struct gd_saved_model {
    char path[PATH_MAX];
    gradus_net *net;
    gradus_schema *schema; /* how data become its inputs; NULL: the file does not say */
    char digest[65];
} gd_saved_model;

/* Loads it; gd_saved_model_free in any case. Returns an exit code, the error said. */
int gd_saved_model_load(const gd_means *means, const gd_arguments *arguments, const char *path, gd_saved_model *model);
void gd_saved_model_free(const gd_means *means, gd_saved_model *model);

/* Opens data as the model's schema says (flags: GRADUS_OPEN_*), the test set of a source that brings one. Without a schema they must be what the net
 * takes. Returns an exit code, the error said. */
int gd_saved_model_open(const gd_means *means, const gd_arguments *arguments, const gd_saved_model *model, const char *source, uint32_t flags,
                        gradus_dataset **set);

/* model_info.c: prints what a model takes and gives. */
int gd_model_info(const gd_arguments *arguments, const gd_means *means);

#endif
