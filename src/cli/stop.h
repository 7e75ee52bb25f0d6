/* Stopping on SIGINT and SIGTERM: the first one asks, the second one kills. */
#ifndef GD_CLI_STOP_H
#define GD_CLI_STOP_H

#include <gradus/context.h>

/* From now on a signal interrupts this context's work. NULL: no context any more. */
void gd_stop_watch(gradus_context *context);

/* The signal that has arrived, or 0; its name; the exit code that tells of it. */
int gd_stop_signal(void);
const char *gd_stop_name(int signal_number);
int gd_stop_exit_code(int signal_number);

#endif
