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

// Turns pair j of a head.
DEVICE void turn_pair(float *head, const Turn &by, int j, float cosine, float sine) {
    const int a = by.kind == HALF_SPLIT ? j : 2 * j;
    const int b = by.kind == HALF_SPLIT ? j + by.pairs : 2 * j + 1;
    const float x = head[a];
    const float y = head[b];
    head[a] = x * cosine - y * sine;
    head[b] = y * cosine + x * sine;
}

// Turns the first 2 · pairs numbers of a head, of which each thread of the warp has some pairs.
DEVICE void turn(float *head, const Turn &by, int position) {
    if (by.kind == NOT_TURNED) {
        return;
    }
    for (int j = lane(); j < by.pairs; j += WARP) {
        turn_pair(head, by, j, by.cosines[(long)position * by.pairs + j], by.sines[(long)position * by.pairs + j]);
    }
}

DEVICE float inverse_root_mean_square(const float *x, int width, float eps) {
    float squares = 0;
    for (int i = lane(); i < width; i += WARP) {
        squares = fmaf(x[i], x[i], squares);
    }
    return inverse_root(warp_sum(squares) / width, eps);
}

// Norms of heads by a gain, null for none, before they are turned; ε of one without gain after it, negative for none.
struct HeadNorms {
    const float *query_gain;
    const float *key_gain;
    const float *value_gain;
    float query_eps;
    float key_eps;
    float value_eps;
    float eps_after;
};

constexpr int QUERY = 0;
constexpr int KEY = 1;
constexpr int VALUE = 2;

constexpr int HEADS_A_BLOCK = 8;
constexpr int WIDEST_HEAD = 256;

// row = what x, a projected head of a token, becomes before attention: norm with a gain, rotation by the table's row at
// `position`, norm without gain, and for queries a factor. A warp has the head, and reads all that it needs at once.
DEVICE void prepare_head(float *row, const float *x, int kind, int width, const HeadNorms &norms, const Turn &by,
                         float warmth, int position) {
    constexpr int NUMBERS = WIDEST_HEAD / WARP; // of a lane
    const float *gain = kind == QUERY ? norms.query_gain : kind == KEY ? norms.key_gain : norms.value_gain;
    const float eps = kind == QUERY ? norms.query_eps : kind == KEY ? norms.key_eps : norms.value_eps;
    const bool turns = kind != VALUE && by.kind != NOT_TURNED;
    float in[NUMBERS];
    float gains[NUMBERS];
    float cosines[NUMBERS / 2] = {};
    float sines[NUMBERS / 2] = {};
#pragma unroll
    for (int n = 0; n < NUMBERS; n++) {
        const int i = n * WARP + lane();
        in[n] = i < width ? x[i] : 0;
        gains[n] = gain != nullptr && i < width ? gain[i] : 1;
    }
#pragma unroll
    for (int n = 0; n < NUMBERS / 2; n++) {
        const int j = n * WARP + lane();
        if (turns && j < by.pairs) {
            cosines[n] = by.cosines[(long)position * by.pairs + j];
            sines[n] = by.sines[(long)position * by.pairs + j];
        }
    }
    float factor = 1;
    if (gain != nullptr) {
        float squares = 0;
#pragma unroll
        for (int n = 0; n < NUMBERS; n++) {
            squares = fmaf(in[n], in[n], squares);
        }
        factor = inverse_root(warp_sum(squares) / width, eps);
    }
#pragma unroll
    for (int n = 0; n < NUMBERS; n++) {
        const int i = n * WARP + lane();
        if (i < width) {
            row[i] = in[n] * factor * gains[n];
        }
    }
    synchronize_warp();
    if (kind != VALUE) {
#pragma unroll
        for (int n = 0; n < NUMBERS / 2; n++) {
            const int j = n * WARP + lane();
            if (turns && j < by.pairs) {
                turn_pair(row, by, j, cosines[n], sines[n]);
            }
        }
        synchronize_warp();
        if (norms.eps_after >= 0) {
            float after = inverse_root_mean_square(row, width, norms.eps_after);
            for (int i = lane(); i < width; i += WARP) {
                row[i] *= after;
            }
        }
    }
    if (kind == QUERY && warmth != 1) {
        for (int i = lane(); i < width; i += WARP) {
            row[i] *= warmth;
        }
    }
}

// Prepares all heads of a token. x is `[tokens][queries | keys | values]`, heads of `width`; queries stay there, keys and
// values go to the cache. A warp has a head, blockIdx.y is the token. kv_heads is 0 in layers that attend to another's
// cache; heat is [max context] factors of queries, or null.
template <typename C>
DEVICE void prepare_heads(float *x, int stride, int query_heads, int kv_heads, int width, const HeadNorms &norms,
                          const Turn &by, const float *heat, void *keys, void *values, int capacity,
                          const int *pass) {
    begin();
    const int head = blockIdx.x * warps() + warp();
    if (head >= query_heads + 2 * kv_heads) {
        return;
    }
    x += (long)blockIdx.y * stride + (long)head * width;
    const int position = pass[1] + blockIdx.y;
    const int kind = head < query_heads ? QUERY : head < query_heads + kv_heads ? KEY : VALUE;
    SHARED float rows[HEADS_A_BLOCK][WIDEST_HEAD];
    float *row = rows[warp()];
    prepare_head(row, x, kind, width, norms, by, heat == nullptr ? 1 : heat[position], position);
    if (kind == QUERY) {
        for (int i = lane(); i < width; i += WARP) {
            x[i] = row[i];
        }
    } else {
        int kv_head = (head - query_heads) % kv_heads;
        long at = ((long)(position % capacity) * kv_heads + kv_head) * width;
        for (int i = lane(); i < width; i += WARP) {
            store<C>(kind == KEY ? keys : values, at + i, row[i]);
        }
    }
}

#define DEFINE(name, C)                                                                                                \
    KERNEL(prepare_heads_##name, float *x, int stride, int query_heads, int kv_heads, int width,                       \
           const float *query_gain, const float *key_gain, const float *value_gain, float query_eps, float key_eps,    \
           float value_eps, float eps_after,                                                                           \
           int turn_kind, int pairs, const float *cosines, const float *sines, const float *heat, void *keys,          \
           void *values, int capacity, const int *pass) {                                                              \
        prepare_heads<C>(x, stride, query_heads, kv_heads, width,                                                      \
                         {query_gain, key_gain, value_gain, query_eps, key_eps, value_eps, eps_after},                 \
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

// Parts of the positions that are joined, at most.
constexpr int MOST_PARTS = 32;

// The weight of a score that was the highest of some beside the highest of more; of none there is none.
DEVICE float relative(float highest, float higher) {
    return highest == NEGATIVE_INFINITY ? 0 : expf(highest - higher);
}

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

// Joins the parts of one token's attention. A part that had no positions has no highest score. blockIdx.x is the head; a
// block has at least as many threads as there are parts.
KERNEL(join_parts, float *to, const float *partial, int parts, int value_width) {
    begin();
    SHARED float factors[MOST_PARTS];
    SHARED float sums[MOST_PARTS];
    partial += (long)blockIdx.x * parts * (value_width + 2);
    const bool has_part = threadIdx.x < parts;
    const float own = has_part ? partial[(long)threadIdx.x * (value_width + 2)] : NEGATIVE_INFINITY;
    const float highest = block_max(own);
    if (has_part) {
        factors[threadIdx.x] = relative(own, highest);
        sums[threadIdx.x] = partial[(long)threadIdx.x * (value_width + 2) + 1];
    }
    synchronize_block();
    float sum = 0;
    for (int p = 0; p < parts; p++) {
        sum = fmaf(factors[p], sums[p], sum);
    }
    for (int i = threadIdx.x; i < value_width; i += blockDim.x) {
        float result = 0;
#pragma unroll 8
        for (int p = 0; p < parts; p++) {
            result = fmaf(factors[p], partial[(long)p * (value_width + 2) + 2 + i], result);
        }
        to[(long)blockIdx.x * value_width + i] = result / sum;
    }
}

// ----------------------------------------------------------------------------------------------- attention of one token

// Threads of a block that has so many heads, and keys that a group of its lanes has in flight.
template <int HEADS>
constexpr int ATTEND_THREADS = HEADS == 1 ? 512 : 256;
template <int HEADS>
constexpr int SWEEPS_OF = HEADS == 1 ? 3 : 5;
constexpr int EIGHT = 8;
// Keys that are worth a block.
constexpr int FEWEST_KEYS = 32;
// A cluster has all positions if they are at most so many times the keys that it has in flight.
constexpr int CLUSTER_ROUNDS = 4;

DEVICE int slot_of(int position, int capacity) { return position < capacity ? position : position % capacity; }

// 2 to the power of how much a score, times log2(e), is below the highest; of none there is nothing.
DEVICE float weight_of(float score, float highest) { return score == NEGATIVE_INFINITY ? 0 : exp2f(score - highest); }

// softmax(scale · q·k) times values over some positions, so far: highest score, sum of the weights and result before it is
// divided by it, for HEADS queries, of which each group of lanes has a share of the positions and each lane eight of
// the numbers.
template <int HEADS>
struct Attended {
    float highest[HEADS];
    float sum[HEADS];
    float result[HEADS][EIGHT];
};

// What PARTS shares of the positions found, in shared memory.
template <int HEADS, int PARTS>
struct Parts {
    float highest[HEADS][PARTS];
    float sum[HEADS][PARTS];
    float result[HEADS][PARTS][WIDEST_HEAD];
};

// What all parts found for number i of head h, unless there is no such number; all lanes of a warp have the same head.
struct Part {
    float highest;
    float sum;
    float result;
};

template <int HEADS, int PARTS>
DEVICE Part join(const Parts<HEADS, PARTS> &parts, int h, int i) {
    const float own = lane() < PARTS ? parts.highest[h][lane()] : NEGATIVE_INFINITY;
    const float own_sum = lane() < PARTS ? parts.sum[h][lane()] : 0;
    Part all = {own, 0, 0};
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        all.highest = fmaxf(all.highest, shuffle_xor(all.highest, distance));
    }
    const float factor = weight_of(own, all.highest);
    all.sum = warp_sum(factor * own_sum);
#pragma unroll
    for (int p = 0; p < PARTS; p++) {
        all.result = fmaf(shuffle_from(factor, p), parts.result[h][p][i], all.result);
    }
    return all;
}

// What prepare_heads, attend and join_parts do, for one token: one launch, and each key and value is read once for the
// HEADS query heads of a block. blockIdx.z is a head of keys, blockIdx.x counts HEADS of the `group` heads that share it,
// blockIdx.y is a part of the positions. A group of `lanes` lanes, a power of two, has a key at a time, each lane eight
// numbers of it; width is a multiple of eight. The parts are joined by the last block of a cluster, in whose shared memory the
// others leave theirs, as long as one cluster has all positions; else by the last block to end, through device memory,
// which takes longer.
//
// Keys of earlier positions are in the cache before the token's pass begins, so they are read before the wait; the key of
// the token's own position comes from x, or from the layer that owns the cache, after it. From there on time is what
// instructions take one after the other: so there are many warps with few keys each.
template <typename C, int HEADS>
DEVICE void attend_one(float *to, const float *x, int group, int kv_heads, int width, int lanes,
                       const HeadNorms &norms, const Turn &by, const float *heat, void *keys, void *values,
                       bool owns_cache, int capacity, float scale, int mask, int mask_size, float *partial,
                       int *arrived, const int *pass) {
    constexpr int ATTEND_WARPS = ATTEND_THREADS<HEADS> / WARP;
    constexpr int SWEEPS = SWEEPS_OF<HEADS>;
    arrive_at_cluster(); // to be waited for before anything is left in the memory of another block
    SHARED float rows[HEADS + 2][WIDEST_HEAD]; // queries, key and value of the token
    SHARED uint4 own_row[2][WIDEST_HEAD / 4]; // its key and value as they are cached
    Parts<HEADS, ATTEND_WARPS> &of_warps = *(Parts<HEADS, ATTEND_WARPS> *)dynamic_shared;
    LAST_SHARED Parts<HEADS, CLUSTER> of_blocks;
    const int position = pass[1];
    const int kv_head = blockIdx.z;
    const int head_of_group = blockIdx.x * HEADS;
    const int head = kv_head * group + head_of_group;
    const int heads = group - head_of_group < HEADS ? group - head_of_group : HEADS;
    const int column = (lane() & (lanes - 1)) * EIGHT;
    const bool has_column = column < width;
    const int groups = WARP / lanes;
    const int visible = first_visible(mask, mask_size, position);
    const int count = position + 1 - visible;
    const int in_flight = SWEEPS * ATTEND_WARPS * groups;
    const bool in_cluster = count <= CLUSTER * CLUSTER_ROUNDS * in_flight;
    const int parts = in_cluster ? CLUSTER : gridDim.y;
    const int share = in_cluster ? (count + CLUSTER - 1) / CLUSTER : (count + parts - 1) / parts;
    const int each = share > FEWEST_KEYS ? share : FEWEST_KEYS;
    const int start = visible + blockIdx.y * each;
    const int end = start + each < position + 1 ? start + each : position + 1;
    if (blockIdx.y >= parts) {
        let_next_start();
        wait_for_previous();
        return;
    }

    // Rings are as long as what is visible, so a block's part goes round at most once.
    const int start_slot = slot_of(start, capacity);
    const long own_at = ((long)slot_of(position, capacity) * kv_heads + kv_head) * width;
    const int first_key = start + warp() * groups + lane() / lanes; // of a tile; and every ATTEND_WARPS · groups-th more
    typename C::Eight raw_keys[SWEEPS] = {};
    typename C::Eight raw_values[SWEEPS] = {};
    auto load = [&](int tile) {
#pragma unroll
        for (int s = 0; s < SWEEPS; s++) {
            const int key = first_key + tile + s * ATTEND_WARPS * groups;
            if (has_column && key < end && key != position) {
                int slot = start_slot + key - start;
                slot -= slot < capacity ? 0 : capacity;
                const long at = ((long)slot * kv_heads + kv_head) * width + column;
                raw_keys[s] = C::read(keys, at);
                raw_values[s] = C::read(values, at);
            }
        }
    };
    load(0);

    // A warp prepares a head; what it is prepared with is stored, and read before the wait.
    const int kind = warp() < HEADS ? QUERY : warp() == HEADS ? KEY : VALUE;
    const bool has_own = start <= position && position < end && owns_cache;
    const bool has_keys = start < end;
    const bool prepares = (warp() < heads && has_keys) || (has_own && (warp() == HEADS || warp() == HEADS + 1));
    const float *gain = kind == QUERY ? norms.query_gain : kind == KEY ? norms.key_gain : norms.value_gain;
    const float eps = kind == QUERY ? norms.query_eps : kind == KEY ? norms.key_eps : norms.value_eps;
    const float warmth = kind == QUERY && heat != nullptr ? heat[position] : 1;
    const bool turns = prepares && kind != VALUE && by.kind != NOT_TURNED;
    constexpr int FOURS = WIDEST_HEAD / WARP / 4; // of a head for each lane
    constexpr int PAIRS = WIDEST_HEAD / WARP / 2;
    float4 gains[FOURS];
    float cosines[PAIRS] = {};
    float sines[PAIRS] = {};
#pragma unroll
    for (int n = 0; n < FOURS; n++) {
        const int i = (n * WARP + lane()) * 4;
        gains[n] = prepares && gain != nullptr && i < width ? *(const float4 *)(gain + i) : float4{1, 1, 1, 1};
    }
#pragma unroll
    for (int n = 0; n < PAIRS; n++) {
        const int j = n * WARP + lane();
        if (turns && j < by.pairs) {
            cosines[n] = by.cosines[(long)position * by.pairs + j];
            sines[n] = by.sines[(long)position * by.pairs + j];
        }
    }
    wait_for_previous();
    if (prepares) {
        float *row = rows[warp()];
        const int of_x = kind == QUERY ? head + warp() : group * kv_heads + (kind == KEY ? 0 : kv_heads) + kv_head;
        float4 numbers[FOURS];
        float squares = 0;
#pragma unroll
        for (int n = 0; n < FOURS; n++) {
            const int i = (n * WARP + lane()) * 4;
            numbers[n] = i < width ? *(const float4 *)(x + (long)of_x * width + i) : float4{0, 0, 0, 0};
            const float4 in = numbers[n];
            squares = fmaf(in.x, in.x, fmaf(in.y, in.y, fmaf(in.z, in.z, fmaf(in.w, in.w, squares))));
        }
        float factor = 1;
        if (gain != nullptr) {
            factor = inverse_root(quotient(warp_sum(squares), width), eps);
        }
#pragma unroll
        for (int n = 0; n < FOURS; n++) {
            const float4 in = numbers[n];
            *(float4 *)(row + (n * WARP + lane()) * 4) = float4{in.x * factor * gains[n].x, in.y * factor * gains[n].y,
                                                               in.z * factor * gains[n].z, in.w * factor * gains[n].w};
        }
        synchronize_warp();
        if (turns) {
#pragma unroll
            for (int n = 0; n < PAIRS; n++) {
                const int j = n * WARP + lane();
                if (j < by.pairs) {
                    float *a = row + (by.kind == HALF_SPLIT ? j : 2 * j);
                    float *b = by.kind == HALF_SPLIT ? a + by.pairs : a + 1;
                    const float old = *a;
                    *a = old * cosines[n] - *b * sines[n];
                    *b = *b * cosines[n] + old * sines[n];
                }
            }
            synchronize_warp();
        }
        float after = warmth;
        if (kind != VALUE && norms.eps_after >= 0) {
            after *= inverse_root_mean_square(row, width, norms.eps_after);
        }
        if (kind == QUERY) {
            after *= scale * 1.4426950408889634f; // log2(e)
        }
        void *cache = kind == KEY ? keys : values;
#pragma unroll 4
        for (int i = lane(); i < width; i += WARP) {
            const float number = row[i] * after;
            if (kind == QUERY) {
                row[i] = number;
            } else {
                store<C>(own_row[kind == KEY ? 0 : 1], i, number);
                if (blockIdx.x == 0) {
                    store<C>(cache, own_at + i, number);
                }
            }
        }
    }
    // Not before x is read: the next kernel asks for all its weights at once.
    let_next_start();
    synchronize_block();
    if (has_keys) {
        float query[HEADS][EIGHT];
        Attended<HEADS> all;
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
            all.highest[h] = NEGATIVE_INFINITY;
            all.sum[h] = 0;
#pragma unroll
            for (int i = 0; i < EIGHT; i++) {
                query[h][i] = has_column && h < heads ? rows[h][column + i] : 0;
                all.result[h][i] = 0;
            }
        }
#pragma unroll 1
        for (int tile = 0; start + tile < end; tile += in_flight) {
            if (tile > 0) {
                load(tile);
            }
            float scores[SWEEPS][HEADS];
#pragma unroll
            for (int s = 0; s < SWEEPS; s++) {
                const int key = first_key + tile + s * ATTEND_WARPS * groups;
                if (has_column && key == position && key < end) {
                    raw_keys[s] = owns_cache ? C::read(own_row[0], column) : C::read(keys, own_at + column);
                    raw_values[s] = owns_cache ? C::read(own_row[1], column) : C::read(values, own_at + column);
                }
                float numbers[EIGHT];
                C::decode(raw_keys[s], numbers);
#pragma unroll
                for (int h = 0; h < HEADS; h++) {
                    scores[s][h] = 0;
#pragma unroll
                    for (int i = 0; i < EIGHT; i++) {
                        scores[s][h] = fmaf(numbers[i], query[h][i], scores[s][h]);
                    }
                }
            }
#pragma unroll 1
            for (int distance = lanes / 2; distance > 0; distance /= 2) {
#pragma unroll
                for (int s = 0; s < SWEEPS; s++) {
#pragma unroll
                    for (int h = 0; h < HEADS; h++) {
                        scores[s][h] += shuffle_xor(scores[s][h], distance);
                    }
                }
            }
#pragma unroll
            for (int h = 0; h < HEADS; h++) {
                float higher = all.highest[h];
#pragma unroll
                for (int s = 0; s < SWEEPS; s++) {
                    const bool exists = first_key + tile + s * ATTEND_WARPS * groups < end;
                    scores[s][h] = exists ? scores[s][h] : NEGATIVE_INFINITY;
                    higher = fmaxf(higher, scores[s][h]);
                }
                const float rescale = weight_of(all.highest[h], higher);
                all.highest[h] = higher;
                all.sum[h] *= rescale;
#pragma unroll
                for (int i = 0; i < EIGHT; i++) {
                    all.result[h][i] *= rescale;
                }
#pragma unroll
                for (int s = 0; s < SWEEPS; s++) {
                    scores[s][h] = weight_of(scores[s][h], higher);
                    all.sum[h] += scores[s][h];
                }
            }
#pragma unroll
            for (int s = 0; s < SWEEPS; s++) {
                float numbers[EIGHT];
                C::decode(raw_values[s], numbers);
#pragma unroll
                for (int h = 0; h < HEADS; h++) {
#pragma unroll
                    for (int i = 0; i < EIGHT; i++) {
                        all.result[h][i] = fmaf(scores[s][h], numbers[i], all.result[h][i]);
                    }
                }
            }
        }
        // Joins what the groups of lanes have.
#pragma unroll 1
        for (int distance = lanes; distance < WARP; distance *= 2) {
#pragma unroll
            for (int h = 0; h < HEADS; h++) {
                const float other = shuffle_xor(all.highest[h], distance);
                const float higher = fmaxf(all.highest[h], other);
                const float mine = weight_of(all.highest[h], higher);
                const float theirs = weight_of(other, higher);
                all.highest[h] = higher;
                all.sum[h] = all.sum[h] * mine + shuffle_xor(all.sum[h], distance) * theirs;
#pragma unroll
                for (int i = 0; i < EIGHT; i++) {
                    all.result[h][i] = all.result[h][i] * mine + shuffle_xor(all.result[h][i], distance) * theirs;
                }
            }
        }
        if (lane() < lanes && has_column) {
#pragma unroll
            for (int h = 0; h < HEADS; h++) {
                float *result = &of_warps.result[h][warp()][column];
                *(float4 *)result = float4{all.result[h][0], all.result[h][1], all.result[h][2], all.result[h][3]};
                *(float4 *)(result + 4) = float4{all.result[h][4], all.result[h][5], all.result[h][6], all.result[h][7]};
                if (lane() == 0) {
                    of_warps.highest[h][warp()] = all.highest[h];
                    of_warps.sum[h][warp()] = all.sum[h];
                }
            }
        }
    }
    synchronize_block();

    // From here on a thread has some numbers of a head, one in each round.
    constexpr int ROUND = ATTEND_THREADS<HEADS> / HEADS;
    const int h = threadIdx.x / ROUND;
    const int first = threadIdx.x % ROUND;
    if (in_cluster) {
        wait_for_cluster();
#pragma unroll 1
        for (int round = 0; round < width; round += ROUND) {
            const int i = round + first;
            const Part own = has_keys ? join(of_warps, h, i % WIDEST_HEAD) : Part{NEGATIVE_INFINITY, 0, 0};
            if (h < heads && i < width) {
                leave_to_last(&of_blocks.result[h][blockIdx.y][i], own.result);
                if (i == 0) {
                    leave_to_last(&of_blocks.highest[h][blockIdx.y], own.highest);
                    leave_to_last(&of_blocks.sum[h][blockIdx.y], own.sum);
                }
            }
        }
        arrive_at_cluster();
        wait_for_cluster();
        if (blockIdx.y == CLUSTER - 1) {
#pragma unroll 1
            for (int round = 0; round < width; round += ROUND) {
                const int i = round + first;
                const Part own = join(of_blocks, h, i % WIDEST_HEAD);
                if (h < heads && i < width) {
                    to[(long)(head + h) * width + i] = quotient(own.result, own.sum);
                }
            }
        }
        return;
    }
    float *of_head = partial + (long)(head + h) * parts * (width + 2);
#pragma unroll 1
    for (int round = 0; round < width; round += ROUND) {
        const int i = round + first;
        const Part own = has_keys ? join(of_warps, h, i % WIDEST_HEAD) : Part{NEGATIVE_INFINITY, 0, 0};
        float *part = of_head + (long)blockIdx.y * (width + 2);
        if (h < heads && i < width) {
            part[2 + i] = own.result;
            if (i == 0) {
                part[0] = own.highest;
                part[1] = own.sum;
            }
        }
    }
    if (!is_last(arrived + blockIdx.z * gridDim.x + blockIdx.x, parts) || h >= heads) {
        return;
    }
    float highest = NEGATIVE_INFINITY;
    for (int p = 0; p < parts; p++) {
        highest = fmaxf(highest, read_published(of_head + (long)p * (width + 2)));
    }
#pragma unroll 1
    for (int i = first; i < width; i += ROUND) {
        float sum = 0;
        float result = 0;
#pragma unroll 4
        for (int p = 0; p < parts; p++) {
            const float *part = of_head + (long)p * (width + 2);
            const float factor = weight_of(read_published(part), highest);
            sum = fmaf(factor, read_published(part + 1), sum);
            result = fmaf(factor, read_published(part + 2 + i), result);
        }
        to[(long)(head + h) * width + i] = quotient(result, sum);
    }
}

// attend_one for one head a block, attend_two for two.
#define DEFINE_FOR(start, HEADS, name, C)                                                                              \
    CLUSTERED_KERNEL(ATTEND_THREADS<HEADS>, C::BYTES == 2 ? 2 : 1, start##_##name, float *to, const float *x,          \
                     int group, int kv_heads, int width, int lanes, const float *query_gain, const float *key_gain,    \
                     const float *value_gain, float query_eps, float key_eps, float value_eps, float eps_after,        \
                     int turn_kind, int pairs, const float *cosines, const float *sines, const float *heat,            \
                     void *keys, void *values, int owns_cache, int capacity, float scale, int mask, int mask_size,     \
                     float *partial, int *arrived, const int *pass) {                                                  \
        attend_one<C, HEADS>(to, x, group, kv_heads, width, lanes,                                                     \
                             {query_gain, key_gain, value_gain, query_eps, key_eps, value_eps, eps_after},             \
                             {turn_kind, pairs, cosines, sines}, heat, keys, values, owns_cache != 0, capacity, scale, \
                             mask, mask_size, partial, arrived, pass);                                                 \
    }
#define DEFINE(name, C) DEFINE_FOR(attend_one, 1, name, C) DEFINE_FOR(attend_two, 2, name, C)
FOR_CACHES(DEFINE)
#undef DEFINE
#undef DEFINE_FOR

// attend for one token of latent attention: a block has HEADS_OF_LATENTS heads, which share its keys, and KEYS_OF_LATENTS
// positions at a time in shared memory. blockIdx.x is the group of heads, blockIdx.y the part of the positions; results go
// to `partial` as attend writes them. A row is key and, its first `latent` numbers, value; both are multiples of eight.
constexpr int LATENT_WARPS = 8;
constexpr int HEADS_A_WARP = 2;
constexpr int HEADS_OF_LATENTS = LATENT_WARPS * HEADS_A_WARP;
constexpr int KEYS_OF_LATENTS = WARP;
// Of shared rows, so that lanes which read the same columns of different rows use different banks.
constexpr int ROW_GAP_BYTES = 16;
// Eights of a latent that a lane has at most.
constexpr int LATENT_EIGHTS = 4;

template <typename C>
DEVICE void attend_latents_one(const float *q, int heads, const void *rows, int key_width, int latent, float scale,
                               int mask, int mask_size, int capacity, float *partial, const int *pass) {
    let_next_start();
    const int position = pass[1];
    const int visible = first_visible(mask, mask_size, position);
    const int parts = gridDim.y;
    const int each = (position + 1 - visible + parts - 1) / parts;
    const int start = visible + blockIdx.y * each;
    const int end = start + each < position + 1 ? start + each : position + 1;
    const int first = blockIdx.x * HEADS_OF_LATENTS;
    float *queries = dynamic_shared; // [HEADS_OF_LATENTS][key_width]
    char *tile = (char *)(queries + HEADS_OF_LATENTS * key_width); // [KEYS_OF_LATENTS] rows
    const int pitch = key_width * C::BYTES + ROW_GAP_BYTES;
    wait_for_previous();
    const int held = (heads - first < HEADS_OF_LATENTS ? heads - first : HEADS_OF_LATENTS) * key_width;
#pragma unroll 4
    for (int i = threadIdx.x * 4; i < HEADS_OF_LATENTS * key_width; i += blockDim.x * 4) {
        *(float4 *)(queries + i) =
            i < held ? *(const float4 *)(q + (long)first * key_width + i) : float4{0, 0, 0, 0};
    }
    float highest[HEADS_A_WARP];
    float sum[HEADS_A_WARP] = {};
    for (int h = 0; h < HEADS_A_WARP; h++) {
        highest[h] = NEGATIVE_INFINITY;
    }
    float result[HEADS_A_WARP][LATENT_EIGHTS][EIGHT] = {};
    for (int from = start; from < end; from += KEYS_OF_LATENTS) {
        const int count = end - from < KEYS_OF_LATENTS ? end - from : KEYS_OF_LATENTS;
        const int quarters = key_width * C::BYTES / 16;
        synchronize_block();
        for (int i = threadIdx.x; i < count * quarters; i += blockDim.x) {
            const long slot = (from + i / quarters) % capacity;
            const uint4 *row = (const uint4 *)((const char *)rows + slot * key_width * C::BYTES);
            *(uint4 *)(tile + i / quarters * pitch + i % quarters * 16) = row[i % quarters];
        }
        synchronize_block();
        // A lane has a key.
        float scores[HEADS_A_WARP] = {};
        if (lane() < count) {
            for (int i = 0; i < key_width; i += EIGHT) {
                float numbers[EIGHT];
                C::decode(C::read(tile + lane() * pitch, i), numbers);
                for (int h = 0; h < HEADS_A_WARP; h++) {
                    const float *query = queries + (warp() * HEADS_A_WARP + h) * key_width + i;
                    const float4 low = *(const float4 *)query;
                    const float4 high = *(const float4 *)(query + 4);
                    float dot = numbers[0] * low.x;
                    dot = fmaf(numbers[1], low.y, dot);
                    dot = fmaf(numbers[2], low.z, dot);
                    dot = fmaf(numbers[3], low.w, dot);
                    dot = fmaf(numbers[4], high.x, dot);
                    dot = fmaf(numbers[5], high.y, dot);
                    dot = fmaf(numbers[6], high.z, dot);
                    dot = fmaf(numbers[7], high.w, dot);
                    scores[h] += dot;
                }
            }
        }
        for (int h = 0; h < HEADS_A_WARP; h++) {
            const float score = lane() < count ? scores[h] * scale : NEGATIVE_INFINITY;
            float higher = fmaxf(highest[h], score);
            for (int distance = WARP / 2; distance > 0; distance /= 2) {
                higher = fmaxf(higher, shuffle_xor(higher, distance));
            }
            const float rescale = relative(highest[h], higher);
            highest[h] = higher;
            scores[h] = relative(score, higher);
            sum[h] = sum[h] * rescale + warp_sum(scores[h]);
            for (int e = 0; e < LATENT_EIGHTS; e++) {
                for (int j = 0; j < EIGHT; j++) {
                    result[h][e][j] *= rescale;
                }
            }
        }
        // A lane has eights of the value.
        for (int k = 0; k < count; k++) {
            float weights[HEADS_A_WARP];
            for (int h = 0; h < HEADS_A_WARP; h++) {
                weights[h] = shuffle_from(scores[h], k);
            }
#pragma unroll
            for (int e = 0; e < LATENT_EIGHTS; e++) {
                const int column = (e * WARP + lane()) * EIGHT;
                if (column < latent) {
                    float numbers[EIGHT];
                    C::decode(C::read(tile + k * pitch, column), numbers);
                    for (int h = 0; h < HEADS_A_WARP; h++) {
                        for (int j = 0; j < EIGHT; j++) {
                            result[h][e][j] = fmaf(weights[h], numbers[j], result[h][e][j]);
                        }
                    }
                }
            }
        }
    }
    for (int h = 0; h < HEADS_A_WARP; h++) {
        const int head = first + warp() * HEADS_A_WARP + h;
        if (head < heads) {
            float *part = partial + ((long)head * parts + blockIdx.y) * (latent + 2);
            for (int e = 0; e < LATENT_EIGHTS; e++) {
                const int column = (e * WARP + lane()) * EIGHT;
                for (int j = 0; j < EIGHT && column < latent; j++) {
                    part[2 + column + j] = result[h][e][j];
                }
            }
            if (lane() == 0) {
                part[0] = highest[h];
                part[1] = sum[h];
            }
        }
    }
}

#define DEFINE(name, C)                                                                                                \
    KERNEL_UP_TO(LATENT_WARPS *WARP, attend_latents_one_##name, const float *q, int heads, const void *rows,           \
                 int key_width, int latent, float scale, int mask, int mask_size, int capacity, float *partial,        \
                 const int *pass) {                                                                                    \
        attend_latents_one<C>(q, heads, rows, key_width, latent, scale, mask, mask_size, capacity, partial, pass);     \
    }
FOR_CACHES(DEFINE)
#undef DEFINE
