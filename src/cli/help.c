/* --help. */
#include "cli/help.h"

#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"

void gd_help_program(FILE *out) {
    fprintf(out, "usage: gradus COMMAND ...\nTrains dense nets on CPUs, with the same bits on every machine.\n\n"
                 "Train on a table, judge the result, predict the rows of another table:\n"
                 "  gradus train flowers.csv --test 0.25 --out run   learns the last column (--target NAME: another one)\n"
                 "  gradus eval run more-flowers.csv                 how good it is on other rows with known answers\n"
                 "  gradus predict run new.csv > answers.csv         a label and its probabilities, or numbers, for each row\n"
                 "\nCommands:\n");
    const gd_command *command;
    for (size_t i = 0; (command = gd_command_at(i)) != NULL; i++) {
        fprintf(out, "  %-10s %-11s %s\n", command->name, command->operands, command->summary);
    }
    fprintf(out, "  %-10s %-11s %s\n", "help", "[COMMAND]", "This text, or a command's options (also: gradus COMMAND --help).");
    fprintf(out, "  %-22s %s\n", "help --man", "The manual page: gradus help --man | man -l -");
    fprintf(out, "  %-22s %s\n", "--version", "The version of gradus and of its arithmetic.");
    fprintf(out, "\nDATA is a CSV, .npy or .npz file, a folder of IDX files such as MNIST, or digits, line, moons (built in; try them).\n"
                 "MODEL is the folder of --out, or a model.safetensors.\n");
    fprintf(out, "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 training diverged, 130 and 143 stopped by a signal.\n");
}

static void print_option(const gd_option *option, FILE *out) {
    char head[100];
    snprintf(head, sizeof head, "--%s%s%s", option->name, option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    fprintf(out, strlen(head) > 30 ? "  %s\n%33s" : "  %-30s%s", head, strlen(head) > 30 ? "" : " ");
    for (const char *c = option->help; *c != 0; c++) {
        if (*c == '\n') {
            fprintf(out, "\n%33s", "");
        } else {
            fputc(*c, out);
        }
    }
    if (option->standard != NULL) fprintf(out, " (default: %s)", option->standard);
    fputc('\n', out);
}

static void print_group(const gd_command *command, gd_option_group group, FILE *out) {
    const gd_option *option;
    bool empty = true;
    for (size_t i = 0; (option = gd_option_at(i)) != NULL; i++) {
        if (option->group != group || !gd_option_applies(option, command)) continue;
        if (empty) fprintf(out, "\n%s:\n", gd_option_heading(group));
        empty = false;
        print_option(option, out);
    }
}

void gd_help_command(const gd_command *command, FILE *out) {
    fprintf(out, "usage: gradus %s%s%s [options]\n%s\n", command->name, command->greatest_operands > 0 ? " " : "", command->operands,
            command->summary);
    for (gd_option_group group = 0; group < GD_GROUP_COUNT; group++) print_group(command, group, out);
    if (command->bit == GD_COMMAND_TRAIN) gd_help_train_notes(out);
}
