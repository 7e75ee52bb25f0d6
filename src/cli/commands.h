/* The commands of the program. Each returns the exit code. */
#ifndef GD_CLI_COMMANDS_H
#define GD_CLI_COMMANDS_H

#include "cli/arguments.h"

int gd_command_train(const gd_arguments *arguments);
int gd_command_eval(const gd_arguments *arguments);
int gd_command_info(const gd_arguments *arguments);

#endif
