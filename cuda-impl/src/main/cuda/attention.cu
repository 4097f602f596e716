// Attention over cached rows. A cache is a ring: the row of position p is slot p mod capacity, heads side by side.
#include "device.h"

template <typename C>
DEVICE void store(void *cache, long index, float value) {
    if constexpr (C::BYTES == 2) {
        ((unsigned short *)cache)[index] = to_bf16(value);
    } else {
        ((float *)cache)[index] = value;
    }
}

// ------------------------------------------------------------------------------------------------- before the attention

// How the pairs of a head turn; numbers that Java gives.
constexpr int NOT_TURNED = 0;
constexpr int HALF_SPLIT = 1; // pairs (j, j + pairs)
constexpr int INTERLEAVED = 2; // pairs (2j, 2j + 1)

// The position's cos and sin, `[max context][pairs]`.
struct Turn {
    int kind;
    int pairs;
    const float *cosines;
    const float *sines;
};

// Turns the first 2 · pairs numbers of a head, of which each thread of the warp has some pairs.
DEVICE void turn(float *head, Turn by, int position) {
    if (by.kind == NOT_TURNED) {
        return;
    }
    for (int j = lane(); j < by.pairs; j += WARP) {
        float cosine = by.cosines[(long)position * by.pairs + j];
        float sine = by.sines[(long)position * by.pairs + j];
        int a = by.kind == HALF_SPLIT ? j : 2 * j;
        int b = by.kind == HALF_SPLIT ? j + by.pairs : 2 * j + 1;
        float x = head[a];
        float y = head[b];
        head[a] = x * cosine - y * sine;
        head[b] = y * cosine + x * sine;
    }
}

DEVICE float inverse_root_mean_square(const float *x, int width, float eps) {
    float squares = 0;
    for (int i = lane(); i < width; i += WARP) {
        squares = fmaf(x[i], x[i], squares);
    }
    return (float)(1 / sqrt((double)warp_sum(squares) / width + eps));
}

// What happens to the heads of a token between projection and attention: norm with a gain, rotation, norm without one,
// heat; then keys and values go to the cache. x is `[tokens][queries | keys | values]`, heads of `width`; queries stay
// there. A warp has a head, blockIdx.y is the token.
//
// query_gain, key_gain and value_gain may be null, for no norm; eps_after is negative for no norm after rotation;
// heat is [max context] factors of queries, or null. kv_heads is 0 in layers that attend to another's cache.
constexpr int HEADS_A_BLOCK = 8;
constexpr int WIDEST_HEAD = 256;

template <typename C>
DEVICE void prepare_heads(float *x, int stride, int query_heads, int kv_heads, int width, const float *query_gain,
                          const float *key_gain, const float *value_gain, float query_eps, float key_eps,
                          float value_eps, float eps_after, Turn by, const float *heat, void *keys, void *values, int capacity, const int *pass) {
    begin();
    const int head = blockIdx.x * warps() + warp();
    if (head >= query_heads + 2 * kv_heads) {
        return;
    }
    x += (long)blockIdx.y * stride + (long)head * width;
    const int position = pass[1] + blockIdx.y;
    const bool is_query = head < query_heads;
    const bool is_value = head >= query_heads + kv_heads;
    SHARED float rows[HEADS_A_BLOCK][WIDEST_HEAD];
    float *row = rows[warp()];
    const float *gain = is_query ? query_gain : is_value ? value_gain : key_gain;
    const float eps = is_query ? query_eps : is_value ? value_eps : key_eps;
    const float factor = gain == nullptr ? 1 : inverse_root_mean_square(x, width, eps);
    for (int i = lane(); i < width; i += WARP) {
        row[i] = gain == nullptr ? x[i] : x[i] * factor * gain[i];
    }
    synchronize_warp();
    if (!is_value) {
        turn(row, by, position);
        synchronize_warp();
        if (eps_after >= 0) {
            float after = inverse_root_mean_square(row, width, eps_after);
            for (int i = lane(); i < width; i += WARP) {
                row[i] *= after;
            }
        }
    }
    if (is_query) {
        float warmth = heat == nullptr ? 1 : heat[position];
        for (int i = lane(); i < width; i += WARP) {
            x[i] = row[i] * warmth;
        }
    } else {
        int kv_head = (head - query_heads) % kv_heads;
        long at = ((long)(position % capacity) * kv_heads + kv_head) * width;
        for (int i = lane(); i < width; i += WARP) {
            store<C>(is_value ? values : keys, at + i, row[i]);
        }
    }
}

#define DEFINE(name, C)                                                                                                \
    KERNEL(prepare_heads_##name, float *x, int stride, int query_heads, int kv_heads, int width,                       \
           const float *query_gain, const float *key_gain, const float *value_gain, float query_eps, float key_eps,    \
           float value_eps, float eps_after,                                                                           \
           int turn_kind, int pairs, const float *cosines, const float *sines, const float *heat, void *keys,          \
           void *values, int capacity, const int *pass) {                                                              \
        prepare_heads<C>(x, stride, query_heads, kv_heads, width, query_gain, key_gain, value_gain, query_eps, key_eps, value_eps, eps_after, \
                         {turn_kind, pairs, cosines, sines}, heat, keys, values, capacity, pass);                      \
    }
FOR_CACHES(DEFINE)
#undef DEFINE

// The same for latent attention: the turning part of every query head is turned, in place; the latent, which is
// normalised already, and behind it the turned key go to the cache as one row. x is `[tokens][heads · (nope + rope)]`,
// compressed `[tokens][latent + rope]`. A warp has a query head or, the last, the cached row; blockIdx.y is the token.
template <typename C>
DEVICE void prepare_latents(float *x, int stride, int heads, int nope, int rope, float *compressed,
                            int compressed_stride, int latent, Turn by, void *rows, int capacity, const int *pass) {
    begin();
    const int head = blockIdx.x * warps() + warp();
    const int position = pass[1] + blockIdx.y;
    if (head < heads) {
        turn(x + (long)blockIdx.y * stride + head * (nope + rope) + nope, by, position);
    } else if (head == heads) {
        float *row = compressed + (long)blockIdx.y * compressed_stride;
        turn(row + latent, by, position);
        synchronize_warp();
        long at = (long)(position % capacity) * (latent + rope);
        for (int i = lane(); i < latent + rope; i += WARP) {
            store<C>(rows, at + i, row[i]);
        }
    }
}

#define DEFINE(name, C)                                                                                                \
    KERNEL(prepare_latents_##name, float *x, int stride, int heads, int nope, int rope, float *compressed,             \
           int compressed_stride, int latent, int turn_kind, int pairs, const float *cosines, const float *sines,      \
           void *rows, int capacity, const int *pass) {                                                                \
        prepare_latents<C>(x, stride, heads, nope, rope, compressed, compressed_stride, latent,                        \
                           {turn_kind, pairs, cosines, sines}, rows, capacity, pass);                                  \
    }
FOR_CACHES(DEFINE)
#undef DEFINE

// ------------------------------------------------------------------------------------------------------------ attention

// Values of a head are at most this many times the threads of a block.
constexpr int VALUES_A_THREAD = 8;

// softmax(scale · q·k) over the visible positions, times their values, without keeping the scores: a block takes as many
// positions at a time as it has threads, and rescales what it has when a higher score comes.
//
// A block has the query head blockIdx.x of token blockIdx.y, and part blockIdx.z of `parts` of its positions. With one
// part it writes the result to `to`, else highest score, sum and unscaled result, `value_width + 2` numbers, to
// `partial[head][part]`. Keys are `key_width` numbers, `kv_heads` side by side; value rows likewise of `value_stride`,
// of which the first `value_width` count. Latent attention has one head whose value is the beginning of its key.
template <typename C>
DEVICE void attend(float *to, int to_stride, const float *q, int q_stride, const void *keys, const void *values,
                   int key_width, int value_width, int value_stride, int group, int kv_heads, float scale, int mask,
                   int mask_size, int capacity, float *partial, const int *pass) {
    begin();
    const int head = blockIdx.x;
    const int kv_head = head / group;
    const int position = pass[1] + blockIdx.y;
    const int visible = first_visible(mask, mask_size, position);
    const int parts = gridDim.z;
    const int each = (position + 1 - visible + parts - 1) / parts;
    const int start = visible + blockIdx.z * each;
    const int end = start + each < position + 1 ? start + each : position + 1;
    float *query = dynamic_shared; // [key_width]
    float *weights = dynamic_shared + (key_width + 3) / 4 * 4; // [threads]
    q += (long)blockIdx.y * q_stride + (long)head * key_width;
    for (int i = threadIdx.x; i < key_width; i += blockDim.x) {
        query[i] = q[i];
    }
    float highest = NEGATIVE_INFINITY;
    float sum = 0;
    float result[VALUES_A_THREAD] = {};
    const bool eights = key_width % 8 == 0 && (long)kv_heads * key_width % 8 == 0;
    for (int block = start; block < end; block += blockDim.x) {
        synchronize_block();
        const int key = block + threadIdx.x;
        float score = NEGATIVE_INFINITY;
        if (key < end) {
            const long row = ((long)(key % capacity) * kv_heads + kv_head) * key_width;
            float dot = 0;
            if (eights) {
                for (int i = 0; i < key_width; i += 8) {
                    float k[8];
                    C::decode(C::read(keys, row + i), k);
                    for (int j = 0; j < 8; j++) {
                        dot = fmaf(k[j], query[i + j], dot);
                    }
                }
            } else {
                for (int i = 0; i < key_width; i++) {
                    dot = fmaf(C::at(keys, row + i), query[i], dot);
                }
            }
            score = dot * scale;
        }
        const float higher = fmaxf(highest, block_max(score));
        const float rescale = highest == NEGATIVE_INFINITY ? 0 : expf(highest - higher);
        const float weight = key < end ? expf(score - higher) : 0;
        weights[threadIdx.x] = weight;
        sum = sum * rescale + block_sum(weight);
        highest = higher;
        const int count = end - block < (int)blockDim.x ? end - block : (int)blockDim.x;
        for (int v = 0; v < VALUES_A_THREAD; v++) {
            const int i = v * blockDim.x + threadIdx.x;
            if (i < value_width) {
                float more = result[v] * rescale;
                for (int k = 0; k < count; k++) {
                    const long row = ((long)((block + k) % capacity) * kv_heads + kv_head) * value_stride;
                    more = fmaf(weights[k], C::at(values, row + i), more);
                }
                result[v] = more;
            }
        }
    }
    if (parts == 1) {
        to += (long)blockIdx.y * to_stride + (long)head * value_width;
        for (int v = 0; v < VALUES_A_THREAD; v++) {
            const int i = v * blockDim.x + threadIdx.x;
            if (i < value_width) {
                to[i] = result[v] / sum;
            }
        }
    } else {
        partial += ((long)head * parts + blockIdx.z) * (value_width + 2);
        for (int v = 0; v < VALUES_A_THREAD; v++) {
            const int i = v * blockDim.x + threadIdx.x;
            if (i < value_width) {
                partial[2 + i] = result[v];
            }
        }
        if (threadIdx.x == 0) {
            partial[0] = highest;
            partial[1] = sum;
        }
    }
}

#define DEFINE(name, C)                                                                                                \
    KERNEL(attend_##name, float *to, int to_stride, const float *q, int q_stride, const void *keys,                    \
           const void *values, int key_width, int value_width, int value_stride, int group, int kv_heads, float scale, \
           int mask, int mask_size, int capacity, float *partial, const int *pass) {                                   \
        attend<C>(to, to_stride, q, q_stride, keys, values, key_width, value_width, value_stride, group, kv_heads,     \
                  scale, mask, mask_size, capacity, partial, pass);                                                    \
    }
FOR_CACHES(DEFINE)
#undef DEFINE

// Joins the parts of one token's attention. A part that had no positions has no highest score. blockIdx.x is the head.
KERNEL(join_parts, float *to, const float *partial, int parts, int value_width) {
    begin();
    partial += (long)blockIdx.x * parts * (value_width + 2);
    float highest = NEGATIVE_INFINITY;
    for (int p = 0; p < parts; p++) {
        highest = fmaxf(highest, partial[(long)p * (value_width + 2)]);
    }
    float sum = 0;
    for (int p = 0; p < parts; p++) {
        const float *part = partial + (long)p * (value_width + 2);
        sum = fmaf(expf(part[0] - highest), part[1], sum);
    }
    for (int i = threadIdx.x; i < value_width; i += blockDim.x) {
        float result = 0;
        for (int p = 0; p < parts; p++) {
            const float *part = partial + (long)p * (value_width + 2);
            result = fmaf(expf(part[0] - highest), part[2 + i], result);
        }
        to[(long)blockIdx.x * value_width + i] = result / sum;
    }
}
