// Attention over cached rows. A cache is a ring: the row of position p is slot p mod capacity, heads side by side.
#include "parts.h"

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

// Query heads of a block, at most. A warp prepares each, and two the key and the value.
constexpr int HEADS_OF_ATTEND = 4;
constexpr int ATTEND_WARPS = HEADS_OF_ATTEND + 2;
constexpr int ATTEND_THREADS = ATTEND_WARPS * WARP;
// Keys that a warp has at a time: columns of two tiles of products.
constexpr int KEYS_A_WARP = 16;
// Keys that a block has in shared memory at a time.
template <typename C>
constexpr int KEYS_OF_ATTEND = C::BYTES == 2 ? ATTEND_WARPS * KEYS_A_WARP : ATTEND_WARPS / 2 * KEYS_A_WARP;
// A cluster has all positions if they are at most so many times the keys that its blocks have at a time.
constexpr int CLUSTER_ROUNDS = 4;
constexpr int EIGHT = 8;

DEVICE int slot_of(int position, int capacity) { return position < capacity ? position : position % capacity; }

// 2 to the power of how much a score, times log2(e), is below the highest of some scores.
DEVICE float weight_of(float score, float highest) { return power_of_two(score - highest); }

// softmax(scale · q·k) times values of one head, as shares of the positions found it: highest score, sum of the weights,
// and result before it is divided by that. A share without positions has zeros, and no highest score.
template <int SHARES, int WIDTH>
struct alignas(16) SharesOfHead {
    float highest[SHARES];
    float sum[SHARES];
    float result[SHARES][WIDTH];
};

// The same of four numbers of the result.
struct FourOfHead {
    float highest;
    float sum;
    float result[4];
};

// What the shares, of which one has positions, found together for numbers i to i + 3.
template <int SHARES, int WIDTH>
DEVICE FourOfHead join(const SharesOfHead<SHARES, WIDTH> &shares, int i) {
    FourOfHead all = {shares.highest[0], 0, {}};
#pragma unroll
    for (int s = 1; s < SHARES; s++) {
        all.highest = fmaxf(all.highest, shares.highest[s]);
    }
#pragma unroll
    for (int s = 0; s < SHARES; s++) {
        const float factor = weight_of(shares.highest[s], all.highest);
        const float4 result = *(const float4 *)&shares.result[s][i];
        all.sum = fmaf(factor, shares.sum[s], all.sum);
        all.result[0] = fmaf(factor, result.x, all.result[0]);
        all.result[1] = fmaf(factor, result.y, all.result[1]);
        all.result[2] = fmaf(factor, result.z, all.result[2]);
        all.result[3] = fmaf(factor, result.w, all.result[3]);
    }
    return all;
}

// The parts of cached numbers.
template <typename C>
struct CachedParts : BFloat16Parts {};
template <>
struct CachedParts<BFloat16> : RoundedParts {};

// d += a · b for up to HEADS_OF_ATTEND rows of float32 numbers, whose parts are rows of the tile a: the first ones from row
// 0 on, the second ones from row 4 on, the third ones from row 8 on. Of b a lane has two words of each part.
template <int PARTS>
DEVICE void multiply_parts(float (&d)[4], const uint4 &a, const unsigned (&b)[PARTS][4], int words) {
    static_assert(HEADS_OF_ATTEND == 4 && BFloat16Parts::COUNT == 3);
    const unsigned rows[4] = {a.x, a.y, a.z, a.w};
#pragma unroll
    for (int p = PARTS - 1; p >= 0; p--) {
        const unsigned columns[2] = {b[p][words], b[p][words + 1]};
        multiply_tile_bf16(d, rows, columns);
    }
}

// Adds what a lane has of such a product: the first part and the third of a row, or the second. What belongs to the row is
// that and what the lane 16 further has.
DEVICE void add_parts(float (&sums)[2], const float (&d)[4]) {
    sums[0] += d[0] + d[2];
    sums[1] += d[1] + d[3];
}

// What prepare_heads, attend and join_parts do, for one token: one launch, and each key and value is read once for the
// query heads of a block. blockIdx.z is a head of keys, blockIdx.x counts HEADS_OF_ATTEND of the `group` heads that share
// it, blockIdx.y is a part of the positions; width is a multiple of eight, and at most WIDTH. The parts are joined by the
// last block of a cluster, in whose shared memory the others leave theirs, as long as one cluster has all positions; else
// by the last block to end, through device memory, which takes longer.
//
// Keys of earlier positions are in the cache before the token's pass begins, so they come to shared memory before the
// wait; the key of the token's own position comes from x, or from the layer that owns the cache, after it. From there on
// time is what instructions take one after the other: so tensor cores multiply, of numbers as they lie in shared memory.
template <typename C, int WIDTH>
DEVICE void attend_one(float *to, const float *x, int group, int kv_heads, int width, const HeadNorms &norms,
                       const Turn &by, const float *heat, void *keys, void *values, bool owns_cache, int capacity,
                       float scale, int mask, int mask_size, float *partial, int *arrived, const int *pass) {
    constexpr int SPANS = WIDTH / 32; // of columns: four chunks
    constexpr int CHUNKS = WIDTH / EIGHT;
    typedef CachedParts<C> Parts;
    constexpr int PARTS = Parts::COUNT;
    constexpr int KEYS = KEYS_OF_ATTEND<C>;
    constexpr int QUERY_PITCH = CHUNKS + 4; // such that two rows lie in different banks
    SHARED uint4 queries[2][2 * HEADS_OF_ATTEND][QUERY_PITCH]; // as lanes have them in multiply_parts: of two steps
    // Dynamic shared memory: keys and values [PARTS][KEYS] each, and what warps find for each head.
    uint4 *key_tiles = (uint4 *)dynamic_shared;
    uint4 *value_tiles = key_tiles + PARTS * KEYS * CHUNKS;
    auto *of_warps = (SharesOfHead<ATTEND_WARPS, WIDTH> *)(value_tiles + PARTS * KEYS * CHUNKS);
    LAST_SHARED SharesOfHead<CLUSTER, WIDTH> of_blocks[HEADS_OF_ATTEND];
    SHARED Arrivals left;
    const int position = pass[1];
    const int kv_head = blockIdx.z;
    const int head_of_group = blockIdx.x * HEADS_OF_ATTEND;
    const int head = kv_head * group + head_of_group;
    const int heads = group - head_of_group < HEADS_OF_ATTEND ? group - head_of_group : HEADS_OF_ATTEND;
    const int visible = first_visible(mask, mask_size, position);
    const int count = position + 1 - visible;
    const bool in_cluster = count <= CLUSTER * CLUSTER_ROUNDS * KEYS;
    const int parts = in_cluster ? CLUSTER : gridDim.y;
    const int share = (count + parts - 1) / parts;
    const int each = share > KEYS_A_WARP ? share : KEYS_A_WARP;
    const int start = visible + blockIdx.y * each;
    const int end = start + each < position + 1 ? start + each : position + 1;
    expect_in_last(left, CLUSTER * heads * (width + 2) * 4);
    arrive_at_cluster(); // to be waited for before anything is left in the memory of another block
    if (blockIdx.y >= parts) {
        let_next_start();
        wait_for_previous();
        return;
    }

    // Rings are as long as what is visible, so a block's part goes round at most once.
    const int start_slot = slot_of(start, capacity);
    const long own_at = ((long)slot_of(position, capacity) * kv_heads + kv_head) * width;
    // Brings keys and values from start + round on, zeros behind them, but not those of the token itself in round 0.
    auto load = [&](int round) {
        const int left_over = end - start - round;
        const int rows = (left_over < KEYS ? left_over + KEYS_A_WARP - 1 : KEYS) / KEYS_A_WARP * KEYS_A_WARP;
#pragma unroll 2
        for (int i = threadIdx.x; i < rows * CHUNKS; i += ATTEND_THREADS) {
            const int row = i / CHUNKS;
            const int chunk = i % CHUNKS;
            const bool exists = row < left_over && chunk * EIGHT < width;
            int slot = start_slot + round + row;
            slot -= slot < capacity ? 0 : capacity;
            const long at = ((long)slot * kv_heads + kv_head) * width + chunk * EIGHT;
            const int place = place_chunk<WIDTH>(row, chunk);
            if (round == 0 && start + row == position) {
                continue;
            }
            if constexpr (C::BYTES == 2) {
                copy_eight<C>(key_tiles + place, keys, at, exists);
                copy_eight<C>(value_tiles + place, values, at, exists);
            } else {
                float numbers[2][EIGHT] = {};
                if (exists) {
                    C::decode(C::read(keys, at), numbers[0]);
                    C::decode(C::read(values, at), numbers[1]);
                }
                store_split<Parts, WIDTH>(key_tiles, KEYS, row, chunk, numbers[0]);
                store_split<Parts, WIDTH>(value_tiles, KEYS, row, chunk, numbers[1]);
            }
        }
        end_copy_group();
    };
    load(0);

    // A warp prepares a head; what it is prepared with is stored, and read before the wait.
    const int kind = warp() < HEADS_OF_ATTEND ? QUERY : warp() == HEADS_OF_ATTEND ? KEY : VALUE;
    const bool has_keys = start < end;
    const bool has_own = has_keys && end == position + 1 && kind != QUERY;
    const bool prepares = kind == QUERY ? warp() < heads && has_keys : has_own && owns_cache;
    const float *gain = kind == QUERY ? norms.query_gain : kind == KEY ? norms.key_gain : norms.value_gain;
    const float eps = kind == QUERY ? norms.query_eps : kind == KEY ? norms.key_eps : norms.value_eps;
    const float warmth = kind == QUERY && heat != nullptr ? heat[position] : 1;
    const bool turns = prepares && kind != VALUE && by.kind != NOT_TURNED;
    constexpr int PAIRS = WIDTH / WARP / 2; // of a head for each lane: those that turn together
    auto first_of = [&](int n) {
        const int pair = n * WARP + lane();
        return turns && by.kind == HALF_SPLIT && pair < by.pairs ? pair : 2 * pair;
    };
    auto second_of = [&](int n) {
        const int pair = n * WARP + lane();
        return turns && by.kind == HALF_SPLIT && pair < by.pairs ? pair + by.pairs : 2 * pair + 1;
    };
    // Where the first part of a query's column lies, in numbers; the second is HEADS_OF_ATTEND rows on, the third a word.
    constexpr int SECOND_PART = HEADS_OF_ATTEND * QUERY_PITCH * 8;
    auto place_of = [&](int column) {
        const unsigned c = column;
        return c / 16 % 2 * (2 * SECOND_PART) + warp() % HEADS_OF_ATTEND * (QUERY_PITCH * 8)
               + (c / 32 * 4 + c / 2 % 4) * 8 + c / 8 % 2 * 4 + c % 2;
    };
    unsigned short *of_queries = (unsigned short *)queries;
    const float *of_x = x + (long)(kind == QUERY ? head + warp()
                                                 : group * kv_heads + (kind == KEY ? 0 : kv_heads) + kv_head) * width;
    const float *in[PAIRS][2];
    unsigned place[PAIRS][2];
    float gains[PAIRS][2];
    float cosines[PAIRS];
    float sines[PAIRS];
#pragma unroll
    for (int n = 0; n < PAIRS; n++) {
        const int pair = n * WARP + lane();
        const bool has_gain = prepares && gain != nullptr && pair < width / 2;
        const bool pair_turns = turns && pair < by.pairs;
        gains[n][0] = has_gain ? gain[first_of(n)] : 1;
        gains[n][1] = has_gain ? gain[second_of(n)] : 1;
        cosines[n] = pair_turns ? by.cosines[(long)position * by.pairs + pair] : 1;
        sines[n] = pair_turns ? by.sines[(long)position * by.pairs + pair] : 0;
        in[n][0] = of_x + first_of(n);
        in[n][1] = of_x + second_of(n);
        place[n][0] = place_of(first_of(n));
        place[n][1] = place_of(second_of(n));
        if (prepares && kind == QUERY) { // there is no fourth part
            *(unsigned *)(of_queries + place_of(2 * pair) + SECOND_PART + 2) = 0;
        }
        compute_now(place[n][0]);
        compute_now(place[n][1]);
    }
    float inverse_width = quotient(1, width);
    compute_now(inverse_width);

    // What products read, in chunks: a lane's row of queries; of the warp's keys, rows lane % 8; of its values lane % 16.
    const int row = lane() / 4;
    const int quarter = lane() % 4;
    const int row_of_head = row % HEADS_OF_ATTEND;
    const int first_key = warp() * KEYS_A_WARP; // in the tiles
    // Rows of heads that there are not are the last one's.
    unsigned query_at = (row - row_of_head + (row_of_head < heads ? row_of_head : heads - 1)) * QUERY_PITCH + quarter;
    unsigned key_at = (first_key + lane() % 8) * CHUNKS;
    unsigned value_at = (first_key + lane() % 16) * CHUNKS;
    compute_now(query_at);
    compute_now(key_at);
    compute_now(value_at);
    void *cache = kind == KEY ? keys : values;
    uint4 *own_tiles = kind == KEY ? key_tiles : value_tiles;
    const int own_key = position - start; // row of the tile, if it has so many
    wait_for_cluster();
    wait_for_previous();
    if (has_own && !owns_cache && own_key < KEYS && lane() < CHUNKS) {
        float numbers[EIGHT] = {};
        if (lane() * EIGHT < width) {
            C::decode(C::read(cache, own_at + lane() * EIGHT), numbers);
        }
        store_split<Parts, WIDTH>(own_tiles, KEYS, own_key, lane(), numbers);
    }
    if (prepares) {
        float pairs[PAIRS][2];
        float squares = 0;
#pragma unroll
        for (int n = 0; n < PAIRS; n++) {
            const bool exists = n * WARP + lane() < width / 2;
            pairs[n][0] = exists ? *in[n][0] : 0;
            pairs[n][1] = exists ? *in[n][1] : 0;
            squares = fmaf(pairs[n][0], pairs[n][0], fmaf(pairs[n][1], pairs[n][1], squares));
        }
        // What all numbers are multiplied by comes last: turning need not wait for the norm.
        float factor = gain == nullptr ? 1 : inverse_root(warp_sum(squares) * inverse_width, eps);
        float turned_squares = 0;
#pragma unroll
        for (int n = 0; n < PAIRS; n++) {
            const float a = pairs[n][0] * gains[n][0];
            const float b = pairs[n][1] * gains[n][1];
            pairs[n][0] = a * cosines[n] - b * sines[n];
            pairs[n][1] = b * cosines[n] + a * sines[n];
            turned_squares = fmaf(pairs[n][0], pairs[n][0], fmaf(pairs[n][1], pairs[n][1], turned_squares));
        }
        if (kind != VALUE && norms.eps_after >= 0) {
            factor *= inverse_root(warp_sum(turned_squares) * inverse_width * factor * factor, norms.eps_after);
        }
        if (kind == QUERY) {
            factor *= warmth * scale * 1.4426950408889634f; // log2(e)
        }
#pragma unroll
        for (int n = 0; n < PAIRS; n++) {
            float a = pairs[n][0] * factor;
            float b = pairs[n][1] * factor;
            if (kind == QUERY) {
                constexpr int PART[BFloat16Parts::COUNT] = {0, SECOND_PART, 2};
#pragma unroll
                for (int p = 0; p < BFloat16Parts::COUNT; p++) {
                    const unsigned both = take_part<BFloat16Parts>(a, b);
                    of_queries[place[n][0] + PART[p]] = (unsigned short)both;
                    of_queries[place[n][1] + PART[p]] = (unsigned short)(both >> 16);
                }
            } else {
                const int columns[2] = {first_of(n), second_of(n)};
                const float numbers[2] = {a, b};
#pragma unroll
                for (int p = 0; p < PARTS; p++) {
                    const unsigned both = take_part<Parts>(a, b);
                    for (int i = 0; i < 2 && own_key < KEYS; i++) {
                        const int chunk = p * KEYS * CHUNKS + place_chunk<WIDTH>(own_key, columns[i] / EIGHT);
                        ((unsigned short *)(own_tiles + chunk))[columns[i] % EIGHT] = (unsigned short)(both >> 16 * i);
                    }
                }
                for (int i = 0; i < 2 && n * WARP + lane() < width / 2; i++) {
                    store<C>(cache, own_at + columns[i], numbers[i]);
                }
            }
        }
    }
    // Not before x is read: the next kernel asks for all its weights at once.
    let_next_start();
    wait_for_copies<0>();
    synchronize_block();

    float highest = NEGATIVE_INFINITY;
    float sum = 0; // of the lane's weights
    float result[CHUNKS][2] = {};
#pragma unroll 1
    for (int round = 0; start + round < end; round += KEYS) {
        if (round > 0) {
            synchronize_block();
            load(round);
            wait_for_copies<0>();
            synchronize_block();
        }
        const int left_over = end - start - round;
        if (first_key >= KEYS || first_key >= left_over) {
            continue; // to where all come together again
        }
        float scores[2][2] = {};
#pragma unroll
        for (int s = 0; s < SPANS; s++) {
            const uint4 q[2] = {queries[0][0][query_at + s * 4], queries[1][0][query_at + s * 4]};
#pragma unroll
            for (int n = 0; n < 2; n++) {
                unsigned of_keys[PARTS][4];
#pragma unroll
                for (int p = 0; p < PARTS; p++) {
                    load_matrices(of_keys[p], key_tiles + (p * KEYS + n * 8) * CHUNKS + key_at
                                                  + swizzle(lane() % 8, s * 4 + lane() / 8));
                }
                float products[4] = {};
                multiply_parts(products, q[0], of_keys, 0);
                multiply_parts(products, q[1], of_keys, 2);
                add_parts(scores[n], products);
            }
        }
        float higher = highest;
#pragma unroll
        for (int n = 0; n < 2; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const float score = scores[n][i] + shuffle_xor(scores[n][i], WARP / 2);
                scores[n][i] = first_key + n * 8 + quarter * 2 + i < left_over ? score : NEGATIVE_INFINITY;
                higher = fmaxf(higher, scores[n][i]);
            }
        }
        higher = fmaxf(higher, shuffle_xor(higher, 1));
        higher = fmaxf(higher, shuffle_xor(higher, 2));
        if (round > 0) {
            const float rescale = weight_of(highest, higher);
            sum *= rescale;
#pragma unroll
            for (int n = 0; n < CHUNKS; n++) {
                result[n][0] *= rescale;
                result[n][1] *= rescale;
            }
        }
        highest = higher;
        unsigned weights[4];
#pragma unroll
        for (int n = 0; n < 2; n++) {
            float left[2];
            for (int i = 0; i < 2; i++) {
                left[i] = weight_of(scores[n][i], highest);
                sum += left[i];
            }
            const unsigned first = take_part<BFloat16Parts>(left[0], left[1]);
            const unsigned second = take_part<BFloat16Parts>(left[0], left[1]);
            weights[2 * n] = row < HEADS_OF_ATTEND ? first : second;
            weights[2 * n + 1] = row < HEADS_OF_ATTEND ? take_part<BFloat16Parts>(left[0], left[1]) : 0;
        }
        const uint4 of_heads = {weights[0], weights[1], weights[2], weights[3]};
#pragma unroll
        for (int n = 0; n < CHUNKS; n += 2) {
            unsigned of_values[PARTS][4];
#pragma unroll
            for (int p = 0; p < PARTS; p++) {
                load_matrices_turned(of_values[p], value_tiles + p * KEYS * CHUNKS + value_at
                                                       + swizzle(lane() % 16, n + lane() / 16));
            }
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float products[4] = {};
                multiply_parts(products, of_heads, of_values, 2 * i);
                add_parts(result[n + i], products);
            }
        }
    }
    sum += shuffle_xor(sum, 1);
    sum += shuffle_xor(sum, 2);
    // Of two chunks, this lane has some parts and the one 16 further the others: each takes one. What had no positions has
    // zeros.
    const bool takes_second = row >= HEADS_OF_ATTEND;
    float2 pairs[CHUNKS / 2];
#pragma unroll
    for (int n = 0; n < CHUNKS / 2; n++) {
        const float *first = result[2 * n];
        const float *second = result[2 * n + 1];
        pairs[n].x = (takes_second ? second[0] : first[0]) + shuffle_xor(takes_second ? first[0] : second[0], WARP / 2);
        pairs[n].y = (takes_second ? second[1] : first[1]) + shuffle_xor(takes_second ? first[1] : second[1], WARP / 2);
    }
    SharesOfHead<ATTEND_WARPS, WIDTH> &own = of_warps[row_of_head];
    if (row_of_head < heads) {
#pragma unroll
        for (int n = 0; n < CHUNKS / 2; n++) {
            *(float2 *)&own.result[warp()][(2 * n + takes_second) * EIGHT + quarter * 2] = pairs[n];
        }
    }
    if (row < heads && quarter == 0) {
        own.highest[warp()] = highest;
        own.sum[warp()] = sum;
    }
    synchronize_block();

    // From here on a thread has four numbers of a head at a time.
    auto for_each_four = [&](auto treat) {
#pragma unroll 1
        for (int i = threadIdx.x * 4; i < heads * WIDTH; i += ATTEND_THREADS * 4) {
            if (i % WIDTH < width) {
                treat(i / WIDTH, i % WIDTH);
            }
        }
    };
    auto own_four = [&](int h, int i) {
        return has_keys ? join(of_warps[h], i) : FourOfHead{NEGATIVE_INFINITY, 0, {}};
    };
    if (in_cluster) {
        for_each_four([&](int h, int i) {
            const FourOfHead four = own_four(h, i);
            SharesOfHead<CLUSTER, WIDTH> &of_head = of_blocks[h];
            leave_to_last(left, &of_head.result[blockIdx.y][i], four.result);
            if (i == 0) {
                leave_to_last(left, &of_head.highest[blockIdx.y], four.highest);
                leave_to_last(left, &of_head.sum[blockIdx.y], four.sum);
            }
        });
        if (blockIdx.y != CLUSTER - 1) {
            return;
        }
        wait_for_left(left);
        for_each_four([&](int h, int i) {
            const FourOfHead four = join(of_blocks[h], i);
            *(float4 *)(to + (long)(head + h) * width + i) =
                float4{quotient(four.result[0], four.sum), quotient(four.result[1], four.sum),
                       quotient(four.result[2], four.sum), quotient(four.result[3], four.sum)};
        });
        return;
    }
    auto part_of = [&](int h, int p) { return partial + ((long)(head + h) * parts + p) * (width + 2); };
    for_each_four([&](int h, int i) {
        const FourOfHead four = own_four(h, i);
        float *part = part_of(h, blockIdx.y);
        for (int j = 0; j < 4; j++) {
            part[2 + i + j] = four.result[j];
        }
        if (i == 0) {
            part[0] = four.highest;
            part[1] = four.sum;
        }
    });
    if (!is_last(arrived + blockIdx.z * gridDim.x + blockIdx.x, parts)) {
        return;
    }
    for_each_four([&](int h, int i) {
        FourOfHead all = {NEGATIVE_INFINITY, 0, {}};
        for (int p = 0; p < parts; p++) {
            all.highest = fmaxf(all.highest, read_published(part_of(h, p)));
        }
#pragma unroll 4
        for (int p = 0; p < parts; p++) {
            const float factor = weight_of(read_published(part_of(h, p)), all.highest);
            all.sum = fmaf(factor, read_published(part_of(h, p) + 1), all.sum);
            for (int j = 0; j < 4; j++) {
                all.result[j] = fmaf(factor, read_published(part_of(h, p) + 2 + i + j), all.result[j]);
            }
        }
        for (int j = 0; j < 4; j++) {
            to[(long)(head + h) * width + i + j] = quotient(all.result[j], all.sum);
        }
    });
}

// That may be in a multiprocessor together, as far as registers go: what stands beside them is the products' room.
template <int WIDTH>
constexpr int BLOCKS_OF_ATTEND = WIDTH < 256 ? 2 : 1;

#define DEFINE_WIDTH(name, C, WIDTH)                                                                                   \
    CLUSTERED_KERNEL(ATTEND_THREADS, BLOCKS_OF_ATTEND<WIDTH>, attend_one_##name##_##WIDTH, float *to,     \
                     const float *x, int group, int kv_heads, int width, const float *query_gain,                      \
                     const float *key_gain, const float *value_gain, float query_eps, float key_eps, float value_eps,  \
                     float eps_after, int turn_kind, int pairs, const float *cosines, const float *sines,              \
                     const float *heat, void *keys, void *values, int owns_cache, int capacity, float scale, int mask, \
                     int mask_size, float *partial, int *arrived, const int *pass) {                                   \
        attend_one<C, WIDTH>(to, x, group, kv_heads, width,                                                            \
                             {query_gain, key_gain, value_gain, query_eps, key_eps, value_eps, eps_after},             \
                             {turn_kind, pairs, cosines, sines}, heat, keys, values, owns_cache != 0, capacity, scale, \
                             mask, mask_size, partial, arrived, pass);                                                 \
    }
#define DEFINE(name, C) DEFINE_WIDTH(name, C, 64) DEFINE_WIDTH(name, C, 128) DEFINE_WIDTH(name, C, 256)
FOR_CACHES(DEFINE)
#undef DEFINE
#undef DEFINE_WIDTH

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
    BOUNDED_KERNEL(LATENT_WARPS *WARP, 1, attend_latents_one_##name, const float *q, int heads, const void *rows,      \
                   int key_width, int latent, float scale, int mask, int mask_size, int capacity, float *partial,      \
                   const int *pass) {                                                                                  \
        attend_latents_one<C>(q, heads, rows, key_width, latent, scale, mask, mask_size, capacity, partial, pass);     \
    }
FOR_CACHES(DEFINE)
#undef DEFINE
