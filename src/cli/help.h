/* Texts made from the tables of commands and options. */
#ifndef GD_CLI_HELP_H
#define GD_CLI_HELP_H

#include "cli/arguments.h"

/* The program's help: how to begin, what there is. */
void gd_help_program(FILE *out);

/* A command's help: its options with their defaults. */
void gd_help_command(const gd_command *command, FILE *out);

/* help_notes.c: what stands behind the options of train: data, activations, losses, initial weights, optimizers, schedules. */
void gd_help_train_notes(FILE *out);

/* The manual page, in the man macros of roff. */
void gd_help_man(FILE *out);

/* A completion script for bash, zsh or fish. false: no such shell. */
bool gd_help_completion(const char *shell, FILE *out);

#endif
