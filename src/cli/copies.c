/* The variables by which launchers tell a process how many of it there are. This build has no MPI: N copies would be N whole runs. */
#include "cli/copies.h"

#include <stddef.h>
#include <stdlib.h>

static int above_one(const char *variable) {
    const char *text = getenv(variable);
    return text != NULL && strtol(text, NULL, 10) > 1;
}

const char *gd_copies_variable(void) {
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"}; /* Open MPI; MPICH and its kin; MVAPICH */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (above_one(sizes[i])) return sizes[i];
    }
    /* Slurm sets SLURM_NTASKS in a batch script, too; only a step that srun started has a number of its own. */
    if (getenv("SLURM_STEP_ID") == NULL) return NULL;
    if (above_one("SLURM_STEP_NUM_TASKS")) return "SLURM_STEP_NUM_TASKS";
    return getenv("SLURM_STEP_NUM_TASKS") == NULL && above_one("SLURM_NTASKS") ? "SLURM_NTASKS" : NULL;
}
