/* history.csv: a line an epoch, Keras' CSVLogger's columns, epochs counted from 0 as there. */
#ifndef GD_CLI_HISTORY_H
#define GD_CLI_HISTORY_H

#include <stdbool.h>
#include <stdio.h>

#include <gradus/train.h>

/* Opens the file to write behind its first `epochs` epochs; what it has of later ones is gone. NULL: errno says why. */
FILE *gd_history_open(const char *path, uint64_t epochs);

/* A line; the first one of a file writes the columns' names. The penalty on the weights is part of the losses, as Keras has it. FILE may be NULL. */
void gd_history_write(FILE *history, const gradus_progress *progress, double penalty);

#endif
