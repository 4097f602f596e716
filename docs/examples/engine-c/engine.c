/* An engine for Assay in C: the protocol of docs/stdio-protocol.md around the model in gpt2.c.
 *
 *     cc -O2 -o engine docs/examples/engine-c/engine.c docs/examples/engine-c/gpt2.c -lm
 *     ./assay verify --architecture gpt2 --engine-command ./engine
 *
 * JSON is searched and not parsed, which is enough for requests: their field names occur once. Little-endian only. */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

static struct cache *sessions[64];
static int all_positions[64];

static int is(const char *line, const char *key, const char *word) {
    const char *at = value(line, key);
    return at && *at == '"' && !strncmp(at + 1, word, strlen(word)) && at[1 + strlen(word)] == '"';
}

/* Appends tokens and answers with the logits of all of them, or of the last. */
static void predict(const char *line, long id, long session) {
    static float *logits;
    const char *at = value(line, "token");
    if (!at) at = value(line, "tokens") + 1;
    int rows = 0;
    while (*at && *at != ']' && *at != '}') {
        logits = realloc(logits, (rows + 1) * (size_t)vocab_size * sizeof *logits);
        if (!forward(sessions[session], strtol(at, (char **)&at, 10), logits + (size_t)rows * vocab_size)) {
            printf("{\"id\":%ld,\"error\":{\"kind\":\"ILLEGAL_ARGUMENT\",\"message\":\"no such token or position\"}}\n", id);
            return;
        }
        rows++;
        at += *at == ',';
        if (!value(line, "tokens")) break;
    }
    int first = all_positions[session] ? 0 : rows - 1;
    uint32_t bytes = (uint32_t)((rows - first) * (size_t)vocab_size * sizeof *logits);
    printf("{\"id\":%ld,\"length\":%d,\"kv_cache_bytes\":null,\"taps\":[],\"routed_experts\":[],"
           "\"prediction\":{\"kind\":\"logits\",\"rows\":%d,\"columns\":%d}}\n",
           id, sessions[session]->length, rows - first, vocab_size);
    fwrite(&bytes, sizeof bytes, 1, stdout);
    fwrite(logits + (size_t)first * vocab_size, 1, bytes, stdout);
}

int main(void) {
    char *line = NULL;
    for (size_t size = 0; getline(&line, &size, stdin) > 0; fflush(stdout)) {
        long id = strtol(value(line, "id"), NULL, 10);
        long session = value(line, "session") ? strtol(value(line, "session"), NULL, 10) : id % 64;
        if (is(line, "op", "hello")) {
            printf("{\"id\":%ld,\"protocol\":\"assay-stdio/1\",\"engine\":{\"id\":\"c-example\",\"title\":\"GPT-2 in C\","
                   "\"version\":\"1\",\"compute\":\"FLOAT32\"}}\n", id);
        } else if (is(line, "op", "supports")) {
            printf(is(line, "model_type", model_type)
                   ? "{\"id\":%ld,\"support\":{\"kind\":\"supported\",\"capabilities\":[\"FULL_LOGITS\",\"ALL_POSITIONS\","
                     "\"CHUNKED_PREFILL\",\"CONCURRENT_SESSIONS\"]}}\n"
                   : "{\"id\":%ld,\"support\":{\"kind\":\"unsupported\",\"reason\":\"it runs one model_type only\"}}\n", id);
        } else if (is(line, "op", "load")) {
            char *folder = (char *)value(line, "folder") + 1;
            *strchr(folder, '"') = 0;
            printf(load(folder)
                   ? "{\"id\":%ld,\"execution\":{\"backend\":\"c\",\"vector_bits\":0,\"threads\":1,\"decisions\":[]},"
                     "\"footprint\":{\"weight_bytes\":0,\"kv_cache_element_bytes\":8}}\n"
                   : "{\"id\":%ld,\"error\":{\"kind\":\"CHECKPOINT\",\"message\":\"cannot use this folder\"}}\n", id);
        } else if (is(line, "op", "prefill") || is(line, "op", "decode")) {
            predict(line, id, session);
        } else if (is(line, "op", "open") || is(line, "op", "reset")) {
            if (is(line, "op", "open")) all_positions[session] = is(line, "logits", "ALL_POSITIONS");
            free(sessions[session]);
            sessions[session] = new_cache();
            printf(is(line, "op", "open") ? "{\"id\":%ld,\"session\":%ld,\"kv_cache_bytes\":null}\n"
                                          : "{\"id\":%ld,\"kv_cache_bytes\":null}\n", id, session);
        } else {
            printf("{\"id\":%ld}\n", id);
        }
    }
    return 0;
}
