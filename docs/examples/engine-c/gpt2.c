/* GPT-2 in C: not fast, but right, and short enough to read. Weights are decoded where they lie, all else is double. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

struct tensor { const char *type, *data; };

const char *const model_type = "gpt2";
int vocab_size;
static int D, H, L, P, F; /* hidden size, heads, layers, positions, intermediate size */
static char *config, *file;

const char *value(const char *json, const char *key) {
    char quoted[64];
    int size = snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *at = strstr(json, quoted);
    return at ? at + size + strspn(at + size, " :") : NULL;
}

/* A number or truth value of the configuration. */
static double number(const char *key, double otherwise) {
    const char *at = value(config, key);
    return !at || *at == 'n' ? otherwise : *at == 't' ? 1 : atof(at);
}

static char *read_all(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    fseek(in, 0, SEEK_END);
    size_t size = ftell(in);
    rewind(in);
    char *text = calloc(1, size + 1);
    size_t read = fread(text, 1, size, in);
    fclose(in);
    return read == size ? text : NULL;
}

int load(const char *folder) {
    config = read_all(folder, "config.json");
    file = read_all(folder, "model.safetensors");
    if (!config || !file) return 0;
    vocab_size = number("vocab_size", 50257);
    D = number("n_embd", 768), H = number("n_head", 12), L = number("n_layer", 12), P = number("n_positions", 1024);
    F = number("n_inner", 4 * D);
    return 1;
}

/* Its numbers are queries, keys and values: [layer][position][3·D]. */
struct cache *new_cache(void) { return calloc(1, sizeof(struct cache) + sizeof(double) * L * P * 3 * D); }

/* The tensor h.LAYER.NAME+KIND, or NAME+KIND if layer is -1; its data is NULL if there is none. */
static struct tensor tensor(int layer, const char *name, const char *kind) {
    char full[64];
    int start = layer < 0 ? 0 : snprintf(full, sizeof full, "h.%d.", layer);
    snprintf(full + start, sizeof full - start, "%s%s", name, kind);
    const char *entry = value(file + 8, full);
    if (!entry) return (struct tensor){NULL, NULL};
    uint64_t header;
    memcpy(&header, file, 8);
    long offset = strtol(value(entry, "data_offsets") + 1, NULL, 10);
    return (struct tensor){value(entry, "dtype") + 1, file + 8 + header + offset};
}

static double element(struct tensor t, long index) {
    float result = 0;
    _Float16 half;
    if (*t.type == 'B') memcpy((char *)&result + 2, t.data + 2 * index, 2); /* BF16: the upper half of a float */
    else if (t.type[1] == '3') memcpy(&result, t.data + 4 * index, 4);
    else memcpy(&half, t.data + 2 * index, 2), result = half;
    return result;
}

/* x times every step-th element from the first. */
static double dot(const double *x, struct tensor t, long first, long step, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += x[i] * element(t, first + i * step);
    return sum;
}

/* y = x·W + b, W [in][out]. */
static void linear(int layer, const char *name, const double *x, int in, double *y, int out) {
    struct tensor w = tensor(layer, name, ".weight"), b = tensor(layer, name, ".bias");
    for (int o = 0; o < out; o++) y[o] = dot(x, w, o, out, in) + element(b, o);
}

static void norm(int layer, const char *name, const double *x, double *y) {
    struct tensor w = tensor(layer, name, ".weight"), b = tensor(layer, name, ".bias");
    double mean = 0, variance = number("layer_norm_epsilon", 1e-5);
    for (int i = 0; i < D; i++) mean += x[i] / D;
    for (int i = 0; i < D; i++) variance += (x[i] - mean) * (x[i] - mean) / D;
    for (int i = 0; i < D; i++) y[i] = (x[i] - mean) / sqrt(variance) * element(w, i) + element(b, i);
}

static double gelu(double v) {
    const char *kind = value(config, "activation_function");
    if (kind && !strncmp(kind, "\"gelu\"", 6)) return v / 2 * (1 + erf(v / sqrt(2)));
    return v / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (v + 0.044715 * v * v * v)));
}

/* One head of the newest of all positions so far; the query, key and value of a position lie D apart. */
static void attend(const double *qkv, int positions, int d, double divisor, double *context) {
    const double *query = qkv + (positions - 1) * 3L * D, *keys = qkv + D, *values = qkv + 2 * D;
    double p[positions], most = -INFINITY, total = 0;
    for (int s = 0; s < positions; s++) {
        p[s] = 0;
        for (int i = 0; i < d; i++) p[s] += query[i] * keys[s * 3L * D + i] / divisor;
        most = fmax(most, p[s]);
    }
    for (int s = 0; s < positions; s++) total += p[s] = exp(p[s] - most);
    for (int i = 0; i < d; i++) {
        context[i] = 0;
        for (int s = 0; s < positions; s++) context[i] += p[s] / total * values[s * 3L * D + i];
    }
}

int forward(struct cache *cache, long token, float *logits) {
    if (token < 0 || token >= vocab_size || cache->length >= P) return 0;
    struct tensor wte = tensor(-1, "wte", ".weight"), wpe = tensor(-1, "wpe", ".weight");
    struct tensor head = tensor(-1, "lm_head", ".weight");
    double x[D], y[D], context[D], inner[F];
    int d = D / H;
    long at = cache->length++;
    for (int i = 0; i < D; i++) x[i] = element(wte, token * D + i) + element(wpe, at * D + i);
    for (int layer = 0; layer < L; layer++) {
        double *qkv = cache->numbers + (long)layer * P * 3 * D;
        norm(layer, "ln_1", x, y);
        linear(layer, "attn.c_attn", y, D, qkv + at * 3 * D, 3 * D);
        double divisor = number("scale_attn_weights", 1) ? sqrt(d) : 1;
        if (number("scale_attn_by_inverse_layer_idx", 0)) divisor *= layer + 1;
        for (int h = 0; h < D; h += d) attend(qkv + h, cache->length, d, divisor, context + h);
        linear(layer, "attn.c_proj", context, D, y, D);
        for (int i = 0; i < D; i++) x[i] += y[i];
        norm(layer, "ln_2", x, y);
        linear(layer, "mlp.c_fc", y, D, inner, F);
        for (int i = 0; i < F; i++) inner[i] = gelu(inner[i]);
        linear(layer, "mlp.c_proj", inner, F, y, D);
        for (int i = 0; i < D; i++) x[i] += y[i];
    }
    norm(-1, "ln_f", x, y);
    for (int v = 0; v < vocab_size; v++) logits[v] = dot(y, head.data ? head : wte, (long)v * D, 1, D);
    return 1;
}
