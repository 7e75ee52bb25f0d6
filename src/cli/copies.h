/* Whether this process is one of several copies that an MPI launcher started. */
#ifndef GD_CLI_COPIES_H
#define GD_CLI_COPIES_H

/* NULL, or the name of the launcher's variable that says so. */
const char *gd_copies_variable(void);

#endif
