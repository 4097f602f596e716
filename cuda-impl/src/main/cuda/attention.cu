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

// row = what x, a projected head of a token, becomes before attention: norm with a gain, rotation by the table's row at
// `position`, norm without gain, and for queries a factor. A warp has the head.
DEVICE void prepare_head(float *row, const float *x, int kind, int width, const HeadNorms &norms, Turn by,
                         float warmth, int position) {
    const float *gain = kind == QUERY ? norms.query_gain : kind == KEY ? norms.key_gain : norms.value_gain;
    const float eps = kind == QUERY ? norms.query_eps : kind == KEY ? norms.key_eps : norms.value_eps;
    const float factor = gain == nullptr ? 1 : inverse_root_mean_square(x, width, eps);
    for (int i = lane(); i < width; i += WARP) {
        row[i] = gain == nullptr ? x[i] : x[i] * factor * gain[i];
    }
    synchronize_warp();
    if (kind != VALUE) {
        turn(row, by, position);
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
constexpr int HEADS_A_BLOCK = 8;
constexpr int WIDEST_HEAD = 256;

template <typename C>
DEVICE void prepare_heads(float *x, int stride, int query_heads, int kv_heads, int width, const HeadNorms &norms,
                          Turn by, const float *heat, void *keys, void *values, int capacity, const int *pass) {
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

// Warps of a block, heads that share its keys, and keys that a group of lanes has in flight.
constexpr int ATTEND_WARPS = 8;
constexpr int HEADS = 2;
constexpr int SWEEPS = 4;
constexpr int EIGHT = 8;

// softmax(scale · q·k) times values over some positions, so far: highest score, sum and result for HEADS queries, of which
// each group of lanes has a share of the positions and each lane eight of the numbers.
struct Attended {
    float highest[HEADS];
    float sum[HEADS];
    float result[HEADS][EIGHT];
};

// Joins what groups of `lanes` lanes have; the first group then has it all.
DEVICE void join_groups(Attended &own, int lanes) {
    for (int distance = lanes; distance < WARP; distance *= 2) {
        for (int h = 0; h < HEADS; h++) {
            const float other = shuffle_xor(own.highest[h], distance);
            const float higher = fmaxf(own.highest[h], other);
            const float mine = relative(own.highest[h], higher);
            const float theirs = relative(other, higher);
            own.highest[h] = higher;
            own.sum[h] = own.sum[h] * mine + shuffle_xor(own.sum[h], distance) * theirs;
            for (int i = 0; i < EIGHT; i++) {
                own.result[h][i] = own.result[h][i] * mine + shuffle_xor(own.result[h][i], distance) * theirs;
            }
        }
    }
}

// What prepare_heads, attend and join_parts do, for one token: one launch, and each key and value is read once for the
// HEADS query heads of a block. blockIdx.x is a group of HEADS heads that share keys, blockIdx.y a part of the
// positions. A group of lanes has a key at a time, each lane eight numbers of it; width is a multiple of
// eight. The last block to end joins the parts.
//
// Keys of earlier positions are in the cache before the token's pass begins, so they are read before the wait; the key of
// the token's own position comes from x, or from the layer that owns the cache, after it.
template <typename C>
DEVICE void attend_one(float *to, const float *x, int query_heads, int kv_heads, int width, HeadNorms norms, Turn by,
                       const float *heat, void *keys, void *values, bool owns_cache, int capacity, float scale,
                       int mask, int mask_size, float *partial, int *arrived, const int *pass) {
    let_next_start();
    SHARED float rows[HEADS + 2][WIDEST_HEAD];
    SHARED float results[ATTEND_WARPS][HEADS][WIDEST_HEAD];
    SHARED float highests[MOST_PARTS][HEADS];
    SHARED float sums[MOST_PARTS][HEADS];
    SHARED float gains[3][WIDEST_HEAD];
    SHARED float turns[2][WIDEST_HEAD / 2];
    const int group = query_heads / kv_heads;
    const int blocks_a_group = (group + HEADS - 1) / HEADS;
    const int kv_head = blockIdx.x / blocks_a_group;
    const int head = kv_head * group + blockIdx.x % blocks_a_group * HEADS;
    const int heads = (kv_head + 1) * group - head < HEADS ? (kv_head + 1) * group - head : HEADS;
    const int position = pass[1];
    int lanes = 1;
    while (lanes * EIGHT < width) {
        lanes *= 2;
    }
    const int column = lane() % lanes * EIGHT;
    const bool has_column = column < width;
    const int groups = WARP / lanes;
    // Positions are shared out among so many blocks that each has what it can have in flight, or all blocks.
    const int visible = first_visible(mask, mask_size, position);
    const int count = position + 1 - visible;
    const int in_flight = SWEEPS * ATTEND_WARPS * groups;
    const int of_all = (count + gridDim.y - 1) / gridDim.y;
    const int each = of_all > in_flight ? of_all : in_flight;
    const int parts = (count + each - 1) / each;
    const int start = visible + blockIdx.y * each;
    const int end = start + each < position + 1 ? start + each : position + 1;
    if (blockIdx.y >= parts) {
        wait_for_previous();
        return;
    }

    typename C::Eight raw_keys[SWEEPS];
    typename C::Eight raw_values[SWEEPS];
    auto key_of = [&](int tile, int sweep) { return tile + (sweep * ATTEND_WARPS + warp()) * groups + lane() / lanes; };
    auto load = [&](int tile) {
#pragma unroll
        for (int s = 0; s < SWEEPS; s++) {
            const int key = key_of(tile, s);
            if (has_column && key < end && key != position) {
                const long at = ((long)(key % capacity) * kv_heads + kv_head) * width + column;
                raw_keys[s] = C::read(keys, at);
                raw_values[s] = C::read(values, at);
            }
        }
    };
    load(start);
    // What heads are prepared with is stored too.
    const float *stored_gains[3] = {norms.query_gain, norms.key_gain, norms.value_gain};
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        for (int n = 0; n < 3; n++) {
            gains[n][i] = stored_gains[n] == nullptr ? 0 : stored_gains[n][i];
        }
    }
    for (int i = threadIdx.x; by.kind != NOT_TURNED && i < by.pairs; i += blockDim.x) {
        turns[0][i] = by.cosines[(long)position * by.pairs + i];
        turns[1][i] = by.sines[(long)position * by.pairs + i];
    }
    norms.query_gain = norms.query_gain == nullptr ? nullptr : gains[QUERY];
    norms.key_gain = norms.key_gain == nullptr ? nullptr : gains[KEY];
    norms.value_gain = norms.value_gain == nullptr ? nullptr : gains[VALUE];
    const Turn staged = {by.kind, by.pairs, turns[0], turns[1]};
    const float warmth = heat == nullptr ? 1 : heat[position];
    synchronize_block();
    wait_for_previous();

    const bool has_own = start <= position && position < end;
    const long own = ((long)(position % capacity) * kv_heads + kv_head) * width;
    for (int r = warp(); r < HEADS + 2; r += ATTEND_WARPS) {
        float *row = rows[r];
        if (r < HEADS) {
            if (r < heads) {
                prepare_head(row, x + (long)(head + r) * width, QUERY, width, norms, staged, warmth, 0);
            }
        } else if (has_own) {
            const bool is_key = r == HEADS;
            void *cache = is_key ? keys : values;
            if (owns_cache) {
                const float *from = x + (long)(query_heads + (is_key ? 0 : kv_heads) + kv_head) * width;
                prepare_head(row, from, is_key ? KEY : VALUE, width, norms, staged, 1, 0);
                for (int i = lane(); i < width; i += WARP) {
                    row[i] = C::rounded(row[i]);
                    if (head == kv_head * group) {
                        store<C>(cache, own + i, row[i]);
                    }
                }
            } else {
                for (int i = lane(); i < width; i += WARP) {
                    row[i] = C::at(cache, own + i);
                }
            }
        }
    }
    synchronize_block();

    float query[HEADS][EIGHT];
    Attended all;
    for (int h = 0; h < HEADS; h++) {
        all.highest[h] = NEGATIVE_INFINITY;
        all.sum[h] = 0;
        for (int i = 0; i < EIGHT; i++) {
            query[h][i] = has_column && h < heads ? rows[h][column + i] : 0;
            all.result[h][i] = 0;
        }
    }
    for (int tile = start; tile < end; tile += SWEEPS * ATTEND_WARPS * groups) {
        if (tile > start) {
            load(tile);
        }
        float scores[SWEEPS][HEADS];
#pragma unroll
        for (int s = 0; s < SWEEPS; s++) {
            const int key = key_of(tile, s);
            float numbers[EIGHT] = {};
            if (has_column && key == position) {
                for (int i = 0; i < EIGHT; i++) {
                    numbers[i] = rows[HEADS][column + i];
                }
            } else if (has_column && key < end) {
                C::decode(raw_keys[s], numbers);
            }
#pragma unroll
            for (int h = 0; h < HEADS; h++) {
                float dot = 0;
                for (int i = 0; i < EIGHT; i++) {
                    dot = fmaf(numbers[i], query[h][i], dot);
                }
                for (int distance = lanes / 2; distance > 0; distance /= 2) {
                    dot += shuffle_xor(dot, distance);
                }
                scores[s][h] = key < end ? dot * scale : NEGATIVE_INFINITY;
            }
        }
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
            float higher = all.highest[h];
            for (int s = 0; s < SWEEPS; s++) {
                higher = fmaxf(higher, scores[s][h]);
            }
            const float rescale = relative(all.highest[h], higher);
            all.highest[h] = higher;
            all.sum[h] *= rescale;
            for (int i = 0; i < EIGHT; i++) {
                all.result[h][i] *= rescale;
            }
            for (int s = 0; s < SWEEPS; s++) {
                scores[s][h] = relative(scores[s][h], higher);
                all.sum[h] += scores[s][h];
            }
        }
#pragma unroll
        for (int s = 0; s < SWEEPS; s++) {
            const int key = key_of(tile, s);
            if (has_column && key < end) {
                float numbers[EIGHT];
                if (key == position) {
                    for (int i = 0; i < EIGHT; i++) {
                        numbers[i] = rows[HEADS + 1][column + i];
                    }
                } else {
                    C::decode(raw_values[s], numbers);
                }
#pragma unroll
                for (int h = 0; h < HEADS; h++) {
                    for (int i = 0; i < EIGHT; i++) {
                        all.result[h][i] = fmaf(scores[s][h], numbers[i], all.result[h][i]);
                    }
                }
            }
        }
    }
    join_groups(all, lanes);
    if (lane() < lanes && has_column) {
        for (int h = 0; h < HEADS; h++) {
            for (int i = 0; i < EIGHT; i++) {
                results[warp()][h][column + i] = all.result[h][i];
            }
            if (lane() == 0) {
                highests[warp()][h] = all.highest[h];
                sums[warp()][h] = all.sum[h];
            }
        }
    }
    synchronize_block();

    // Joins what the warps have; one of several parts leaves it to the last block as attend does.
    for (int e = threadIdx.x; e < heads * width; e += blockDim.x) {
        const int h = e / width;
        const int i = e % width;
        float highest = NEGATIVE_INFINITY;
        for (int w = 0; w < ATTEND_WARPS; w++) {
            highest = fmaxf(highest, highests[w][h]);
        }
        float sum = 0;
        float result = 0;
        for (int w = 0; w < ATTEND_WARPS; w++) {
            const float factor = relative(highests[w][h], highest);
            sum = fmaf(factor, sums[w][h], sum);
            result = fmaf(factor, results[w][h][i], result);
        }
        if (parts == 1) {
            to[(long)head * width + e] = result / sum;
        } else {
            float *part = partial + ((long)(head + h) * parts + blockIdx.y) * (width + 2);
            part[2 + i] = result;
            if (i == 0) {
                part[0] = highest;
                part[1] = sum;
            }
        }
    }
    if (parts == 1 || !is_last(arrived + blockIdx.x, parts)) {
        return;
    }
    for (int e = threadIdx.x; e < heads * parts; e += blockDim.x) {
        const float *part = partial + ((long)(head + e / parts) * parts + e % parts) * (width + 2);
        highests[e % parts][e / parts] = read_published(part);
        sums[e % parts][e / parts] = read_published(part + 1);
    }
    synchronize_block();
    for (int e = threadIdx.x; e < heads * width; e += blockDim.x) {
        const int h = e / width;
        const float *part = partial + (long)(head + h) * parts * (width + 2) + 2 + e % width;
        float highest = NEGATIVE_INFINITY;
        for (int p = 0; p < parts; p++) {
            highest = fmaxf(highest, highests[p][h]);
        }
        float sum = 0;
        float result = 0;
#pragma unroll 8
        for (int p = 0; p < parts; p++) {
            const float factor = relative(highests[p][h], highest);
            sum = fmaf(factor, sums[p][h], sum);
            result = fmaf(factor, read_published(part + (long)p * (width + 2)), result);
        }
        to[(long)head * width + e] = result / sum;
    }
}

#define DEFINE(name, C)                                                                                                \
    KERNEL_TWICE(ATTEND_WARPS *WARP, attend_one_##name, float *to, const float *x, int query_heads,                    \
                 int kv_heads, int width, const float *query_gain, const float *key_gain, const float *value_gain,     \
                 float query_eps, float key_eps, float value_eps, float eps_after, int turn_kind, int pairs,           \
                 const float *cosines, const float *sines, const float *heat, void *keys, void *values,                \
                 int owns_cache, int capacity, float scale, int mask, int mask_size, float *partial, int *arrived,     \
                 const int *pass) {                                                                                    \
        attend_one<C>(to, x, query_heads, kv_heads, width,                                                             \
                      {query_gain, key_gain, value_gain, query_eps, key_eps, value_eps, eps_after},                    \
                      {turn_kind, pairs, cosines, sines}, heat, keys, values, owns_cache != 0, capacity, scale, mask,  \
                      mask_size, partial, arrived, pass);                                                              \
    }
FOR_CACHES(DEFINE)
#undef DEFINE

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
