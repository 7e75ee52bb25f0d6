/* What the parts of `gradus predict` share: the answers as CSV, and rows that come through a pipe. */
#ifndef GD_CLI_PREDICT_H
#define GD_CLI_PREDICT_H

#include "cli/saved_model.h"

typedef struct gd_prediction {
    gd_means means;
    const gd_arguments *arguments;
    gd_saved_model model;
    bool begun;    /* the header is written */
    float *values; /* room for a piece's outputs */
    size_t size;
} gd_prediction;

/* predict_write.c: the answers for all samples of a set, behind the header if nothing was written before: a line a sample, its label and each class's
 * probability, or the numbers of its targets. The output is flushed. Returns an exit code, the error said. */
int gd_predict_write(gd_prediction *prediction, const gradus_dataset *set);

/* predict_stream.c: answers rows of standard input as they come. A row that cannot be read ends it, after the answers to those before. */
int gd_predict_stream(gd_prediction *prediction);

#endif
