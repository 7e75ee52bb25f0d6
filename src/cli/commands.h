/* The commands of the program. Each returns the exit code. */
#ifndef GD_CLI_COMMANDS_H
#define GD_CLI_COMMANDS_H

#include <stddef.h>

#include "cli/arguments.h"

/* The commands in help's order, NULL after the last. */
const gd_command *gd_command_at(size_t index);

int gd_command_train(const gd_arguments *arguments);
int gd_command_eval(const gd_arguments *arguments);
int gd_command_predict(const gd_arguments *arguments);
int gd_command_info(const gd_arguments *arguments);

#endif
