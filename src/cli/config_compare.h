/* Comparing two configurations, texts of "key = value" lines. */
#ifndef GD_CLI_CONFIG_COMPARE_H
#define GD_CLI_CONFIG_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a run of configuration `old` may go on as `now`: every key is in both with the same value, but epochs, which may grow. If not, *what says which
 * key differs and how. Comments and empty lines do not count, nor does the lines' order. */
bool gd_config_continues(const char *old, const char *now, char *what, size_t size);

#endif
