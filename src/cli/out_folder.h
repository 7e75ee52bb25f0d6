/* The folder that --out names: locked while a run writes there, guarded against a second run. */
#ifndef GD_CLI_OUT_FOLDER_H
#define GD_CLI_OUT_FOLDER_H

#include <limits.h>

#include <gradus/train.h>

#include "cli/means.h"

typedef struct gd_out_folder {
    const char *path; /* NULL: no --out, and nothing below does anything */
    int lock;
    FILE *history;
    char model[PATH_MAX], history_path[PATH_MAX];
} gd_out_folder;

/* Makes and locks the folder, refuses one that holds a run unless --overwrite, writes `config` and begins history.csv. Returns an exit code, the
 * error
 * said. */
int gd_out_folder_open(const gd_means *means, const gd_arguments *arguments, const char *config, gd_out_folder *folder);

/* A line of history.csv: Keras' CSVLogger's columns, epochs counted from 0 as there. The first one writes their names. */
void gd_out_folder_epoch(gd_out_folder *folder, const gradus_progress *progress);

/* Ends history.csv. false: it could not be written (said). */
bool gd_out_folder_end_history(const gd_arguments *arguments, gd_out_folder *folder);

/* Gives the lock back. */
void gd_out_folder_close(gd_out_folder *folder);

#endif
