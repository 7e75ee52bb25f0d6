/* Tables as people have them: what is read from good ones, and the message each kind of bad one gets. */
#include <errno.h>
#include <fenv.h>
#include <zlib.h>

#include "tables.h"

Test(csv, a_plain_table_is_inputs_and_a_last_target) {
    place p;
    arrive(&p);
    errno = 77;
    opens(&p, "1,2,3\n4,5.5,-6e1\n");
    cr_expect_eq(errno, 77);
    const gradus_schema *schema = gradus_dataset_schema(p.train);
    cr_expect(gradus_dataset_samples(p.train) == 2 && gradus_dataset_inputs(p.train).columns == 2 && !p.test);
    cr_expect(gradus_dataset_inputs(p.train).dtype == GRADUS_DTYPE_F32 && gradus_dataset_targets(p.train).columns == 1);
    cr_expect(gradus_schema_task(schema) == GRADUS_TASK_REGRESSION && gradus_dataset_classes(p.train) == 0 && gradus_dataset_height(p.train) == 0);
    cr_expect(input(p.train, 0, 0) == 1.0f && input(p.train, 1, 1) == 5.5f && target(p.train, 0) == 3.0 && target(p.train, 1) == -60.0);
    cr_expect_str_eq(gradus_schema_feature_name(schema, 1), "column 2");
    cr_expect_str_eq(gradus_schema_target_name(schema, 0), "column 3");
    cr_expect_str_eq(gradus_dataset_source(p.train), p.path);
    cr_expect(!gradus_dataset_is_test(p.train) && !gradus_schema_feature_name(schema, 2) && !gradus_schema_target_name(schema, 1));
    leave(&p);
}

Test(csv, headers_are_found_and_named) {
    place p;
    arrive(&p);
    opens(&p, "width,height,kind\n1,2,a\n3,4,b\n");
    cr_expect_eq(gradus_dataset_samples(p.train), 2);
    cr_expect_str_eq(gradus_schema_feature_name(gradus_dataset_schema(p.train), 1), "height");
    cr_expect_str_eq(gradus_schema_target_name(gradus_dataset_schema(p.train), 0), "kind");
    opens(&p, ",a,b\n0,1,2\n1,3,4\n"); /* an index without a name */
    cr_expect(gradus_dataset_samples(p.train) == 2 && gradus_dataset_inputs(p.train).columns == 2);
    cr_expect_str_eq(gradus_schema_feature_name(gradus_dataset_schema(p.train), 0), "column 1");
    opens(&p, "colour,size,buy\nred,big,yes\nblue,big,no\nred,small,yes\nblue,small,no\n"); /* text everywhere: the first row never comes again */
    cr_expect(gradus_dataset_samples(p.train) == 4 && gradus_dataset_classes(p.train) == 2);
    opens(&p, "red,big,yes\nblue,big,no\nred,small,yes\nblue,small,no\n");
    cr_expect_eq(gradus_dataset_samples(p.train), 4);
    p.config.header = GRADUS_HEADER_YES;
    opens(&p, "1,2\n3,4\n5,6\n");
    cr_expect_eq(gradus_dataset_samples(p.train), 2);
    cr_expect_str_eq(gradus_schema_feature_name(gradus_dataset_schema(p.train), 0), "1");
    p.config.header = GRADUS_HEADER_NO;
    refuses(&p, "a,b\n3,4\n5,6\n", "row 1 (line 1), column 1: expected a number, as in 2 other rows of this column, found 'a': if the first row");
    leave(&p);
}

/* Byte order mark, quotes, escapes, CRLF, CR, blanks, empty lines, no end of line. */
Test(csv, everyday_spellings_are_read) {
    place p;
    arrive(&p);
    opens(&p, "\xEF\xBB\xBF\"a \"\"b\"\"\",\"x,y\" , z \r\n \"1\" , 2 ,\"one\ntwo\"\r\n\r\n3,4,three\r\n\r\n");
    const gradus_schema *schema = gradus_dataset_schema(p.train);
    cr_assert_eq(gradus_dataset_samples(p.train), 2);
    cr_expect_str_eq(gradus_schema_feature_name(schema, 0), "a \"b\"");
    cr_expect_str_eq(gradus_schema_feature_name(schema, 1), "x,y");
    cr_expect_str_eq(gradus_schema_target_name(schema, 0), "z");
    cr_expect_str_eq(gradus_schema_class_name(schema, 0), "one\ntwo");
    cr_expect_null(gradus_schema_class_name(schema, 2));
    cr_expect(input(p.train, 0, 0) == 1.0f && input(p.train, 1, 1) == 4.0f && target(p.train, 0) == 0.0 && target(p.train, 1) == 1.0);
    opens(&p, "1,2\r3,4\r5,\"6\"");
    cr_expect(gradus_dataset_samples(p.train) == 3 && target(p.train, 2) == 6.0);
    opens(&p, "\"a\",\"b\",\"c\"\r\n1,2,\"x\"\r\n2,1,\"y\"\r\n1,3,\"x\"\r\n3,1,\"y\"\r\n");
    cr_expect(gradus_dataset_samples(p.train) == 4 && gradus_dataset_classes(p.train) == 2);
    opens(&p, "M\xFCller,1,a\nM\xFCller,2,b\n\xD6zil,3,a\n"); /* Latin-1 */
    cr_expect_str_eq(gradus_schema_feature_name(gradus_dataset_schema(p.train), 0), "column 1=M\xC3\xBCller");
    cr_expect_str_eq(gradus_schema_feature_name(gradus_dataset_schema(p.train), 1), "column 1=\xC3\x96zil");
    leave(&p);
}

Test(csv, delimiters_are_found) {
    static const char *const texts[] = {"1;2;3\n4;5;6\n",        "1\t2\t3\n4\t5\t6\n", "1,2,3\n4,5,6\n",
                                        "sep=;\n1;2;3\n4;5;6\n", "1;2,0;3\n4;5,0;6\n", "1 ; 2 ; 3\n4 ; 5;6\n"};
    place p;
    arrive(&p);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        opens(&p, texts[i]);
        cr_assert(gradus_dataset_samples(p.train) == 2 && gradus_dataset_inputs(p.train).columns == 2, "%s", texts[i]);
        cr_expect(input(p.train, 0, 1) == 2.0f && input(p.train, 1, 0) == 4.0f && target(p.train, 1) == 6.0, "%s", texts[i]);
    }
    p.config.delimiter = ',';
    refuses(&p, "1;2\n3;4\n", "it has one column");
    p.config.delimiter = ';';
    opens(&p, "1,5;2\n2,25;3\n");
    cr_expect(input(p.train, 0, 0) == 1.5f && input(p.train, 1, 0) == 2.25f);
    refuses(&p, "1,5;2\n2.25;3\n", "column 1: 1 numbers with a decimal point and 1 with a decimal comma");
    leave(&p);
}

Test(csv, rows_of_other_lengths_are_refused) {
    place p;
    arrive(&p);
    refuses(&p, "1,2,a\n3,b\n", "line 2 has 2 fields, expected 3, as line 1 has");
    refuses(&p, "\n1,2,a\n\n\"x\n\ny\",5,b\n3\n", "line 7 has 1 field, expected 3, as line 2 has");
    refuses(&p, "1,2,3\n4,5,6,\n", "line 2 has 4 fields");
    refuses(&p, "1,\"2\n3,4\n", "line 1 opens a quote (\") that nothing closes");
    refuses(&p, "1,2\n\"3\"4,5\n", "line 2 has text behind a closing quote");
    leave(&p);
}

Test(csv, what_is_no_table_is_refused) {
    place p;
    arrive(&p);
    refuses(&p, "", "the file is empty");
    refuses(&p, "\n\n \n", "the file is empty");
    refuses(&p, "\xEF\xBB\xBF", "the file is empty");
    refuses(&p, "a,b,c\n", "it has a header, but no rows");
    refuses(&p, "1\n2\n3\n", "it has one column");
    cr_expect_eq(open_bytes(&p, "1,2\n3,\0\n", 8), GRADUS_BAD_DATA);
    says(&p, "byte 7 is 0");
    cr_expect_eq(open_bytes(&p,
                            "\xFF\xFE"
                            "1\0,\0",
                            6),
                 GRADUS_BAD_DATA);
    says(&p, "UTF-16");
    leave(&p);
}

Test(csv, missing_values_are_errors_that_say_where) {
    static const char *const words[] = {"", "NA", "N/A", "nan", "NULL", "?", "NaN", "null", " "};
    place p;
    arrive(&p);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "a,b,c\n1,2,0\n\n1,%s,0\n2,3,1\n", words[i]);
        refuses(&p, text, "row 2 (line 4), column 2 (b): a missing value (");
        says(&p, "drop, mean, median or most-frequent");
    }
    refuses(&p, "1,2,0\n1,2,\n", "row 2 (line 2), column 3: a missing target");
    refuses(&p, "1,2,0\n1,inf,0\n", "row 2 (line 2), column 2: 'inf' is not a finite fp32 number");
    refuses(&p, "1,2,0\n1,-1e39,0\n", "column 2: '-1e39' is not a finite");
    refuses(&p, "1,,0\n1,,0\n", "column 2: every value is missing: ignore this column");
    refuses(&p, "a,b,\n1,2,\n3,4,\n", "column 3 (column 3): every value is missing");
    leave(&p);
}

static void expect_column(place *p, gradus_missing missing, const char *text, const float *values, size_t count) {
    p->config.missing = missing;
    opens(p, text);
    cr_assert_eq(gradus_dataset_samples(p->train), count);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(input(p->train, i, 0), values[i], "%s: %zu: %g", gradus_missing_name(missing), i, (double)input(p->train, i, 0));
}

Test(csv, missing_values_are_dropped_or_replaced) {
    const char *text = "1,0\n?,1\n2,2\n9,3\n2,4\n,5\n";
    place p;
    arrive(&p);
    expect_column(&p, GRADUS_MISSING_DROP, text, (const float[]){1, 2, 9, 2}, 4);
    cr_expect_eq(target(p.train, 3), 4.0);
    expect_column(&p, GRADUS_MISSING_MEAN, text, (const float[]){1, 3.5f, 2, 9, 2, 3.5f}, 6);
    expect_column(&p, GRADUS_MISSING_MEDIAN, text, (const float[]){1, 2, 2, 9, 2, 2}, 6);
    expect_column(&p, GRADUS_MISSING_MEDIAN, "1,0\n?,1\n2,2\n4,3\n9,3\n", (const float[]){1, 3, 2, 4, 9}, 5);
    expect_column(&p, GRADUS_MISSING_MOST_FREQUENT, "4,0\n?,1\n3,2\n4,3\n3,3\n5,3\n", (const float[]){4, 3, 3, 4, 3, 5}, 6);
    /* A category: a, b, b and one unknown: it is b then. Columns are =a, =b. */
    expect_column(&p, GRADUS_MISSING_MEAN, "a,0\nb,1\nb,2\nNA,3\n", (const float[]){1, 0, 0, 0}, 4);
    cr_expect_eq(input(p.train, 3, 1), 1.0f);
    p.config.missing = GRADUS_MISSING_DROP;
    opens(&p, "1,a\n2,\n3,b\n?,a\n");
    cr_expect(gradus_dataset_samples(p.train) == 2 && target(p.train, 1) == 1.0 && gradus_dataset_targets(p.train).columns == 2);
    refuses(&p, "1,\n?,2\n", "nothing is left");
    p.config.missing = GRADUS_MISSING_MEAN;
    refuses(&p, "1,\n3,2\n", "a missing target");
    refuses(&p, "?,1\n?,2\n", "every value is missing");
    leave(&p);
}

Test(csv, text_columns_become_categories) {
    place p;
    arrive(&p);
    opens(&p, "sex,size,rings\nM,1,5\nF,2,6\nI,3,7\nM,4,8\n");
    const gradus_schema *schema = gradus_dataset_schema(p.train);
    cr_assert_eq(gradus_dataset_inputs(p.train).columns, 4);
    static const char *const names[] = {"sex=F", "sex=I", "sex=M", "size"};
    for (size_t i = 0; i < 4; i++) {
        cr_expect_str_eq(gradus_schema_feature_name(schema, i), names[i]);
        cr_expect_eq(gradus_schema_feature_is_category(schema, i), i < 3);
    }
    cr_expect(input(p.train, 0, 2) == 1.0f && input(p.train, 0, 0) == 0.0f && input(p.train, 1, 0) == 1.0f && input(p.train, 2, 1) == 1.0f);
    cr_expect_eq(input(p.train, 3, 3), 4.0f);
    p.config.categorical = "1";
    opens(&p, "10,1.5\n2,2.5\n10,3.5\n");
    cr_expect_str_eq(gradus_schema_feature_name(gradus_dataset_schema(p.train), 0), "column 1=10");
    p.config.categorical = NULL;
    refuses(&p, "1,2,0\n2,2,0\nx1,2,0\n3,4,1\n", "row 3 (line 3), column 1: expected a number, as in 3 other rows of this column, found 'x1'");
    leave(&p);
}

Test(csv, columns_of_names_are_no_categories) {
    place p;
    char *text = malloc(1 << 20);
    arrive(&p);
    text[0] = 0;
    for (int i = 0; i < 40; i++) sprintf(text + strlen(text), "n%d,%d\n", i, i);
    refuses(&p, text, "column 1: 40 different values in 40 rows, such as 'n0' and 'n1': too many for categories: ignore this column");
    p.config.ignore = "1";
    refuses(&p, text, "no column is left for the inputs");
    p.config.ignore = NULL;
    text[0] = 0;
    for (int i = 0; i < 1000; i++) sprintf(text + strlen(text), "n%d,%d\n", i % 300, i);
    refuses(&p, text, "column 1: more than 256 different values, the last 'n256' in line 257");
    text[0] = 0;
    for (int i = 0; i < 40; i++) sprintf(text + strlen(text), "%d,n%d\n", i, i);
    refuses(&p, text, "column 2: 40 different values in 40 rows, such as 'n0' and 'n1': too many for classes");
    refuses(&p, "1,a\n2,a\n", "column 2: every row's label is 'a': expected at least two classes");
    free(text);
    leave(&p);
}

Test(csv, targets_are_chosen_by_name_or_number) {
    place p;
    arrive(&p);
    p.config.targets = "b";
    opens(&p, "a,b,c\n1,2,3\n4,5,6\n");
    cr_expect(target(p.train, 1) == 5.0 && input(p.train, 1, 1) == 6.0f);
    p.config.targets = "1, c";
    opens(&p, "a,b,c\n1,2,3\n4,5,6\n");
    cr_expect(gradus_dataset_targets(p.train).rows == 2 && gradus_dataset_targets(p.train).columns == 2 &&
              gradus_schema_targets(gradus_dataset_schema(p.train)) == 2);
    cr_expect(target(p.train, 0) == 1.0 && target(p.train, 1) == 3.0 && target(p.train, 2) == 4.0 && input(p.train, 1, 0) == 5.0f);
    cr_expect_str_eq(gradus_schema_target_name(gradus_dataset_schema(p.train), 1), "c");
    p.config.targets = "x,y";
    opens(&p, "\"x,y\",z\n1,2\n");
    cr_expect_eq(target(p.train, 0), 1.0);
    p.config.targets = NULL;
    p.config.ignore = "c,a";
    opens(&p, "a,b,d,c\nx,2,3,q\ny,5,6,r\n");
    cr_expect(gradus_dataset_inputs(p.train).columns == 1 && target(p.train, 1) == 6.0);
    p.config.ignore = "e";
    cr_expect_eq(open_bytes(&p, "a,b\n1,2\n", 8), GRADUS_INVALID_ARGUMENT);
    says(&p, "columns to ignore: there is no column 'e'; columns are 1 to 2, or a name such as a, b");
    p.config.ignore = "";
    p.config.targets = "3";
    cr_expect_eq(open_bytes(&p, "a,b\n1,2\n", 8), GRADUS_INVALID_ARGUMENT);
    p.config.targets = "a";
    cr_expect_eq(open_bytes(&p, "a,b,a\n1,2,3\n", 12), GRADUS_INVALID_ARGUMENT);
    says(&p, "2 columns are called 'a'");
    p.config.ignore = "2";
    p.config.targets = "b";
    cr_expect_eq(open_bytes(&p, "a,b,c\n1,2,3\n", 12), GRADUS_INVALID_ARGUMENT);
    says(&p, "column 2 (b): it cannot be both");
    leave(&p);
}

Test(csv, tasks_are_found_or_forced) {
    place p;
    arrive(&p);
    opens(&p, "1,a\n2,b\n3,a\n");
    cr_expect(gradus_dataset_classes(p.train) == 2 && gradus_dataset_targets(p.train).dtype == GRADUS_DTYPE_U8 &&
              gradus_dataset_targets(p.train).rows == 1);
    p.config.task = GRADUS_TASK_CLASSIFICATION;
    opens(&p, "1,10\n2,2\n3,2.0\n4,-1\n");
    cr_assert_eq(gradus_dataset_classes(p.train), 3);
    const gradus_schema *schema = gradus_dataset_schema(p.train);
    cr_expect_str_eq(gradus_schema_class_name(schema, 0), "-1");
    cr_expect_str_eq(gradus_schema_class_name(schema, 1), "2");
    cr_expect_str_eq(gradus_schema_class_name(schema, 2), "10");
    cr_expect(target(p.train, 0) == 2.0 && target(p.train, 1) == 1.0 && target(p.train, 2) == 1.0 && target(p.train, 3) == 0.0);
    p.config.targets = "2,3";
    refuses(&p, "1,0,1\n2,1,0\n", "a classification has one target");
    p.config.task = GRADUS_TASK_AUTO;
    refuses(&p, "1,0,a\n2,1,b\n", "column 3: it holds text, but there are other targets");
    p.config.targets = NULL;
    p.config.task = GRADUS_TASK_REGRESSION;
    refuses(&p, "1,2\n3,x\n", "row 2 (line 2), column 2: expected a number");
    leave(&p);
}

Test(csv, many_classes_are_wider_labels) {
    place p;
    char *text = malloc(1 << 16);
    arrive(&p);
    text[0] = 0;
    for (int i = 0; i < 900; i++) sprintf(text + strlen(text), "%d,%d\n", i, i % 300);
    p.config.task = GRADUS_TASK_CLASSIFICATION;
    opens(&p, text);
    cr_expect(gradus_dataset_targets(p.train).dtype == GRADUS_DTYPE_I32 && gradus_dataset_classes(p.train) == 300 && target(p.train, 599) == 299.0);
    free(text);
    leave(&p);
}

/* Constant columns, names twice, fields of a megabyte, 100,000 columns, one row. */
Test(csv, odd_shapes_are_read) {
    enum { LONG = 1 << 20, WIDE = 100000 };
    place p;
    char *text = malloc(4 * LONG), *at = text;
    arrive(&p);
    opens(&p, "a,a,b\n1,7,2\n1,7,3\n");
    cr_expect(input(p.train, 1, 1) == 7.0f && gradus_dataset_inputs(p.train).columns == 2);
    for (int row = 0; row < 2; row++) {
        memset(at, 'a' + row, LONG);
        at += LONG;
        at += sprintf(at, ",%d\n", row);
    }
    opens(&p, text);
    cr_expect_eq(gradus_dataset_inputs(p.train).columns, 2);
    at = text;
    for (int i = 0; i < WIDE; i++) at += sprintf(at, "%d%s", i % 10, i + 1 < WIDE ? "," : "\n");
    opens(&p, text);
    cr_expect(gradus_dataset_samples(p.train) == 1 && gradus_dataset_inputs(p.train).columns == WIDE - 1);
    cr_expect_lt(p.counter.live_bytes, (size_t)(at - text) * 120);
    free(text);
    leave(&p);
}

/* A pipe, by its /dev/fd name and as standard input. */
Test(csv, pipes_are_read) {
    place p;
    int ends[2];
    char name[32];
    arrive(&p);
    for (int i = 0; i < 2; i++) {
        cr_assert(pipe(ends) == 0 && write(ends[1], "1,2\n3,4\n", 8) == 8);
        close(ends[1]);
        if (i == 1) cr_assert_neq(dup2(ends[0], 0), -1);
        snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
        forget(&p);
        cr_assert_eq(gradus_dataset_open(p.context, i == 0 ? name : "-", NULL, &p.train, &p.test), GRADUS_OK, "%s",
                     gradus_context_message(p.context));
        cr_expect_eq(target(p.train, 1), 4.0);
        close(ends[0]);
    }
    leave(&p);
}

Test(csv, gzip_is_read_whatever_the_name) {
    place p;
    arrive(&p);
    gzFile file = gzopen(p.path, "wb");
    cr_assert(file && gzputs(file, "1,2\n3,4\n") == 8 && gzclose(file) == Z_OK);
    cr_assert_eq(gradus_dataset_open(p.context, p.path, NULL, &p.train, &p.test), GRADUS_OK, "%s", gradus_context_message(p.context));
    cr_expect(gradus_dataset_samples(p.train) == 2 && target(p.train, 1) == 4.0);
    cr_assert_eq(truncate(p.path, 20), 0);
    forget(&p);
    cr_expect_eq(gradus_dataset_open(p.context, p.path, NULL, &p.train, &p.test), GRADUS_BAD_DATA);
    says(&p, "cut short");
    leave(&p);
}

Test(csv, a_failed_allocation_is_an_error_that_leaks_nothing) {
    static const char text[] = "sex,size,kind\nM,1,a\nF,?,b\nM,3,a\n";
    for (size_t refuse = 1;; refuse++) {
        place p;
        arrive(&p);
        p.config.missing = GRADUS_MISSING_MEDIAN;
        p.config.targets = "kind";
        p.config.ignore = "";
        p.counter.refuse_at = p.counter.asked + refuse;
        gradus_status status = open_bytes(&p, text, sizeof text - 1);
        const bool refused = p.counter.refused;
        cr_expect_eq(status, refused ? GRADUS_OUT_OF_MEMORY : GRADUS_OK, "allocation %zu: %d", refuse, status);
        cr_expect(!refused || !p.train);
        leave(&p);
        if (!refused) break;
        cr_assert_lt(refuse, 200);
    }
}

Test(csv, the_hosts_rounding_does_not_matter) {
    place p;
    arrive(&p);
    p.config.missing = GRADUS_MISSING_MEAN;
    fesetround(FE_UPWARD);
    opens(&p, "0.1,0.3\n,16777217\n0.7,1e-45\n");
    cr_expect_eq(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
    cr_expect(input(p.train, 0, 0) == 0.1f && input(p.train, 1, 0) == (float)(((double)0.1f + (double)0.7f) / 2.0) && input(p.train, 2, 0) == 0.7f);
    cr_expect(target(p.train, 0) == (double)0.3f && target(p.train, 1) == 16777216.0 && target(p.train, 2) == 0x1p-149);
    leave(&p);
}

Test(csv, configs_are_checked) {
    place p;
    arrive(&p);
    p.config.task = 9;
    cr_expect_eq(open_bytes(&p, "1,2\n", 4), GRADUS_INVALID_ARGUMENT);
    p.config.task = GRADUS_TASK_AUTO;
    p.config.delimiter = '|';
    cr_expect_eq(open_bytes(&p, "1,2\n", 4), GRADUS_INVALID_ARGUMENT);
    cr_expect(gradus_task_from_name("regression") == GRADUS_TASK_REGRESSION && !gradus_task_from_name("x") && !gradus_task_from_name(NULL));
    cr_expect_str_eq(gradus_missing_name(GRADUS_MISSING_MOST_FREQUENT), "most-frequent");
    cr_expect(!gradus_missing_name(0) && gradus_header_from_name("no") == GRADUS_HEADER_NO);
    leave(&p);
}

/* The example tables, where they are. */
static bool open_example(place *p, const char *name) {
    char path[512];
    const char *folder = getenv("GRADUS_TEST_DATA");
    snprintf(path, sizeof path, "%s/csv/%s", folder ? folder : GRADUS_SOURCE_ROOT "/../shared/data", name);
    if (access(path, R_OK) != 0) return false;
    forget(p);
    cr_assert_eq(gradus_dataset_open(p->context, path, &p->config, &p->train, &p->test), GRADUS_OK, "%s", gradus_context_message(p->context));
    return true;
}

Test(csv, example_tables_are_understood) {
    place p;
    arrive(&p);
    if (open_example(&p, "iris.csv"))
        cr_expect(gradus_dataset_samples(p.train) == 150 && gradus_dataset_classes(p.train) == 3 && gradus_dataset_inputs(p.train).columns == 4);
    if (open_example(&p, "abalone.csv"))
        cr_expect(gradus_dataset_samples(p.train) == 4177 && gradus_dataset_classes(p.train) == 0 && gradus_dataset_inputs(p.train).columns == 10);
    if (open_example(&p, "auto-insurance.csv")) cr_expect(gradus_dataset_samples(p.train) == 63 && gradus_dataset_inputs(p.train).columns == 1);
    p.config.task = GRADUS_TASK_CLASSIFICATION;
    if (open_example(&p, "banknote_authentication.csv"))
        cr_expect(gradus_dataset_samples(p.train) == 1372 && gradus_dataset_classes(p.train) == 2 && gradus_dataset_inputs(p.train).columns == 4);
    leave(&p);
}
