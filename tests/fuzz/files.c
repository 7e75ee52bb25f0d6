/* A libFuzzer target: model and checkpoint files. Whatever the bytes, the readers return, without a leak, and a file that is refused changes nothing.
 *
 * An input's first byte says what it stands for: bit 0, a model or a checkpoint; bit 1, whole files as they are, or else the header's text up to a 0 byte
 * and then the tensors' bytes, from which a file with the right length and check is made, so that the fuzzer need not guess those. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gradus/gradus.h>

#include "base/bytes.h"
#include "base/crc64.h"

enum { MODEL = 1, RAW = 2, MOST = 1 << 16 };

static gradus_context *context;
static gradus_net *net;
static gradus_optimizer *optimizer;
static char net_digest[65];
static int file = -1;
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "%s: %s\n", what, gradus_context_message(context));
    abort();
}

static void make_run(void) {
    static const gradus_layer layers[] = {{2, GRADUS_ACTIVATION_TANH, 0}, {1, GRADUS_ACTIVATION_IDENTITY, 0}};
    gradus_net_config config;
    gradus_optimizer_config adam;
    gradus_net_config_init(&config);
    config.inputs = 3;
    config.layers = layers;
    config.layer_count = 2;
    config.loss = GRADUS_LOSS_MSE;
    gradus_optimizer_config_init(&adam, GRADUS_OPTIMIZER_ADAM);
    demand(gradus_net_create(context, &config, &net) == GRADUS_OK, "net");
    demand(gradus_net_optimizer_create(context, net, &adam, &optimizer) == GRADUS_OK, "optimizer");
    demand(gradus_net_sha256(context, net, net_digest) == GRADUS_OK, "digest");
}

/* A good file as an input in both forms. */
static void write_seed(const char *folder, const char *name, unsigned flags) {
    char from[512], to[512];
    static uint8_t bytes[MOST];
    snprintf(from, sizeof from, "%s/%s.file", folder, name);
    FILE *in = fopen(from, "rb");
    const size_t size = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    demand(size > 16, from);
    fclose(in);
    unlink(from);
    for (unsigned raw = 0; raw <= RAW; raw += RAW) {
        snprintf(to, sizeof to, "%s/%s-%u", folder, name, raw);
        FILE *out = fopen(to, "wb");
        demand(out != NULL, to);
        const size_t header = (size_t)gd_load_u64le(bytes), tail = flags & MODEL ? 0 : 8;
        fputc((int)(flags | raw), out);
        if (raw) {
            fwrite(bytes, 1, size, out);
        } else {
            fwrite(bytes + 8, 1, header, out);
            fputc(0, out);
            fwrite(bytes + 8 + header, 1, size - 8 - header - tail, out);
        }
        fclose(out);
    }
}

static void write_seeds(const char *folder) {
    char name[512];
    gradus_checkpoint_contents contents;
    gradus_checkpoint_contents_init(&contents);
    contents.net = contents.best = net;
    contents.optimizer = optimizer;
    contents.configuration = "data = digits\n";
    snprintf(name, sizeof name, "%s/checkpoint.file", folder);
    demand(gradus_checkpoint_save(context, name, &contents) == GRADUS_OK, "seed");
    write_seed(folder, "checkpoint", 0);
    snprintf(name, sizeof name, "%s/model.file", folder);
    demand(gradus_model_save(context, net, "{}", name) == GRADUS_OK, "seed");
    write_seed(folder, "model", MODEL);
}

/* `--seeds FOLDER` writes inputs to begin with, and ends. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    gradus_context_config config;
    gradus_context_config_init(&config);
    config.threads = 1;
    if (gradus_context_create(&config, &context) != GRADUS_OK) abort();
    make_run();
    if (*argc == 3 && strcmp((*argv)[1], "--seeds") == 0) {
        write_seeds((*argv)[2]);
        exit(0);
    }
    file = memfd_create("gradus-fuzz", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return 0;
}

static void put(const void *bytes, size_t size) { demand(size == 0 || write(file, bytes, size) == (ssize_t)size, "write"); }

/* The file that the input stands for. */
static void put_file(const uint8_t *data, size_t size, unsigned flags) {
    static uint8_t bytes[MOST + 16];
    demand(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0, "truncate");
    if (flags & RAW) {
        put(data, size);
        return;
    }
    const uint8_t *end = memchr(data, 0, size);
    const size_t header = end ? (size_t)(end - data) : size, rest = end ? size - header - 1 : 0;
    gd_store_u32le(bytes, (uint32_t)header);
    gd_store_u32le(bytes + 4, 0);
    memcpy(bytes + 8, data, header);
    if (rest) memcpy(bytes + 8 + header, end + 1, rest);
    size_t total = 8 + header + rest;
    if (!(flags & MODEL)) {
        const uint64_t check = gd_crc64(bytes, total);
        gd_store_u32le(bytes + total, (uint32_t)check);
        gd_store_u32le(bytes + total + 4, (uint32_t)(check >> 32));
        total += 8;
    }
    put(bytes, total);
}

static void try_model(void) {
    gradus_net *loaded;
    char *schema, digest[65];
    const gradus_status status = gradus_model_load(context, path, &loaded, &schema);
    demand((status == GRADUS_OK) == (loaded != NULL), "model");
    demand(status == GRADUS_OK || (!schema && gradus_context_message(context)[0]), "model's message");
    if (status == GRADUS_OK) demand(gradus_net_sha256(context, loaded, digest) == GRADUS_OK, "digest");
    gradus_text_release(context, schema);
    gradus_net_destroy(context, loaded);
}

static void try_checkpoint(void) {
    gradus_checkpoint *checkpoint;
    gradus_checkpoint_info info = {.struct_size = sizeof info};
    char digest[65];
    if (gradus_checkpoint_open(context, path, &checkpoint) != GRADUS_OK) return;
    gradus_checkpoint_describe(checkpoint, &info);
    demand(info.path && info.configuration && strlen(info.configuration) < MOST, "info");
    const gradus_status status = gradus_checkpoint_restore(context, checkpoint, net, optimizer, NULL);
    demand(gradus_net_sha256(context, net, digest) == GRADUS_OK, "digest");
    demand(status == GRADUS_OK || strcmp(digest, net_digest) == 0, "refused, but the net has changed");
    strcpy(net_digest, digest);
    gradus_checkpoint_close(context, checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > MOST) return -1;
    put_file(data + 1, size - 1, data[0]);
    if (data[0] & MODEL) {
        try_model();
    } else {
        try_checkpoint();
    }
    return 0;
}
