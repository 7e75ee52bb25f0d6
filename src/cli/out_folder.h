/* The folder that --out or --resume names: locked while a run writes there, guarded against a second run. */
#ifndef GD_CLI_OUT_FOLDER_H
#define GD_CLI_OUT_FOLDER_H

#include <limits.h>

#include "cli/means.h"

typedef struct gd_out_folder {
    const char *path; /* NULL: neither --out nor --resume, and nothing below does anything */
    int lock;
    FILE *history;
    char model[PATH_MAX], history_path[PATH_MAX], config_path[PATH_MAX];
} gd_out_folder;

/* Makes and locks the folder; refuses one that holds a run unless it is to be overwritten or gone on with. Returns an exit code, the error said. */
int gd_out_folder_open(const gd_arguments *arguments, gd_out_folder *folder);

/* Writes `config` and begins history.csv behind its first `epochs` epochs. Returns an exit code, the error said. */
int gd_out_folder_begin(const gd_means *means, const gd_arguments *arguments, const char *config, uint64_t epochs, gd_out_folder *folder);

/* Ends history.csv. false: it could not be written (said). */
bool gd_out_folder_end_history(const gd_arguments *arguments, gd_out_folder *folder);

/* Gives the lock back. */
void gd_out_folder_close(gd_out_folder *folder);

#endif
