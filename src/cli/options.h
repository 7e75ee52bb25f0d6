/* The table of options: names, values, defaults, help. A new option is a row of options.c and a field of gd_arguments. */
#ifndef GD_CLI_OPTIONS_H
#define GD_CLI_OPTIONS_H

#include <stddef.h>

#include "base/io.h"
#include "cli/arguments.h"

typedef enum gd_option_kind { GD_TEXT, GD_PATH, GD_CHOICE, GD_COUNT, GD_COUNT_OR_FULL, GD_NUMBER, GD_SWITCH } gd_option_kind;

/* The headings of help, in its order. */
typedef enum gd_option_group {
    GD_GROUP_DATA,
    GD_GROUP_NET,
    GD_GROUP_TRAINING,
    GD_GROUP_REGULARISATION,
    GD_GROUP_RUN,
    GD_GROUP_OUTPUT,
    GD_GROUP_MACHINE,
    GD_GROUP_COUNT
} gd_option_group;

enum {
    GD_IN_FILE = 1,   /* may be set in a configuration file */
    GD_RECORDED = 3,  /* may be, and the result depends on it: a line of DIR/config */
    GD_FILE_ONLY = 7, /* an operand on the command line, an option in files only */
};

typedef struct gd_option {
    const char *name, *value; /* a choice's value is its list, joined by | */
    gd_option_group group;
    unsigned commands, file; /* GD_COMMAND_* bits; GD_IN_FILE and its kin, or 0 */
    gd_option_kind kind;
    size_t offset; /* of the field in gd_arguments */
    uint64_t least, greatest;
    const char *standard; /* the default, NULL where there is none */
    const char *help;
} gd_option;

/* The rows in the table's order, NULL after the last; a group's heading. */
const gd_option *gd_option_at(size_t index);
const char *gd_option_heading(gd_option_group group);

/* Whether it can be written on this command's line. */
bool gd_option_applies(const gd_option *option, const gd_command *command);

/* Finds a name, in which - and _ are the same. NULL: none of `command`'s (with `in_file`: none that its configuration files may set). */
const gd_option *gd_option_find(const gd_command *command, bool in_file, const char *name, size_t length);

/* "did you mean --epochs? " or, for names that other programs use, what to write here; empty if nothing is near. */
void gd_option_suggest(const gd_command *command, bool in_file, const char *name, char *text, size_t size);

/* Defaults into all fields; a value (NULL for a switch without one) into the option's field. false: it is not an allowed one. */
void gd_option_defaults(gd_arguments *arguments);
bool gd_option_store(const gd_option *option, const char *value, gd_arguments *arguments);

/* What a value may be, for messages: "a whole number from 1 to 256". */
void gd_option_describe(const gd_option *option, char *text, size_t size);

/* The value as it would be typed, without quoting; false if it is not set. */
bool gd_option_print(const gd_option *option, const gd_arguments *arguments, gd_writer *out);

#endif
