/* gradus: the program. This file finds the command; each command is a file of its own. */
#include <stdio.h>
#include <string.h>

#include <gradus/status.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/nearest.h"

static int print_completion(const gd_arguments *arguments) {
    char what[120];
    if (gd_help_completion(arguments->operands[0], stdout)) return GD_EXIT_DONE;
    snprintf(what, sizeof what, "%.60s: no such shell", arguments->operands[0]);
    return gd_complain(arguments->command, GD_EXIT_USAGE, what, "there are bash, zsh and fish");
}

static const gd_command commands[] = {
    {"train", "DATA", "Trains a dense net on DATA and reports how good it is.", GD_COMMAND_TRAIN, 1, 1, gd_command_train},
    {"eval", "MODEL DATA", "How good a saved MODEL is on DATA, or on the test set that DATA brings.", GD_COMMAND_EVAL, 2, 2, gd_command_eval},
    {"predict", "MODEL DATA", "Answers for the rows of DATA, as CSV on standard output; - reads rows from standard input.", GD_COMMAND_PREDICT, 2, 2,
     gd_command_predict},
    {"info", "[MODEL]", "What a saved MODEL takes and gives; without one, what gradus found on this machine.", GD_COMMAND_INFO, 0, 1,
     gd_command_info},
    {"completion", "SHELL", "A script that completes gradus's words in bash, zsh or fish.", GD_COMMAND_COMPLETION, 1, 1, print_completion},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

const gd_command *gd_command_at(size_t index) { return index < COMMAND_COUNT ? &commands[index] : NULL; }

static const gd_command *find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    }
    return NULL;
}

static int refuse_command(const char *word) {
    char what[120], remedy[200];
    gd_nearest nearest = gd_nearest_begin(word);
    for (size_t i = 0; i < COMMAND_COUNT; i++) gd_nearest_offer(&nearest, commands[i].name);
    gd_nearest_offer(&nearest, "help");
    snprintf(what, sizeof what, "unknown command %.60s", word);
    snprintf(remedy, sizeof remedy, "%s%s%sgradus help lists the commands", nearest.best != NULL ? "did you mean " : "",
             nearest.best != NULL ? nearest.best : "", nearest.best != NULL ? "? " : "");
    return gd_complain(NULL, GD_EXIT_USAGE, what, remedy);
}

static int help(const char *word) {
    const gd_command *command = word != NULL ? find_command(word) : NULL;
    if (word != NULL && strcmp(word, "--man") == 0) {
        gd_help_man(stdout);
    } else if (word != NULL && command == NULL) {
        return refuse_command(word);
    } else if (command != NULL) {
        gd_help_command(command, stdout);
    } else {
        gd_help_program(stdout);
    }
    return GD_EXIT_DONE;
}

static int run_command(const gd_command *command, int count, char *const *words) {
    gd_arguments arguments;
    int code = GD_EXIT_USAGE;
    if (gd_arguments_parse(command, count, words, &arguments)) code = arguments.help ? help(command->name) : command->run(&arguments);
    gd_arguments_free(&arguments);
    return code;
}

static int run(int count, char *const *words) {
    const char *word = count > 1 ? words[1] : NULL;
    if (word == NULL) {
        gd_help_program(stderr);
        return GD_EXIT_USAGE;
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return help(count > 2 ? words[2] : NULL);
    if (strcmp(word, "--version") == 0) {
        printf("gradus %s (%s)\n", gradus_version(), gradus_numerics_version());
        return GD_EXIT_DONE;
    }
    const gd_command *command = find_command(word);
    return command != NULL ? run_command(command, count - 2, words + 2) : refuse_command(word);
}

int main(int count, char **words) {
    int code = run(count, words);
    if (fflush(stdout) != 0 || ferror(stdout)) return gd_complain(NULL, GD_EXIT_FAILED, "cannot write to standard output", NULL);
    return code;
}
