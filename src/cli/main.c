/* gradus: the program. This file finds the command; each command is a file of its own. */
#include <stdio.h>
#include <string.h>

#include <gradus/status.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/nearest.h"

static const gd_command commands[] = {
    {"train", "DATA", "Trains a dense net on DATA and reports how good it is.", GD_COMMAND_TRAIN, 1, gd_command_train},
    {"eval", "MODEL DATA", "Loss, accuracy and F1 of a saved MODEL on DATA's test set (its only set, if it brings none).", GD_COMMAND_EVAL, 2,
     gd_command_eval},
    {"info", "", "What gradus found on this machine, what it chose and why.", GD_COMMAND_INFO, 0, gd_command_info},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const gd_command *find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    }
    return NULL;
}

static void print_help(FILE *out) {
    fprintf(out, "usage: gradus COMMAND ...\nTrains dense nets on CPUs, with the same bits on every machine.\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) fprintf(out, "  %-6s %-11s %s\n", commands[i].name, commands[i].operands, commands[i].summary);
    fprintf(out, "  %-6s %-11s %s\n", "help", "[COMMAND]", "This text, or a command's options (also: gradus COMMAND --help).");
    fprintf(out, "  %-18s %s\n", "--version", "The version of gradus and of its arithmetic.");
    fprintf(out, "\nExample:\n  gradus train digits\n");
    fprintf(out, "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 training diverged, 130 and 143 stopped by a signal.\n");
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
    if (word != NULL && command == NULL) return refuse_command(word);
    if (command != NULL) {
        gd_arguments_help(command, stdout);
    } else {
        print_help(stdout);
    }
    return GD_EXIT_DONE;
}

static int run(int count, char *const *words) {
    const char *word = count > 1 ? words[1] : NULL;
    if (word == NULL) {
        print_help(stderr);
        return GD_EXIT_USAGE;
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return help(count > 2 ? words[2] : NULL);
    if (strcmp(word, "--version") == 0) {
        printf("gradus %s (%s)\n", gradus_version(), gradus_numerics_version());
        return GD_EXIT_DONE;
    }
    const gd_command *command = find_command(word);
    if (command == NULL) return refuse_command(word);
    gd_arguments arguments;
    if (!gd_arguments_parse(command, count - 2, words + 2, &arguments)) return GD_EXIT_USAGE;
    return arguments.help ? help(command->name) : command->run(&arguments);
}

int main(int count, char **words) {
    int code = run(count, words);
    if (fflush(stdout) != 0 || ferror(stdout)) return gd_complain(NULL, GD_EXIT_FAILED, "cannot write to standard output", NULL);
    return code;
}
