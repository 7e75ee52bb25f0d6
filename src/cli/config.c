/* Reading and writing configuration files. */
#include "cli/config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

enum { SIZE_LIMIT = 65536, OPTION_LIMIT = 64 };

typedef struct file_reader {
    const char *path;
    size_t line;
    size_t seen[OPTION_LIMIT]; /* the line that set the option */
    gd_arguments *arguments;
} file_reader;

static bool refuse(const file_reader *reader, const char *wrong, const char *remedy) {
    char what[PATH_MAX + 300];
    if (reader->line > 0) {
        snprintf(what, sizeof what, "%s:%zu: %s", reader->path, reader->line, wrong);
    } else {
        snprintf(what, sizeof what, "%s: %s", reader->path, wrong);
    }
    gd_complain(reader->arguments->command, GD_EXIT_USAGE, what, remedy);
    return false;
}

/* The whole file with a 0 behind it; it may be a pipe. */
static char *read_text(const file_reader *reader) {
    FILE *file = fopen(reader->path, "re");
    char *text = file != NULL ? malloc(SIZE_LIMIT + 1) : NULL;
    size_t size = text != NULL ? fread(text, 1, SIZE_LIMIT + 1, file) : 0;
    const char *wrong = file == NULL || text == NULL || ferror(file) ? strerror(errno)
                        : size > SIZE_LIMIT                          ? "a configuration file has at most 64 KiB"
                        : memchr(text, 0, size) != NULL              ? "not a text file"
                                                                     : NULL;
    if (file != NULL) fclose(file);
    if (wrong != NULL) {
        refuse(reader, wrong, "--config takes a text file of lines: key = value");
        free(text);
        return NULL;
    }
    text[size] = 0;
    return text;
}

static char *skip_blanks(char *text) { return text + strspn(text, " \t\r"); }

/* Ends the value at its comment or last character that is not blank; a quoted one loses quotes and escapes. false: the quotes are wrong. */
static bool end_value(char **value) {
    char *at = *value;
    if (*at != '"') {
        char *end = at;
        for (; *at != 0 && !(*at == '#' && (at == *value || at[-1] == ' ' || at[-1] == '\t')); at++) {
            if (strchr(" \t\r", *at) == NULL) end = at + 1;
        }
        *end = 0;
        return true;
    }
    char *to = *value = ++at;
    for (; *at != '"'; at++) {
        if (*at == '\\') at++;
        if (*at == 0) return false;
        *to++ = at[-1] == '\\' && *at == 'n' ? '\n' : *at;
    }
    at = skip_blanks(at + 1);
    *to = 0;
    return *at == 0 || *at == '#';
}

static bool refuse_key(const file_reader *reader, const char *key) {
    char wrong[160], remedy[300], suggestion[120];
    snprintf(wrong, sizeof wrong, "unknown key %.80s", key);
    gd_option_suggest(reader->arguments->command, true, key, suggestion, sizeof suggestion);
    snprintf(remedy, sizeof remedy, "%skeys are the options of gradus %s --help, without --", suggestion, reader->arguments->command->name);
    return refuse(reader, wrong, remedy);
}

static bool refuse_value(const file_reader *reader, const gd_option *option, const char *value) {
    char wrong[300], values[100];
    gd_option_describe(option, values, sizeof values);
    snprintf(wrong, sizeof wrong, "%s = %.60s: expected %s", option->name, value, values);
    return refuse(reader, wrong, NULL);
}

static size_t *line_of(file_reader *reader, const gd_option *option) { return &reader->seen[option - gd_option_at(0)]; }

static bool set(file_reader *reader, const char *key, const char *value) {
    const gd_option *option = gd_option_find(reader->arguments->command, true, key, strlen(key));
    if (option == NULL) return refuse_key(reader, key);
    if (*line_of(reader, option) != 0) {
        char wrong[120];
        snprintf(wrong, sizeof wrong, "%s is set already, in line %zu", option->name, *line_of(reader, option));
        return refuse(reader, wrong, "keep one of the two lines");
    }
    *line_of(reader, option) = reader->line;
    return gd_option_store(option, value, reader->arguments) || refuse_value(reader, option, value);
}

static bool read_line(file_reader *reader, char *line) {
    char *key = skip_blanks(line);
    if (*key == 0 || *key == '#') return true;
    size_t length = strcspn(key, "= \t\r");
    char *equals = skip_blanks(key + length), *value = *equals == '=' ? skip_blanks(equals + 1) : NULL;
    if (value == NULL || length == 0) return refuse(reader, "expected key = value", "for example: epochs = 20");
    key[length] = 0;
    if (!end_value(&value)) return refuse(reader, "a quoted value ends with the second quotation mark", "inside, write \\\" for a quotation mark");
    return set(reader, key, value);
}

bool gd_config_read(const char *path, gd_arguments *arguments) {
    file_reader reader = {.path = path, .arguments = arguments};
    arguments->file = read_text(&reader);
    if (arguments->file == NULL) return false;
    char *line = arguments->file;
    if (strncmp(line, "\xef\xbb\xbf", 3) == 0) line += 3; /* a byte order mark */
    while (line != NULL) {
        char *end = strchr(line, '\n');
        if (end != NULL) *end++ = 0;
        reader.line++;
        if (!read_line(&reader, line)) return false;
        line = end;
    }
    return true;
}

static bool needs_quotes(const char *value, size_t size) {
    if (size == 0 || strchr(" \t\"", value[0]) != NULL || strchr(" \t\r", value[size - 1]) != NULL) return true;
    return memchr(value, '#', size) != NULL || memchr(value, '\n', size) != NULL;
}

static void write_value(gd_writer *out, const char *value, size_t size) {
    if (!needs_quotes(value, size)) {
        gd_write_bytes(out, value, size);
        return;
    }
    gd_write_text(out, "\"");
    for (size_t i = 0; i < size; i++) {
        if (strchr("\"\\\n", value[i]) != NULL) gd_write_text(out, "\\");
        gd_write_bytes(out, value[i] == '\n' ? "n" : &value[i], 1);
    }
    gd_write_text(out, "\"");
}

void gd_config_write(const gd_arguments *arguments, gd_writer *out) {
    const gd_option *option;
    for (size_t i = 0; (option = gd_option_at(i)) != NULL; i++) {
        if ((option->commands & arguments->command->bit) == 0 || (option->file & GD_RECORDED) != GD_RECORDED) continue;
        gd_writer value = gd_writer_make(out->allocator);
        if (gd_option_print(option, arguments, &value)) {
            gd_write_text(out, option->name);
            gd_write_text(out, " = ");
            write_value(out, (const char *)value.data, value.size);
            gd_write_text(out, "\n");
        }
        out->failed = out->failed || value.failed;
        gd_writer_free(&value);
    }
}
