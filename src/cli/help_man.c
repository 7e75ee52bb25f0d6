/* The manual page. A line of text that begins with . or ' would be a request, a backslash an escape, a plain - a hyphen: each is written so that it
 * is not. */
#include <string.h>

#include <gradus/status.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/options.h"

static void print_text(FILE *out, const char *text) {
    bool line_begins = true;
    for (; *text != 0; text++) {
        if (line_begins && (*text == '.' || *text == '\'')) fputs("\\&", out);
        if (*text == '\\') {
            fputs("\\e", out);
        } else if (*text == '-') {
            fputs("\\-", out);
        } else {
            fputc(*text, out);
        }
        line_begins = *text == '\n';
    }
}

/* .TP's head, a requests's own line: words in bold, values in italics. */
static void print_head(FILE *out, const char *before, const char *word, const char *value) {
    fprintf(out, ".TP\n\\fB");
    print_text(out, before);
    print_text(out, word);
    fprintf(out, "\\fR \\fI");
    print_text(out, value);
    fprintf(out, "\\fR\n");
}

static void print_options(FILE *out, gd_option_group group) {
    const gd_option *option;
    const gd_command *command;
    fprintf(out, ".SS %s\n", gd_option_heading(group));
    for (size_t i = 0; (option = gd_option_at(i)) != NULL; i++) {
        if (option->group != group || option->file == GD_FILE_ONLY) continue;
        print_head(out, "--", option->name, option->value != NULL ? option->value : "");
        print_text(out, option->help);
        if (option->standard != NULL) {
            fprintf(out, " (default: ");
            print_text(out, option->standard);
            fprintf(out, ")");
        }
        const char *before = "\n.br\nOf ";
        for (size_t c = 0; (command = gd_command_at(c)) != NULL; c++) {
            if (!gd_option_applies(option, command)) continue;
            fprintf(out, "%s%s", before, command->name);
            before = ", ";
        }
        fprintf(out, ".\n");
    }
}

void gd_help_man(FILE *out) {
    const gd_command *command;
    fprintf(out, ".TH GRADUS 1 \"\" \"gradus %s\" \"User commands\"\n.SH NAME\ngradus \\- train dense nets on CPUs, with the same bits everywhere\n",
            gradus_version());
    fprintf(out, ".SH SYNOPSIS\n.B gradus\n.I command\n[\\fIoperands\\fR] [\\fIoptions\\fR]\n.SH COMMANDS\n");
    for (size_t i = 0; (command = gd_command_at(i)) != NULL; i++) {
        print_head(out, "", command->name, command->operands);
        print_text(out, command->summary);
        fprintf(out, "\n");
    }
    print_head(out, "", "help", "[COMMAND]");
    fprintf(out, "A command's options, its data and optimizers.\n.SH OPTIONS\n");
    fprintf(out, "Written \\fB\\-\\-name value\\fR or \\fB\\-\\-name=value\\fR; after \\fB\\-\\-\\fR everything is an operand.\n");
    for (gd_option_group group = 0; group < GD_GROUP_COUNT; group++) print_options(out, group);
    fprintf(out, ".SH EXIT STATUS\n0: done; 1: failed; 2: wrong usage; 3: training diverged; 130, 143: stopped by SIGINT, SIGTERM.\n");
}
