/* GPT-2 in C: not fast, but right, and short enough to read. Weights are read as float32, sums are double. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

struct cache { int length; float kv[]; }; /* [layer][key or value][position][D] */

const char *const model_type = "gpt2";
int vocab_size;
static int D, H, L, P, F; /* hidden size, heads, layers, positions, intermediate size */
static double eps;
static int erf_gelu, scale, inverse_layer;
static char *config, *file;

const char *value(const char *json, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *at = strstr(json, quoted);
    return at ? at + strlen(quoted) + strspn(at + strlen(quoted), " :") : NULL;
}

static char *read_all(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    rewind(in);
    char *text = calloc(1, size + 1);
    size_t read = fread(text, 1, size, in);
    fclose(in);
    return read == (size_t)size ? text : NULL;
}

static int integer(const char *key, int otherwise) {
    const char *at = value(config, key);
    return !at || *at == 'n' ? otherwise : *at == 't' ? 1 : atoi(at);
}

/* A number of an F32, F16 or BF16 tensor. */
static float element(const char *type, const char *data, long index) {
    float result;
    if (!strncmp(type, "F32", 3)) {
        memcpy(&result, data + 4 * index, 4);
        return result;
    }
    uint16_t half;
    memcpy(&half, data + 2 * index, 2);
    if (!strncmp(type, "BF16", 4)) {
        uint32_t bits = (uint32_t)half << 16;
        memcpy(&result, &bits, 4);
        return result;
    }
    int exponent = half >> 10 & 31, fraction = half & 1023;
    double size = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return (float)(half & 0x8000 ? -size : size);
}

/* The tensor of a layer, or of the model if layer is -1; NULL if there is none. Read once. */
static const float *tensor(int layer, const char *name) {
    static struct { char name[64]; float *values; } read[4096];
    char full[64];
    if (layer < 0) snprintf(full, sizeof full, "%s", name);
    else snprintf(full, sizeof full, "h.%d.%s", layer, name);
    int i = 0;
    for (; *read[i].name; i++) if (!strcmp(read[i].name, full)) return read[i].values;
    uint64_t header;
    memcpy(&header, file, 8);
    const char *entry = value(file + 8, full);
    if (!entry) return NULL;
    const char *type = value(entry, "dtype") + 1;
    char *comma;
    long from = strtol(value(entry, "data_offsets") + 1, &comma, 10), to = strtol(comma + 1, NULL, 10);
    long count = (to - from) / (*type == 'F' && type[1] == '3' ? 4 : 2);
    strcpy(read[i].name, full);
    read[i].values = malloc(count * sizeof(float));
    for (long j = 0; j < count; j++) read[i].values[j] = element(type, file + 8 + header + from, j);
    return read[i].values;
}

int load(const char *folder) {
    config = read_all(folder, "config.json");
    file = read_all(folder, "model.safetensors");
    if (!config || !file) return 0;
    vocab_size = integer("vocab_size", 50257);
    D = integer("n_embd", 768), H = integer("n_head", 12), L = integer("n_layer", 12), P = integer("n_positions", 1024);
    F = integer("n_inner", 4 * D);
    const char *at = value(config, "layer_norm_epsilon");
    eps = at ? atof(at) : 1e-5;
    scale = !value(config, "scale_attn_weights") || integer("scale_attn_weights", 0);
    inverse_layer = integer("scale_attn_by_inverse_layer_idx", 0);
    at = value(config, "activation_function");
    erf_gelu = at && !strncmp(at, "\"gelu\"", 6);
    return 1;
}

struct cache *new_cache(void) { return calloc(1, sizeof(struct cache) + sizeof(float) * L * 2 * P * D); }

int length(const struct cache *cache) { return cache->length; }

/* y = x·W + b, W [in][out]. */
static void linear(int layer, const char *weight, const char *bias, const float *x, int in, float *y, int out) {
    const float *w = tensor(layer, weight), *b = tensor(layer, bias);
    for (int o = 0; o < out; o++) {
        double sum = b[o];
        for (int i = 0; i < in; i++) sum += (double)x[i] * w[(long)i * out + o];
        y[o] = (float)sum;
    }
}

static void norm(int layer, const char *weight, const char *bias, const float *x, float *y) {
    const float *w = tensor(layer, weight), *b = tensor(layer, bias);
    double mean = 0, variance = 0;
    for (int i = 0; i < D; i++) mean += x[i] / (double)D;
    for (int i = 0; i < D; i++) variance += (x[i] - mean) * (x[i] - mean) / D;
    for (int i = 0; i < D; i++) y[i] = (float)((x[i] - mean) / sqrt(variance + eps) * w[i] + b[i]);
}

static double gelu(double v) {
    return erf_gelu ? v / 2 * (1 + erf(v * 0.70710678118654752440))
                    : v / 2 * (1 + tanh(0.79788456080286535588 * (v + 0.044715 * v * v * v)));
}

/* One head of the newest token, d wide: its query against all keys so far, which lie D apart. */
static void attend(const float *query, const float *keys, const float *values, int count, int d, double divisor,
                   float *context) {
    double p[count], most = -INFINITY, total = 0;
    for (int s = 0; s < count; s++) {
        p[s] = 0;
        for (int i = 0; i < d; i++) p[s] += (double)query[i] * keys[(long)s * D + i];
        p[s] /= divisor;
        most = fmax(most, p[s]);
    }
    for (int s = 0; s < count; s++) total += p[s] = exp(p[s] - most);
    for (int i = 0; i < d; i++) {
        double sum = 0;
        for (int s = 0; s < count; s++) sum += p[s] / total * values[(long)s * D + i];
        context[i] = (float)sum;
    }
}

int forward(struct cache *cache, long token, float *logits) {
    if (token < 0 || token >= vocab_size || cache->length >= P) return 0;
    int d = D / H, at = cache->length++;
    float x[D], normed[D], qkv[3 * D], context[D], inner[F], added[D];
    for (int i = 0; i < D; i++) x[i] = tensor(-1, "wte.weight")[token * D + i] + tensor(-1, "wpe.weight")[(long)at * D + i];
    for (int layer = 0; layer < L; layer++) {
        float *keys = cache->kv + (long)layer * 2 * P * D, *values = keys + (long)P * D;
        norm(layer, "ln_1.weight", "ln_1.bias", x, normed);
        linear(layer, "attn.c_attn.weight", "attn.c_attn.bias", normed, D, qkv, 3 * D);
        memcpy(keys + (long)at * D, qkv + D, D * sizeof(float));
        memcpy(values + (long)at * D, qkv + 2 * D, D * sizeof(float));
        double divisor = (scale ? sqrt(d) : 1) * (inverse_layer ? layer + 1 : 1);
        for (int h = 0; h < H; h++)
            attend(qkv + h * d, keys + h * d, values + h * d, at + 1, d, divisor, context + h * d);
        linear(layer, "attn.c_proj.weight", "attn.c_proj.bias", context, D, added, D);
        for (int i = 0; i < D; i++) x[i] += added[i];
        norm(layer, "ln_2.weight", "ln_2.bias", x, normed);
        linear(layer, "mlp.c_fc.weight", "mlp.c_fc.bias", normed, D, inner, F);
        for (int i = 0; i < F; i++) inner[i] = (float)gelu(inner[i]);
        linear(layer, "mlp.c_proj.weight", "mlp.c_proj.bias", inner, F, added, D);
        for (int i = 0; i < D; i++) x[i] += added[i];
    }
    norm(-1, "ln_f.weight", "ln_f.bias", x, normed);
    const float *head = tensor(-1, "lm_head.weight") ? tensor(-1, "lm_head.weight") : tensor(-1, "wte.weight");
    for (int v = 0; v < vocab_size; v++) {
        double sum = 0;
        for (int i = 0; i < D; i++) sum += (double)normed[i] * head[(long)v * D + i];
        logits[v] = (float)sum;
    }
    return 1;
}
