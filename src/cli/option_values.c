/* Values of options: text to field and back. */
#include <inttypes.h>
#include <string.h>

#include "base/number.h"
#include "cli/options.h"
#include "format/json.h"

void gd_option_describe(const gd_option *option, char *text, size_t size) {
    bool number = option->kind == GD_NUMBER;
    if (option->kind == GD_SWITCH) {
        snprintf(text, size, "yes or no");
    } else if (number && option->greatest == UINT64_MAX) {
        snprintf(text, size, "a number of at least %" PRIu64, option->least);
    } else if (number || option->kind == GD_COUNT || option->kind == GD_COUNT_OR_FULL) {
        snprintf(text, size, "a %snumber from %" PRIu64 " to %" PRIu64 "%s", number ? "" : "whole ", option->least, option->greatest,
                 option->kind == GD_COUNT_OR_FULL ? ", or full" : "");
    } else {
        snprintf(text, size, "%s", option->value);
    }
}

static bool parse_count(const char *text, uint64_t least, uint64_t greatest, uint64_t *value) {
    uint64_t number = 0;
    if (*text == 0) return false;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9') return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (number > (UINT64_MAX - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *value = number;
    return number >= least && number <= greatest;
}

static bool parse_number(const char *text, uint64_t least, uint64_t greatest, double *value) {
    return gd_parse_double(text, strlen(text), value) && *value >= (double)least && *value <= (double)greatest;
}

static bool parse_switch(const char *text, bool *value) {
    *value = text == NULL || strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
    return *value || strcmp(text, "no") == 0 || strcmp(text, "false") == 0;
}

/* Whether `word` is one of the parts of `list`. */
static bool is_choice(const char *list, const char *word) {
    size_t length = strlen(word);
    for (;;) {
        size_t part = strcspn(list, "|");
        if (part == length && memcmp(list, word, length) == 0) return true;
        if (list[part] == 0) return false;
        list += part + 1;
    }
}

bool gd_option_store(const gd_option *option, const char *value, gd_arguments *arguments) {
    void *field = (char *)arguments + option->offset;
    switch (option->kind) {
    case GD_SWITCH:
        return parse_switch(value, field);
    case GD_COUNT_OR_FULL:
        if (strcmp(value, "full") == 0) {
            *(uint64_t *)field = 0;
            return true;
        }
        return parse_count(value, option->least, option->greatest, field);
    case GD_COUNT:
        return parse_count(value, option->least, option->greatest, field);
    case GD_NUMBER:
        return parse_number(value, option->least, option->greatest, field);
    case GD_CHOICE:
        *(const char **)field = value;
        return is_choice(option->value, value);
    case GD_TEXT:
    case GD_PATH:
        *(const char **)field = value;
        return value[0] != 0;
    }
    return false;
}

void gd_option_defaults(gd_arguments *arguments) {
    const gd_option *option;
    for (size_t i = 0; (option = gd_option_at(i)) != NULL; i++) {
        if (option->standard != NULL) (void)gd_option_store(option, option->standard, arguments);
    }
}

bool gd_option_print(const gd_option *option, const gd_arguments *arguments, gd_writer *out) {
    const void *field = (const char *)arguments + option->offset;
    char text[32];
    switch (option->kind) {
    case GD_SWITCH:
        gd_write_text(out, *(const bool *)field ? "yes" : "no");
        return true;
    case GD_COUNT:
    case GD_COUNT_OR_FULL: {
        uint64_t count = *(const uint64_t *)field;
        if (count < option->least && option->kind == GD_COUNT) return false; /* not given */
        snprintf(text, sizeof text, "%" PRIu64, count);
        gd_write_text(out, count < option->least ? "full" : text);
        return true;
    }
    case GD_NUMBER:
        gd_json_print_number(text, *(const double *)field);
        gd_write_text(out, text);
        return true;
    default:
        if (*(const char *const *)field == NULL) return false;
        gd_write_text(out, *(const char *const *)field);
        return true;
    }
}
