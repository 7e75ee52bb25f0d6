/* What the command line asks for. One table of options (cli/options.h) drives parsing, defaults, help, configuration files, completion and the man
 * page. */
#ifndef GD_CLI_ARGUMENTS_H
#define GD_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes; a run stopped by a signal ends with 128 + its number. */
enum { GD_EXIT_DONE = 0, GD_EXIT_FAILED = 1, GD_EXIT_USAGE = 2, GD_EXIT_DIVERGED = 3 };

typedef struct gd_command gd_command;

/* What was asked for, defaults filled in. */
typedef struct gd_arguments {
    const gd_command *command;
    const char *operands[2]; /* NULL: not given */
    /* Texts; NULL: not given, no default in the table. */
    const char *valid, *test, *target, *ignore, *categorical, *missing, *header, *normalize;
    const char *layers, *loss, *class_weights, *init, *optimizer, *schedule, *early_stop, *bias_decay;
    const char *out, *resume, *checkpoint_every, *config, *isa, *pin, *threads_from;
    uint64_t batch_size; /* 0: the whole set */
    uint64_t accumulate, epochs, seed;
    uint64_t max_steps, threads; /* 0: no limit; 0: the library's choice */
    double label_smoothing, stop_loss, dropout, input_dropout, l1, l2, clip_norm, clip_tensor_norm, clip_value;
    bool classify, overwrite, json, quiet, help;
    char *file; /* what --config holds; texts point into it */
} gd_arguments;

struct gd_command {
    const char *name, *operands, *summary;
    unsigned bit;                          /* GD_COMMAND_* */
    int least_operands, greatest_operands; /* how many there may be */
    int (*run)(const gd_arguments *arguments);
};

enum { GD_COMMAND_TRAIN = 1, GD_COMMAND_EVAL = 2, GD_COMMAND_PREDICT = 4, GD_COMMAND_INFO = 8, GD_COMMAND_COMPLETION = 16 };

/* Reads what follows the command's name, and the file that --config names before it; stops at --help. false: what is wrong has been said on stderr
 * (exit with GD_EXIT_USAGE). gd_arguments_free in any case. */
bool gd_arguments_parse(const gd_command *command, int count, char *const *words, gd_arguments *arguments);
void gd_arguments_free(gd_arguments *arguments);

/* An error in two lines on stderr: what is wrong, what to do. The first begins with "gradus COMMAND: ". `remedy` may be NULL. Returns `exit_code`. */
int gd_complain(const gd_command *command, int exit_code, const char *what, const char *remedy);

#endif
