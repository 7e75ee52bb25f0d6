/* Models in files, and layers as text: a net comes back as it was; whatever else a file holds is refused without a crash, a leak or much memory. */
#include <fcntl.h>
#include <math.h>

#include "base/context.h"
#include "nn/layer_text.h"

#include "files.h"

/* -- layers as text -- */

Test(layers, text) {
    static const char *const bad[] = {"",
                                      ",",
                                      "10",
                                      "10:",
                                      ":relu",
                                      "0:relu",
                                      "10:rel",
                                      "10:relu,",
                                      "10:relu,,5:tanh",
                                      "-1:relu",
                                      "10 :relu",
                                      "16777217:relu",
                                      "99999999999999999999999:relu",
                                      "1x:relu"};
    counting counter;
    gradus_context *context = counting_context(&counter);
    size_t held = counter.live_bytes, count;
    gradus_layer *layers;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(gd_layers_parse(context, bad[i], &layers, &count), GRADUS_INVALID_ARGUMENT, "%s", bad[i]);
        cr_assert_null(layers);
        cr_assert_eq(counter.live_bytes, held);
    }
    cr_assert_eq(gd_layers_parse(context, "16777216:relu,3:softmax", &layers, &count), GRADUS_OK);
    cr_assert(count == 2 && layers[0].outputs == 16777216 && layers[0].activation == GRADUS_ACTIVATION_RELU && layers[1].outputs == 3);
    cr_assert_eq(layers[1].activation, GRADUS_ACTIVATION_SOFTMAX);
    gd_release(&context->allocator, layers, count * sizeof *layers);
    gradus_context_destroy(context);
    counting_check(&counter);
}

/* -- models -- */

static gradus_net *make_net(gradus_context *context) {
    static const gradus_layer layers[] = {{.outputs = 7, .activation = GRADUS_ACTIVATION_RELU},
                                          {.outputs = 3, .activation = GRADUS_ACTIVATION_SOFTMAX}};
    gradus_net_config config;
    gradus_net *net;
    gradus_net_config_init(&config);
    config.inputs = 5;
    config.layers = layers;
    config.layer_count = 2;
    config.loss = GRADUS_LOSS_CROSS_ENTROPY;
    config.seed = 11;
    cr_assert_eq(gradus_net_create(context, &config, &net), GRADUS_OK, "%s", gradus_context_message(context));
    return net;
}

static size_t slurp(const struct file *file, unsigned char *bytes, size_t limit) {
    FILE *in = fopen(file->path, "rb");
    cr_assert_not_null(in);
    size_t size = fread(bytes, 1, limit, in);
    fclose(in);
    cr_assert(size > 0 && size < limit);
    return size;
}

Test(model, comes_back_as_it_was) {
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    gradus_net *net = make_net(context), *loaded;
    float odd[3] = {NAN, INFINITY, -0.0f};
    gradus_tensor bias = gradus_tensor_vector(GRADUS_DTYPE_F32, odd, 3);
    char before[65], after[65];
    cr_assert_eq(gradus_net_set(context, net, 1, NULL, &bias), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(gradus_net_sha256(context, net, before), GRADUS_OK);
    cr_assert_eq(gradus_model_save(context, net, NULL, file.path), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(gradus_model_load(context, file.path, &loaded, NULL), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(gradus_net_sha256(context, loaded, after), GRADUS_OK);
    cr_assert_str_eq(before, after);
    cr_assert(gradus_net_inputs(loaded) == 5 && gradus_net_layer_count(loaded) == 2 && gradus_net_loss(loaded) == GRADUS_LOSS_CROSS_ENTROPY);
    cr_assert(gradus_net_layer(loaded, 0).outputs == 7 && gradus_net_layer(loaded, 0).activation == GRADUS_ACTIVATION_RELU);
    gradus_net_destroy(context, net);
    gradus_net_destroy(context, loaded);
    gradus_context_destroy(context);
    counting_check(&counter);
    drop(&file);
}

/* A net with label smoothing, and files in which the metadata's digits have become something else. */
Test(model, keeps_label_smoothing) {
    static const struct {
        const char *text; /* as long as "0.125" */
        const char *message;
    } bad[] = {{"0,125", "label_smoothing"}, {"1.125", "label_smoothing is 1.125"}, {"nan  ", "label_smoothing"}};
    unsigned char bytes[4096], *place;
    struct file file = make_file();
    counting counter;
    gradus_context *context = counting_context(&counter);
    const gradus_layer layer = {3, GRADUS_ACTIVATION_SOFTMAX, 0};
    gradus_net_config config;
    gradus_net *net, *loaded;
    gradus_net_config_init(&config);
    config.inputs = 5;
    config.layers = &layer;
    config.layer_count = 1;
    config.loss = GRADUS_LOSS_CROSS_ENTROPY;
    config.label_smoothing = 0.125;
    cr_assert_eq(gradus_net_create(context, &config, &net), GRADUS_OK);
    cr_assert_eq(gradus_model_save(context, net, NULL, file.path), GRADUS_OK);
    cr_assert_eq(gradus_model_load(context, file.path, &loaded, NULL), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert_eq(gradus_net_label_smoothing(loaded), 0.125);
    gradus_net_destroy(context, loaded);
    const size_t size = slurp(&file, bytes, sizeof bytes);
    place = memmem(bytes, size, "0.125", 5);
    cr_assert_not_null(place);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(place, bad[i].text, 5);
        FILE *out = fopen(file.path, "wb");
        cr_assert(out && fwrite(bytes, 1, size, out) == size && fclose(out) == 0);
        cr_assert_eq(gradus_model_load(context, file.path, &loaded, NULL), GRADUS_BAD_DATA, "%s", bad[i].text);
        cr_assert(strstr(gradus_context_message(context), bad[i].message), "%s", gradus_context_message(context));
    }
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&counter);
    drop(&file);
}

/* What training does to the net besides its loss, and files in which that has become something else. */
Test(model, keeps_dropout_and_penalties) {
    static const char *const bad[][2] = {{"0.25,0", "0.25;0"}, {"0.25,0", "0.2500"}, {"0.25,0", "1.25,0"},
                                         {"0.25,0", "0.25,1"}, {"0.25,0", "0,0,00"}, {"0.0625", "-.0625"},
                                         {"0.0625", "0,0625"}, {"0.125", "1.125"},   {"0.0078125", "9999999.5"}};
    unsigned char bytes[4096];
    struct file file = make_file();
    counting counter;
    gradus_context *context = counting_context(&counter);
    gradus_net *net = make_net(context), *loaded;
    cr_assert_eq(gradus_net_set_dropout(context, net, 0.125, (const double[]){0.25, 0.0}), GRADUS_OK);
    cr_assert_eq(gradus_net_set_penalties(context, net, 0.0078125, 0.0625), GRADUS_OK);
    cr_assert_eq(gradus_model_save(context, net, NULL, file.path), GRADUS_OK);
    const size_t held = counter.live_bytes;
    cr_assert_eq(gradus_model_load(context, file.path, &loaded, NULL), GRADUS_OK, "%s", gradus_context_message(context));
    cr_assert(gradus_net_input_dropout(loaded) == 0.125 && gradus_net_dropout(loaded, 0) == 0.25 && gradus_net_dropout(loaded, 1) == 0.0);
    cr_assert(gradus_net_l1(loaded) == 0.0078125 && gradus_net_l2(loaded) == 0.0625);
    gradus_net_destroy(context, loaded);
    const size_t size = slurp(&file, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned char *place = memmem(bytes, size, bad[i][0], strlen(bad[i][0]));
        cr_assert_not_null(place);
        memcpy(place, bad[i][1], strlen(bad[i][1]));
        put(&file, bytes, size);
        cr_assert_eq(gradus_model_load(context, file.path, &loaded, NULL), GRADUS_BAD_DATA, "%s", bad[i][1]);
        cr_assert_eq(counter.live_bytes, held);
        memcpy(place, bad[i][0], strlen(bad[i][0]));
    }
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&counter);
    drop(&file);
}

/* A text goes in and comes out as it was; a file without one gives none. */
Test(model, carries_a_schema) {
    static const char text[] = "{\"columns\":[\"π \\\"1\\\"\"]}\n\t";
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    gradus_net *net = make_net(context), *loaded;
    char *schema = NULL;
    cr_assert_eq(gradus_model_save(context, net, text, file.path), GRADUS_OK, "%s", gradus_context_message(context));
    size_t held = counter.live_bytes;
    for (size_t n = 1; schema == NULL; n++) {
        counter.asked = 0;
        counter.refuse_at = n;
        gradus_status status = gradus_model_load(context, file.path, &loaded, &schema);
        cr_assert(status == GRADUS_OK || (status == GRADUS_OUT_OF_MEMORY && !loaded && !schema && counter.live_bytes == held), "allocation %zu", n);
    }
    counter.refuse_at = 0;
    cr_assert_str_eq(schema, text);
    gradus_text_release(context, schema);
    gradus_text_release(context, NULL);
    gradus_net_destroy(context, loaded);
    cr_assert_eq(gradus_model_load(context, file.path, &loaded, NULL), GRADUS_OK);
    cr_assert_eq(gradus_model_save(context, loaded, NULL, file.path), GRADUS_OK);
    gradus_net_destroy(context, loaded);
    schema = (char *)&counter;
    cr_assert_eq(gradus_model_load(context, file.path, &loaded, &schema), GRADUS_OK);
    cr_assert_null(schema);
    gradus_net_destroy(context, loaded);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&counter);
    drop(&file);
}

Test(model, every_cut_is_refused) {
    unsigned char bytes[4096];
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    gradus_net *net = make_net(context), *loaded;
    cr_assert_eq(gradus_model_save(context, net, NULL, file.path), GRADUS_OK);
    size_t size = slurp(&file, bytes, sizeof bytes), held = counter.live_bytes;
    for (size_t cut = 0; cut < size; cut++) {
        put(&file, bytes, cut);
        cr_assert_eq(gradus_model_load(context, file.path, &loaded, NULL), GRADUS_BAD_DATA, "cut to %zu of %zu bytes", cut, size);
        cr_assert_null(loaded);
        cr_assert_not_null(strstr(gradus_context_message(context), file.path));
        cr_assert_eq(counter.live_bytes, held);
    }
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&counter);
    drop(&file);
}

/* Whatever a byte of the header becomes, the file is refused or read; never a crash, a leak, or more memory than so small a file explains. */
Test(model, no_byte_of_the_header_is_trusted) {
    static const unsigned char replacements[] = {0, '0', '9', '"', '{', '}', '[', ']', ',', ':', '\\', 0xFF};
    unsigned char bytes[4096];
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    gradus_net *net = make_net(context), *loaded;
    cr_assert_eq(gradus_model_save(context, net, NULL, file.path), GRADUS_OK);
    size_t size = slurp(&file, bytes, sizeof bytes), held = counter.live_bytes, tried = 0, refused = 0;
    size_t header = 8 + bytes[0] + 256u * bytes[1];
    int out = open(file.path, O_WRONLY);
    counter.greatest = 0;
    for (size_t at = 0; at < header; at++) {
        for (size_t i = at % 3; i < sizeof replacements; i += 3) {
            cr_assert_eq(pwrite(out, &replacements[i], 1, (off_t)at), 1);
            gradus_status status = gradus_model_load(context, file.path, &loaded, NULL);
            cr_assert(status == GRADUS_OK || status == GRADUS_BAD_DATA, "byte %zu as %02x: %s", at, replacements[i], gradus_context_message(context));
            tried++;
            refused += status == GRADUS_BAD_DATA;
            gradus_net_destroy(context, loaded);
            cr_assert_eq(counter.live_bytes, held, "byte %zu as %02x leaks", at, replacements[i]);
        }
        cr_assert_eq(pwrite(out, &bytes[at], 1, (off_t)at), 1);
    }
    cr_assert_gt(refused, tried / 2);
    cr_assert_lt(counter.greatest, 16 * size + 65536);
    close(out);
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&counter);
    drop(&file);
}

Test(model, a_failed_allocation_is_only_that) {
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    gradus_net *net = make_net(context), *loaded = NULL;
    cr_assert_eq(gradus_model_save(context, net, NULL, file.path), GRADUS_OK);
    size_t held = counter.live_bytes;
    gradus_status status = GRADUS_OUT_OF_MEMORY;
    size_t failures = 0;
    for (size_t n = 1; status != GRADUS_OK; n++) {
        counter.asked = 0;
        counter.refuse_at = n;
        status = gradus_model_load(context, file.path, &loaded, NULL);
        cr_assert(status == GRADUS_OK || (status == GRADUS_OUT_OF_MEMORY && loaded == NULL && counter.live_bytes == held), "allocation %zu", n);
        failures += status != GRADUS_OK;
    }
    cr_assert_gt(failures, 3);
    status = GRADUS_OUT_OF_MEMORY;
    for (size_t n = 1; status != GRADUS_OK; n++) {
        counter.asked = 0;
        counter.refuse_at = n;
        size_t before = counter.live_bytes;
        status = gradus_model_save(context, net, NULL, file.path);
        cr_assert(status == GRADUS_OK || status == GRADUS_OUT_OF_MEMORY, "allocation %zu: %s", n, gradus_context_message(context));
        cr_assert_eq(counter.live_bytes, before);
    }
    counter.refuse_at = 0;
    gradus_net_destroy(context, net);
    gradus_net_destroy(context, loaded);
    gradus_context_destroy(context);
    counting_check(&counter);
    drop(&file);
}

/* A width that only the text claims must not reserve memory for it. */
Test(model, claims_cost_nothing) {
    counting counter;
    struct file file = make_file();
    gradus_context *context = counting_context(&counter);
    gradus_net *loaded;
    put_header(&file,
               "{\"__metadata__\":{\"format\":\"gradus-model/1\",\"inputs\":\"16777216\",\"layers\":\"16777216:relu\",\"loss\":\"mse\"},"
               "\"layers.0.weight\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]},\"layers.0.bias\":{\"dtype\":\"F32\",\"shape\":[1],"
               "\"data_offsets\":[4,8]}}",
               8);
    counter.greatest = 0;
    cr_assert_eq(gradus_model_load(context, file.path, &loaded, NULL), GRADUS_BAD_DATA);
    cr_assert_lt(counter.greatest, 65536);
    gradus_context_destroy(context);
    counting_check(&counter);
    drop(&file);
}

Test(model, a_file_that_is_not_there) {
    counting counter;
    gradus_context *context = counting_context(&counter);
    gradus_net *net = make_net(context), *loaded;
    cr_assert_eq(gradus_model_load(context, "/tmp/gradus-no-such-file", &loaded, NULL), GRADUS_IO);
    cr_assert_not_null(strstr(gradus_context_message(context), "/tmp/gradus-no-such-file"));
    cr_assert_eq(gradus_model_save(context, net, NULL, "/proc/no-such/model"), GRADUS_IO);
    cr_assert_not_null(strstr(gradus_context_message(context), "/proc/no-such/model"));
    gradus_net_destroy(context, net);
    gradus_context_destroy(context);
    counting_check(&counter);
}
