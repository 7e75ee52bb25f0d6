/* Schemas: other files read by them, copies, JSON texts good and bad. */
#include "tables.h"

static const char FLOWERS[] = "length,width,colour,kind\n1,2,red,rose\n2,3,blue,iris\n3,4,red,iris\n4,5,white,rose\n";

/* The schema of a text, as it comes back from its JSON. */
static gradus_schema *schema_of(place *p, const char *text) {
    gradus_schema *schema;
    size_t needed;
    char json[4096];
    opens(p, text);
    cr_assert_eq(gradus_schema_write(p->context, gradus_dataset_schema(p->train), json, sizeof json, &needed), GRADUS_OK);
    cr_assert_eq(strlen(json) + 1, needed);
    cr_assert_eq(gradus_schema_parse(p->context, json, needed - 1, &schema), GRADUS_OK, "%s: %s", json, gradus_context_message(p->context));
    forget(p);
    return schema;
}

static gradus_dataset *opens_as(place *p, const gradus_schema *schema, const char *text, uint32_t flags) {
    gradus_dataset *set = NULL;
    cr_assert_eq(open_text_as(p, text, schema, flags, &set), GRADUS_OK, "%s", gradus_context_message(p->context));
    return set;
}

static void refuses_as(place *p, const gradus_schema *schema, const char *text, uint32_t flags, const char *part) {
    gradus_dataset *set = (gradus_dataset *)p;
    cr_expect_eq(open_text_as(p, text, schema, flags, &set), GRADUS_BAD_DATA, "%s", text);
    cr_expect_null(set);
    says(p, p->path);
    says(p, part);
}

static void expect_samples(place *p, gradus_dataset *set, size_t samples, bool targets) {
    cr_expect_eq(gradus_dataset_samples(set), samples);
    cr_expect_eq(gradus_dataset_targets(set).data != NULL, targets);
    gradus_dataset_destroy(p->context, set);
}

Test(schema, other_tables_are_read_by_name_or_position) {
    place p;
    arrive(&p);
    gradus_schema *schema = schema_of(&p, FLOWERS);
    gradus_dataset *set = opens_as(&p, schema, "extra,kind,colour,width,length\nx,iris,blue,7,8\n", 0);
    cr_assert_eq(gradus_dataset_inputs(set).columns, 5);
    cr_expect(input(set, 0, 0) == 8.0f && input(set, 0, 1) == 7.0f && input(set, 0, 2) == 1.0f && input(set, 0, 3) == 0.0f && target(set, 0) == 0.0);
    cr_expect_eq(gradus_dataset_classes(set), 2);
    expect_samples(&p, set, 1, true);
    expect_samples(&p, opens_as(&p, schema, "8,7,blue,iris\n9,9,red,rose\n", 0), 2, true);
    expect_samples(&p, opens_as(&p, schema, "a;b;c;d\n8;7,5;blue;iris\n9;9;red;rose\n", 0), 2, true); /* other names: by position */
    expect_samples(&p, opens_as(&p, schema, "8,7,blue\n", GRADUS_OPEN_TARGETS_OPTIONAL), 1, false);
    expect_samples(&p, opens_as(&p, schema, "colour,width,length\nred,1,2\n", GRADUS_OPEN_TARGETS_OPTIONAL), 1, false);
    expect_samples(&p, opens_as(&p, schema, "8,7,blue,iris\n", GRADUS_OPEN_TARGETS_OPTIONAL), 1, true);
    expect_samples(&p, opens_as(&p, schema, "8,7,blue,tulip\n9,9,red,rose\n", GRADUS_OPEN_TARGETS_OPTIONAL), 2, false);
    expect_samples(&p, opens_as(&p, schema, "8,7,blue,\n", GRADUS_OPEN_TARGETS_OPTIONAL), 1, false);
    gradus_schema_destroy(p.context, schema);
    leave(&p);
}

/* Many columns, in the opposite order. */
Test(schema, wide_tables_are_matched_in_time) {
    enum { WIDE = 50000 };
    place p;
    gradus_schema *schema;
    gradus_dataset *set;
    char *text = malloc(WIDE * 20), *at = text;
    arrive(&p);
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < WIDE; i++) at += sprintf(at, row ? "%d%c" : "n%d%c", i, i + 1 < WIDE ? ',' : '\n');
    opens(&p, text);
    cr_assert_eq(gradus_schema_copy(p.context, gradus_dataset_schema(p.train), &schema), GRADUS_OK);
    at = text;
    for (int row = 0; row < 2; row++)
        for (int i = WIDE; i-- > 0;) at += sprintf(at, row ? "%d%c" : "n%d%c", i, i > 0 ? ',' : '\n');
    cr_assert_eq(open_text_as(&p, text, schema, 0, &set), GRADUS_OK, "%s", gradus_context_message(p.context));
    cr_expect(input(set, 0, 0) == 0.0f && input(set, 0, 123) == 123.0f && target(set, 0) == WIDE - 1);
    gradus_dataset_destroy(p.context, set);
    gradus_schema_destroy(p.context, schema);
    free(text);
    leave(&p);
}

Test(schema, what_it_does_not_know_is_refused) {
    place p;
    arrive(&p);
    gradus_schema *schema = schema_of(&p, FLOWERS);
    refuses_as(&p, schema, "length,width,colour,kind\n1,2,red,tulip\n", 0,
               "row 1 (line 2), column 4 (kind): 'tulip' is no class that the model knows; it knows iris, rose");
    refuses_as(&p, schema, "1,2,green,rose\n", 0,
               "row 1 (line 1), column 3 (colour): 'green' is no category that the model knows; it knows blue, red, white");
    refuses_as(&p, schema, "1,2,red\n", 0, "3 columns, which are the inputs, but no target");
    refuses_as(&p, schema, "1,2\n", 0,
               "2 columns, but the model takes 5 inputs made from categories: expected 4 columns with the target, or 3 without");
    refuses_as(&p, schema, "1,x,red,rose\n", 0, "column 2 (width): expected a number, found 'x'");
    refuses_as(&p, schema, "1,,red,rose\n", 0, "column 2 (width): a missing value");
    refuses_as(&p, schema, "length,colour,kind\n1,red,rose\n", 0, "its header has no column 'width'");
    refuses_as(&p, schema, "length,width,colour\n1,2,red\n", 0, "its header has no column 'kind'");
    refuses_as(&p, schema, "length,width,colour,kind\n", 0, "no rows");
    gradus_dataset *set;
    cr_expect_eq(gradus_dataset_open_as(p.context, "digits", schema, 0, &set), GRADUS_BAD_DATA);
    says(&p, "digits: samples of 784 features, but the model takes 5");
    cr_expect_eq(gradus_dataset_open_as(p.context, p.path, schema, 6, &set), GRADUS_UNSUPPORTED);
    gradus_schema_destroy(p.context, schema);
    leave(&p);
}

Test(schema, missing_values_are_replaced_as_in_training) {
    place p;
    arrive(&p);
    p.config.missing = GRADUS_MISSING_MEAN;
    gradus_schema *schema = schema_of(&p, "1,a,5\n3,b,6\n?,b,7\n");
    gradus_dataset *set = opens_as(&p, schema, "?,?,8\n", 0);
    cr_expect(input(set, 0, 0) == 2.0f && input(set, 0, 1) == 0.0f && input(set, 0, 2) == 1.0f);
    expect_samples(&p, set, 1, true);
    gradus_schema_destroy(p.context, schema);
    p.config.missing = GRADUS_MISSING_DROP;
    schema = schema_of(&p, "1,a,5\n3,b,6\n?,b,7\n");
    expect_samples(&p, opens_as(&p, schema, "1,a,8\n?,a,8\n2,b,\n", 0), 1, true);
    refuses_as(&p, schema, "1,a,8\n?,a,8\n", GRADUS_OPEN_TARGETS_OPTIONAL, "row 2 (line 2), column 1: a missing value");
    expect_samples(&p, opens_as(&p, schema, "1,a,8\n2,b,\n", GRADUS_OPEN_TARGETS_OPTIONAL), 2, false);
    gradus_schema_destroy(p.context, schema);
    leave(&p);
}

/* Years, for example, as names: header = yes. Reading by the schema finds them without being told. */
Test(schema, names_may_be_numbers) {
    place p;
    arrive(&p);
    p.config.header = GRADUS_HEADER_YES;
    gradus_schema *schema = schema_of(&p, "2019,2020,2021\n1,2,3\n4,5,6\n");
    gradus_dataset *set = opens_as(&p, schema, "2020,2019\n7,8\n", GRADUS_OPEN_TARGETS_OPTIONAL);
    cr_expect(input(set, 0, 0) == 8.0f && input(set, 0, 1) == 7.0f);
    expect_samples(&p, set, 1, false);
    expect_samples(&p, opens_as(&p, schema, "2019,7,8\n1,2,3\n", 0), 2, true);
    gradus_schema_destroy(p.context, schema);
    leave(&p);
}

Test(schema, ignored_columns_and_number_classes_come_back) {
    place p;
    arrive(&p);
    p.config.task = GRADUS_TASK_CLASSIFICATION;
    p.config.ignore = "1";
    gradus_schema *schema = schema_of(&p, "i1,1,10\ni2,2,9\ni3,3,10\n");
    cr_expect(gradus_schema_features(schema) == 1 && gradus_schema_classes(schema) == 2 && gradus_schema_targets(schema) == 1);
    cr_expect_str_eq(gradus_schema_class_name(schema, 1), "10");
    gradus_dataset *set = opens_as(&p, schema, "zz,5,10.0\nzz,6,9\n", 0);
    cr_expect(target(set, 0) == 1.0 && target(set, 1) == 0.0 && input(set, 0, 0) == 5.0f);
    expect_samples(&p, set, 2, true);
    refuses_as(&p, schema, "zz,5,11\n", 0, "'11' is no class that the model knows; it knows 9, 10");
    gradus_schema *copy;
    cr_assert_eq(gradus_schema_copy(p.context, schema, &copy), GRADUS_OK);
    gradus_schema_destroy(p.context, schema);
    expect_samples(&p, opens_as(&p, copy, "zz,5\n", GRADUS_OPEN_TARGETS_OPTIONAL), 1, false);
    gradus_schema_destroy(p.context, copy);
    leave(&p);
}

Test(schema, built_in_sets_have_one) {
    place p;
    arrive(&p);
    cr_assert_eq(gradus_dataset_open(p.context, "digits", NULL, &p.train, &p.test), GRADUS_OK);
    cr_expect(gradus_dataset_is_test(p.test) && !gradus_dataset_is_test(p.train));
    const gradus_schema *schema = gradus_dataset_schema(p.train);
    cr_expect(gradus_schema_height(schema) == 28 && gradus_schema_width(schema) == 28 && gradus_schema_features(schema) == 784);
    cr_expect(gradus_schema_input_dtype(schema) == GRADUS_DTYPE_U8 && !gradus_schema_feature_name(schema, 0) &&
              !gradus_schema_target_name(schema, 0));
    cr_expect_str_eq(gradus_schema_class_name(schema, 9), "9");
    gradus_dataset *again;
    cr_assert_eq(gradus_dataset_open_as(p.context, "digits", schema, 0, &again), GRADUS_OK);
    cr_expect(gradus_dataset_is_test(again) && gradus_dataset_samples(again) == 2000);
    gradus_dataset_destroy(p.context, again);
    write_file(&p, "1,2\n", 4);
    cr_expect_eq(gradus_dataset_open_as(p.context, p.path, schema, 0, &again), GRADUS_BAD_DATA);
    says(&p, "pictures of 28 x 28");
    forget(&p);
    cr_assert_eq(gradus_dataset_open(p.context, "line", NULL, &p.train, &p.test), GRADUS_OK);
    expect_samples(&p, opens_as(&p, gradus_dataset_schema(p.train), "x\n1\n2\n", GRADUS_OPEN_TARGETS_OPTIONAL), 2, false);
    leave(&p);
}

#define HEAD "{\"format\":\"gradus-schema/1\",\"task\":\"regression\",\"missing\":\"error\",\"input\":\"F32\",\"features\":1,\"targets\":1"
#define CLASSES "{\"format\":\"gradus-schema/1\",\"task\":\"classification\",\"missing\":\"error\",\"input\":\"F32\",\"features\":1,\"targets\":1"
#define INPUT "{\"role\":\"input\"}"
#define TARGET "{\"role\":\"target\"}"

Test(schema, texts_are_checked) {
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"", "JSON"},
        {"[]", "no JSON object"},
        {"{}", "format"},
        {"{\"format\":\"gradus-schema/2\"}", "format"},
        {"{\"format\":\"gradus-schema/1\"}", "task"},
        {"{\"format\":\"gradus-schema/1\",\"task\":\"auto\",\"missing\":\"error\",\"input\":\"F32\"}", "task"},
        {"{\"format\":\"gradus-schema/1\",\"task\":\"regression\",\"missing\":\"error\",\"input\":\"F32\"}", "no features"},
        {"{\"format\":\"gradus-schema/1\",\"task\":\"regression\",\"missing\":\"keep\",\"input\":\"F32\"}", "missing"},
        {"{\"format\":\"gradus-schema/1\",\"task\":\"regression\",\"missing\":\"error\",\"input\":\"F16\"}", "input"},
        {"{\"format\":\"gradus-schema/1\",\"task\":\"regression\",\"missing\":\"error\",\"input\":\"F32\",\"features\":-1,\"targets\":1}", "range"},
        {"{\"format\":\"gradus-schema/1\",\"task\":\"regression\",\"missing\":\"error\",\"input\":\"F32\",\"features\":99999999,\"targets\":1}",
         "range"},
        {"{\"format\":\"gradus-schema/1\",\"task\":\"regression\",\"missing\":\"mean\",\"input\":\"F32\",\"features\":1,\"targets\":1}", "fills"},
        {HEAD ",\"features\":1}", "twice"},
        {HEAD ",\"height\":2,\"width\":2}", "height"},
        {HEAD ",\"named\":1}", "named"},
        {HEAD ",\"named\":true,\"columns\":[" INPUT "," TARGET "]}", "no name"},
        {HEAD ",\"columns\":[1,2]}", "no object"},
        {HEAD ",\"columns\":[{}," TARGET "]}", "no role"},
        {HEAD ",\"columns\":[{\"role\":\"x\"}," TARGET "]}", "role is not"},
        {HEAD ",\"columns\":[" INPUT "]}", "no column is left for the target"},
        {HEAD ",\"columns\":[" INPUT "," INPUT "," TARGET "]}", "do not make its features"},
        {HEAD ",\"columns\":[{\"role\":\"input\",\"categories\":[\"b\",\"a\"]}," TARGET "]}", "ascending"},
        {HEAD ",\"columns\":[{\"role\":\"input\",\"categories\":[1]}," TARGET "]}", "ascending"},
        {HEAD ",\"columns\":[{\"role\":\"input\",\"categories\":[\"a\"],\"fill\":\"b\"}," TARGET "]}", "none of its categories"},
        {HEAD ",\"columns\":[{\"role\":\"input\",\"fill\":\"b\"}," TARGET "]}", "fill is no number"},
        {HEAD ",\"columns\":[{\"role\":\"input\",\"fill\":1e999}," TARGET "]}", "fill is no number"},
        {CLASSES "}", "classes"},
        {CLASSES ",\"classes\":[\"a\"]}", "classes"},
        {CLASSES ",\"classes\":[\"a\",\"a\"]}", "classes"},
        {CLASSES ",\"number_classes\":true,\"classes\":[\"10\",\"9\"]}", "classes"},
        {CLASSES ",\"number_classes\":true,\"classes\":[\"1\",\"b\"]}", "classes"},
    };
    static const char *const good[] = {HEAD "}", HEAD ",\"columns\":[" INPUT "," TARGET "]}", CLASSES ",\"classes\":[\"10\",\"9\"]}",
                                       CLASSES ",\"number_classes\":true,\"classes\":[\"9\",\"10\"]}",
                                       HEAD ",\"columns\":[{\"role\":\"input\",\"categories\":[\"a\"],\"fill\":\"a\"}," TARGET "]}"};
    place p;
    arrive(&p);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gradus_schema *schema = (gradus_schema *)&p;
        cr_expect_eq(gradus_schema_parse(p.context, bad[i].text, strlen(bad[i].text), &schema), GRADUS_BAD_DATA, "%s", bad[i].text);
        cr_expect_null(schema);
        says(&p, bad[i].part);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        gradus_schema *schema;
        cr_expect_eq(gradus_schema_parse(p.context, good[i], strlen(good[i]), &schema), GRADUS_OK, "%s: %s", good[i],
                     gradus_context_message(p.context));
        gradus_schema_destroy(p.context, schema);
    }
    leave(&p);
}

/* The text says everything: what is read from it is written alike. */
Test(schema, texts_come_back_the_same) {
    place p;
    char texts[2][2048];
    size_t needed;
    arrive(&p);
    p.config.missing = GRADUS_MISSING_MOST_FREQUENT;
    gradus_schema *schema = schema_of(&p, "\"a\"\"\n\",b,\xC3\xA9\n0.1,x,1.5\n,\"y,\",2.5\n3e-9,,4\n");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(gradus_schema_write(p.context, schema, NULL, 0, &needed), GRADUS_OK);
        cr_assert_eq(gradus_schema_write(p.context, schema, texts[i], needed - 1, &needed), GRADUS_INVALID_ARGUMENT);
        cr_assert_eq(gradus_schema_write(p.context, schema, texts[i], needed, &needed), GRADUS_OK);
        gradus_schema_destroy(p.context, schema);
        cr_assert_eq(gradus_schema_parse(p.context, texts[i], needed - 1, &schema), GRADUS_OK);
    }
    cr_expect_str_eq(texts[0], texts[1]);
    cr_expect_not_null(strstr(texts[0], "\"fill\":3.000000026176508e-09"), "%s", texts[0]);
    gradus_schema_destroy(p.context, schema);
    leave(&p);
}

Test(schema, a_failed_allocation_is_an_error_that_leaks_nothing) {
    static const char text[] = CLASSES ",\"columns\":[{\"role\":\"input\",\"name\":\"a\"},{\"role\":\"target\"}],\"classes\":[\"a\",\"b\"]}";
    for (size_t refuse = 1;; refuse++) {
        place p;
        char out[512];
        size_t needed;
        gradus_schema *schema = NULL, *copy = NULL;
        gradus_dataset *set = NULL;
        arrive(&p);
        write_file(&p, "1,a\n", 4);
        p.counter.refuse_at = p.counter.asked + refuse;
        gradus_status status = gradus_schema_parse(p.context, text, sizeof text - 1, &schema);
        if (!status) status = gradus_schema_copy(p.context, schema, &copy);
        if (!status) status = gradus_schema_write(p.context, copy, out, sizeof out, &needed);
        if (!status) status = gradus_dataset_open_as(p.context, p.path, copy, 0, &set);
        const bool refused = p.counter.refused;
        cr_expect_eq(status, refused ? GRADUS_OUT_OF_MEMORY : GRADUS_OK, "allocation %zu: %d", refuse, status);
        gradus_dataset_destroy(p.context, set);
        gradus_schema_destroy(p.context, schema);
        gradus_schema_destroy(p.context, copy);
        leave(&p);
        if (!refused) break;
        cr_assert_lt(refuse, 200);
    }
}
