/* Lists of columns, "price" or "4,5", in a config. */
#include <stdint.h>
#include <string.h>

#include "base/context.h"
#include "data/table.h"
#include "format/utf8.h"

static bool same(const char *name, const char *text, size_t n) { return strlen(name) == n && memcmp(name, text, n) == 0; }

/* The columns of that name, and the first of them. */
static size_t count_named(const gradus_schema *schema, const char *text, size_t n, size_t *first) {
    size_t count = 0;
    for (size_t i = 0; i < gd_names_count(&schema->names); i++) {
        if (!same(gd_schema_column_name(schema, i), text, n)) continue;
        if (count++ == 0) *first = i;
    }
    return count;
}

/* A number from 1; 0: it is none, or too large for any column. */
static size_t read_number(const char *text, size_t n) {
    size_t number = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9' || number > GD_MOST_COLUMNS) return 0;
        number = number * 10 + (size_t)(text[i] - '0');
    }
    return number;
}

static void trim(const char **text, size_t *n) {
    while (*n > 0 && **text == ' ') ++*text, --*n;
    while (*n > 0 && (*text)[*n - 1] == ' ') --*n;
}

static gradus_status refuse(gradus_context *context, const char *where, const char *option, const char *text, size_t n, const gradus_schema *schema,
                            size_t named) {
    char name[64] = "", known[160] = "", whole[64];
    for (size_t i = 0; i + 1 < sizeof whole && i < n; i++) whole[i] = text[i], whole[i + 1] = 0;
    if (n > 0) gd_copy_printable(name, sizeof name, whole);
    if (named > 1)
        return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %s: %zu columns are called '%s': give its number, 1 to %zu", where, option, named, name,
                       schema->column_count);
    for (size_t i = 0; i < gd_names_count(&schema->names) && schema->named && strlen(known) + 40 < sizeof known; i++) {
        strcat(known, i == 0 ? ", or a name such as " : ", ");
        gd_copy_printable(known + strlen(known), 24, gd_schema_column_name(schema, i));
    }
    return gd_fail(context, GRADUS_INVALID_ARGUMENT, "%s: %s: there is no column '%s'; columns are 1 to %zu%s", where, option, name,
                   schema->column_count, known);
}

static gradus_status choose(gradus_context *context, const char *where, const char *option, const char *text, size_t n, const gradus_schema *schema,
                            bool *chosen) {
    size_t column = 0;
    const size_t named = count_named(schema, text, n, &column), number = read_number(text, n);
    if (named == 0 && number >= 1 && number <= schema->column_count)
        column = number - 1;
    else if (named != 1)
        return refuse(context, where, option, text, n, schema, named);
    chosen[column] = true;
    return GRADUS_OK;
}

gradus_status gd_choose_columns(gradus_context *context, const char *where, const char *option, const char *list, const gradus_schema *schema,
                                bool *chosen) {
    size_t column = 0;
    if (!list || !*list) return GRADUS_OK;
    if (count_named(schema, list, strlen(list), &column) == 1) {
        chosen[column] = true;
        return GRADUS_OK;
    }
    for (const char *at = list;; at++) {
        const size_t length = strcspn(at, ",");
        size_t n = length;
        const char *text = at;
        trim(&text, &n);
        gradus_status status = choose(context, where, option, text, n, schema, chosen);
        at += length;
        if (status || !*at) return status;
    }
}
