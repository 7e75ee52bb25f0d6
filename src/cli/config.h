/* Configuration files: lines of "key = value", keys as the options of gradus train without --, and "data". # begins a comment, at a line's start or
 * after a blank; a value with such characters is written in double quotes, in which \" \\ and \n stand for ", \ and a new line. */
#ifndef GD_CLI_CONFIG_H
#define GD_CLI_CONFIG_H

#include "base/io.h"
#include "cli/arguments.h"

/* Reads the file at `path` (at most 64 KiB) over the arguments, whose texts then point into arguments->file. false: what is wrong has been said. */
bool gd_config_read(const char *path, gd_arguments *arguments);

/* Appends every option that a run's result depends on, in the same grammar: read again, they give the same run. */
void gd_config_write(const gd_arguments *arguments, gd_writer *out);

#endif
