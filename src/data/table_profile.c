/* Reading a table and looking at its columns: how many numbers, texts, gaps; whether its first row names them. */
#include <string.h>

#include "base/context.h"
#include "data/table.h"

static void count_value(gd_profile *profile, gd_value value, size_t row) {
    const bool odd = value == GD_VALUE_TEXT || value == GD_VALUE_INFINITE;
    if (odd && (row == 0 || profile->texts + profile->infinite == 0)) profile->odd_row = row;
    profile->numbers += gd_value_is_number(value);
    profile->points += value == GD_VALUE_POINT;
    profile->commas += value == GD_VALUE_COMMA;
    profile->infinite += value == GD_VALUE_INFINITE;
    profile->texts += value == GD_VALUE_TEXT;
}

static void profile_rows(gd_table *table) {
    const char *field = table->csv.text;
    float number;
    for (size_t row = 0; row < table->csv.rows; row++)
        for (size_t column = 0; column < table->csv.columns; column++, field = gd_csv_next(field)) {
            const gd_value value = gd_value_of(field, table->commas, &number);
            if (row == 0)
                table->profiles[column].first = value;
            else
                count_value(&table->profiles[column], value, row);
        }
}

static bool all_text(const gd_table *table) {
    for (size_t i = 0; i < table->csv.columns; i++)
        if (table->profiles[i].first != GD_VALUE_TEXT || table->profiles[i].numbers > 0) return false;
    return true;
}

static void find_recurring(gd_table *table) {
    const char *field = table->csv.text;
    for (size_t i = 0; i < table->csv.columns; i++) field = gd_csv_next(field);
    for (size_t row = 1; row < table->csv.rows; row++) {
        const char *first = table->csv.text;
        for (size_t column = 0; column < table->csv.columns; column++, field = gd_csv_next(field), first = gd_csv_next(first))
            if (strcmp(field, first) == 0) table->profiles[column].first_recurs = true;
    }
}

bool gd_table_has_header(const gd_table *table) {
    bool below = false, recurs = false, all = all_text(table);
    for (size_t i = 0; i < table->csv.columns; i++) {
        const gd_profile *profile = &table->profiles[i];
        if (gd_value_is_number(profile->first)) return false;
        below = below || (profile->first == GD_VALUE_TEXT && profile->numbers > 0 && profile->texts == 0);
        recurs = recurs || profile->first_recurs;
    }
    if (table->csv.rows == 1) return all;
    return below || (all && !recurs && table->csv.rows > 3);
}

void gd_table_set_header(gd_table *table, bool header) {
    table->header = header;
    for (size_t i = 0; i < table->csv.columns && !header; i++) count_value(&table->profiles[i], table->profiles[i].first, 0);
}

gradus_status gd_table_read(gradus_context *context, const char *source, char delimiter, gradus_header header, gd_table *table) {
    void *memory = NULL;
    *table = (gd_table){.header = header == GRADUS_HEADER_YES};
    gradus_status status = gd_csv_read(context, source, delimiter, &table->csv);
    if (status) return status;
    status = gd_context_allocate(context, table->csv.columns * sizeof *table->profiles, source, &memory);
    if (status) {
        gd_table_free(table);
        return status;
    }
    memset(memory, 0, table->csv.columns * sizeof *table->profiles);
    table->profiles = memory;
    table->commas = table->csv.delimiter != ',';
    profile_rows(table);
    if (all_text(table)) find_recurring(table);
    if (header != GRADUS_HEADER_UNSET) gd_table_set_header(table, header == GRADUS_HEADER_AUTO ? gd_table_has_header(table) : table->header);
    return GRADUS_OK;
}

void gd_table_free(gd_table *table) {
    gd_release(&table->csv.allocator, table->profiles, table->csv.columns * sizeof *table->profiles);
    gd_csv_free(&table->csv);
}

const char *gd_table_begin(const gd_table *table) {
    const char *field = table->csv.text;
    for (size_t i = 0; i < table->csv.columns && table->header; i++) field = gd_csv_next(field);
    return field;
}
