/* The command line's grammar: operands, --name=value, --name value. */
#include "cli/arguments.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config.h"
#include "cli/options.h"

int gd_complain(const gd_command *command, int exit_code, const char *what, const char *remedy) {
    fprintf(stderr, "gradus%s%s: %s\n", command != NULL ? " " : "", command != NULL ? command->name : "", what);
    if (remedy != NULL) fprintf(stderr, "%s\n", remedy);
    return exit_code;
}

/* The same for wrong usage, with the command's help as remedy. */
static bool refuse(const gd_command *command, const char *what, const char *suggestion) {
    char remedy[240];
    snprintf(remedy, sizeof remedy, "%sgradus %s --help lists the options", suggestion, command->name);
    gd_complain(command, GD_EXIT_USAGE, what, remedy);
    return false;
}

static bool refuse_unknown(const gd_command *command, const char *name, size_t length) {
    char word[80], what[120], suggestion[120];
    snprintf(word, sizeof word, "%.*s", length < sizeof word ? (int)length : (int)sizeof word - 1, name);
    snprintf(what, sizeof what, "unknown option --%s", word);
    gd_option_suggest(command, false, word, suggestion, sizeof suggestion);
    return refuse(command, what, suggestion);
}

static bool refuse_value(const gd_command *command, const gd_option *option, const char *value) {
    char what[240], values[100];
    gd_option_describe(option, values, sizeof values);
    snprintf(what, sizeof what, "--%s %.60s: expected %s", option->name, value, values);
    return refuse(command, what, "");
}

/* One option with its value, "--name=value" or "--name value"; *index is left on the last word used. */
static bool parse_option(const gd_command *command, int count, char *const *words, int *index, gd_arguments *arguments) {
    const char *name = words[*index] + 2;
    size_t length = strcspn(name, "=");
    const gd_option *option = gd_option_find(command, false, name, length);
    if (option == NULL) return refuse_unknown(command, name, length);
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (option->kind != GD_SWITCH && value == NULL) {
        if (*index + 1 >= count || strncmp(words[*index + 1], "--", 2) == 0) {
            char what[120];
            snprintf(what, sizeof what, "--%s needs a value: %s", option->name, option->value);
            return refuse(command, what, "");
        }
        value = words[++*index];
    }
    return gd_option_store(option, value, arguments) || refuse_value(command, option, value);
}

static bool parse_words(const gd_command *command, int count, char *const *words, gd_arguments *arguments) {
    int operands = 0;
    bool only_operands = false;
    for (int i = 0; i < count && !arguments->help; i++) {
        const char *word = words[i];
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && strcmp(word, "-h") == 0) {
            arguments->help = true;
        } else if (!only_operands && strncmp(word, "--", 2) == 0) {
            if (!parse_option(command, count, words, &i, arguments)) return false;
        } else if (operands < command->greatest_operands && (only_operands || word[0] != '-' || word[1] == 0)) {
            arguments->operands[operands++] = word;
        } else {
            char what[160];
            snprintf(what, sizeof what, "%.80s is one argument too many: expected%s%s and options", word,
                     command->greatest_operands > 0 ? " " : " nothing", command->operands);
            return refuse(command, what, "");
        }
    }
    return true;
}

static void reset(const gd_command *command, gd_arguments *arguments) {
    memset(arguments, 0, sizeof *arguments);
    arguments->command = command;
    gd_option_defaults(arguments);
}

static bool has_operands(const gd_arguments *arguments) {
    int least = arguments->command->least_operands;
    return least == 0 || arguments->operands[least - 1] != NULL;
}

/* --config; a run that goes on without any data named has its own. */
static bool find_config(const gd_arguments *arguments, char path[PATH_MAX]) {
    bool own = arguments->config == NULL && arguments->resume != NULL && !has_operands(arguments);
    const char *begin = own ? arguments->resume : arguments->config;
    return begin != NULL && snprintf(path, PATH_MAX, "%s%s", begin, own ? "/config" : "") < PATH_MAX;
}

/* The words are read twice where they name a file: first to find it, then again over what it says. */
bool gd_arguments_parse(const gd_command *command, int count, char *const *words, gd_arguments *arguments) {
    reset(command, arguments);
    if (!parse_words(command, count, words, arguments)) return false;
    if (arguments->help) return true;
    char path[PATH_MAX];
    if (find_config(arguments, path)) {
        reset(command, arguments);
        if (!gd_config_read(path, arguments) || !parse_words(command, count, words, arguments)) return false;
    }
    if (has_operands(arguments)) return true;
    char what[120];
    snprintf(what, sizeof what, "expected %s", command->operands);
    return refuse(command, what, "");
}

void gd_arguments_free(gd_arguments *arguments) {
    free(arguments->file);
    arguments->file = NULL;
}
