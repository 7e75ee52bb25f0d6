/* Completion scripts. Values that are files are left to the shell. */
#include <string.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/options.h"

/* The help's first line without the characters that shells' quotes would have to escape. */
static void print_summary(FILE *out, const char *text) {
    for (; *text != 0 && *text != '\n'; text++) {
        if (strchr("'\"[]\\:`$", *text) == NULL) fputc(*text, out);
    }
}

/* A choice's values with blanks between them. */
static void print_choices(FILE *out, const char *list) {
    for (; *list != 0; list++) fputc(*list == '|' ? ' ' : *list, out);
}

static void print_commands(FILE *out) {
    const gd_command *command;
    for (size_t i = 0; (command = gd_command_at(i)) != NULL; i++) fprintf(out, "%s ", command->name);
    fprintf(out, "help");
}

static void bash(FILE *out) {
    const gd_command *command;
    const gd_option *option;
    fprintf(out, "# bash completion of gradus: source <(gradus completion bash)\n"
                 "_gradus() {\n"
                 "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
                 "    COMPREPLY=()\n"
                 "    if [ \"$COMP_CWORD\" = 1 ]; then words='");
    print_commands(out);
    fprintf(out, " --help --version'\n    else case $before in\n");
    for (size_t i = 0; (option = gd_option_at(i)) != NULL; i++) {
        if (option->value == NULL || option->file == GD_FILE_ONLY) continue;
        fprintf(out, "        --%s) ", option->name);
        if (option->kind == GD_CHOICE) {
            fprintf(out, "words='");
            print_choices(out, option->value);
            fprintf(out, "' ;;\n");
        } else {
            fprintf(out, "%s ;;\n", option->kind == GD_PATH ? "COMPREPLY=($(compgen -f -- \"$word\")); return" : "return");
        }
    }
    fprintf(out, "        *) case $word,${COMP_WORDS[1]} in\n");
    for (size_t c = 0; (command = gd_command_at(c)) != NULL; c++) {
        fprintf(out, "            -*,%s) words='", command->name);
        for (size_t i = 0; (option = gd_option_at(i)) != NULL; i++) {
            if (gd_option_applies(option, command)) fprintf(out, "--%s ", option->name);
        }
        fprintf(out, "' ;;\n");
    }
    fprintf(out, "            *,completion) words='bash zsh fish' ;;\n            *,help) words='");
    print_commands(out);
    fprintf(out, "' ;;\n            *) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n        esac ;;\n    esac; fi\n"
                 "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -o filenames -F _gradus gradus\n");
}

static void zsh(FILE *out) {
    const gd_command *command;
    const gd_option *option;
    fprintf(out,
            "#compdef gradus\n# zsh completion of gradus: gradus completion zsh > a folder of $fpath/_gradus\n_gradus() {\n    local -a commands\n"
            "    if (( CURRENT == 2 )); then\n        commands=(\n");
    for (size_t c = 0; (command = gd_command_at(c)) != NULL; c++) {
        fprintf(out, "            '%s:", command->name);
        print_summary(out, command->summary);
        fprintf(out, "'\n");
    }
    fprintf(out, "        )\n        _describe command commands\n        return\n    fi\n"
                 "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command in\n");
    for (size_t c = 0; (command = gd_command_at(c)) != NULL; c++) {
        fprintf(out, "        %s) _arguments \\\n", command->name);
        for (size_t i = 0; (option = gd_option_at(i)) != NULL; i++) {
            if (!gd_option_applies(option, command)) continue;
            fprintf(out, "            '--%s[", option->name);
            print_summary(out, option->help);
            fprintf(out, "]");
            if (option->kind == GD_CHOICE) {
                fprintf(out, ":%s:(", option->name);
                print_choices(out, option->value);
                fprintf(out, ")");
            } else if (option->value != NULL) {
                fprintf(out, ":%s:%s", option->name, option->kind == GD_PATH ? "_files" : "");
            }
            fprintf(out, "' \\\n");
        }
        fprintf(out, "            '*:operand:%s' ;;\n", command->bit == GD_COMMAND_COMPLETION ? "(bash zsh fish)" : "_files");
    }
    fprintf(out, "    esac\n}\ncompdef _gradus gradus\n[ \"$funcstack[1]\" != _gradus ] || _gradus\n");
}

static void fish(FILE *out) {
    const gd_command *command;
    const gd_option *option;
    fprintf(out, "# fish completion of gradus: gradus completion fish > ~/.config/fish/completions/gradus.fish\n");
    for (size_t c = 0; (command = gd_command_at(c)) != NULL; c++) {
        fprintf(out, "complete -c gradus -n __fish_use_subcommand -f -a %s -d '", command->name);
        print_summary(out, command->summary);
        fprintf(out, "'\n");
        for (size_t i = 0; (option = gd_option_at(i)) != NULL; i++) {
            if (!gd_option_applies(option, command)) continue;
            fprintf(out, "complete -c gradus -n '__fish_seen_subcommand_from %s' -l %s -d '", command->name, option->name);
            print_summary(out, option->help);
            fprintf(out, "'%s", option->value == NULL ? "" : option->kind == GD_PATH ? " -r" : " -x");
            if (option->kind == GD_CHOICE) {
                fprintf(out, " -a '");
                print_choices(out, option->value);
                fprintf(out, "'");
            }
            fprintf(out, "\n");
        }
    }
    fprintf(out, "complete -c gradus -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n");
}

bool gd_help_completion(const char *shell, FILE *out) {
    static const struct {
        const char *name;
        void (*print)(FILE *out);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, shell) != 0) continue;
        shells[i].print(out);
        return true;
    }
    return false;
}
