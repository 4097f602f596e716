// Attention of many tokens by tensor cores, without keeping the scores: softmax(scale · q·k) over the visible positions,
// times their values. As attend of attention.cu, with keys and values of one width; or as absorb, attend and expand of
// latent attention together, by keys and values that the latents are expanded to before.
//
// Tensor cores multiply float32 numbers in parts, as parts.h says. They cut off what they add, so their sums are kept
// short and added up by rounding. Kernels that are named rounded have one part of each number, as rounded.cu has.
#include "parts.h"

// A block has QUERIES tokens of one head, each of its warps 16 of them, and takes KEYS positions at a time.
constexpr int FLASH_WARPS = 4;
constexpr int FLASH_THREADS = FLASH_WARPS * WARP;
constexpr int QUERIES = FLASH_WARPS * 16;

// What is cached of one head: a ring of `capacity` positions.
struct CachedHead {
    const char *data; // of the head in slot 0
    long stride; // bytes to the next slot
    int width;
    int capacity;
};

// Brings the positions from `first` to before `end` to a tile, zeros behind them. As bfloat16 they arrive later.
template <typename C, int D, int KEYS>
DEVICE void load_positions(uint4 *tile, const CachedHead &cached, int first, int end) {
    constexpr int CHUNKS = D / 8;
    const int first_slot = first % cached.capacity;
#pragma unroll 2
    for (int i = threadIdx.x; i < KEYS * CHUNKS; i += FLASH_THREADS) {
        const int row = i / CHUNKS;
        const int chunk = i % CHUNKS;
        const bool exists = first + row < end && chunk * 8 < cached.width;
        const int slot = first_slot + row;
        const char *from = cached.data + (slot < cached.capacity ? slot : slot - cached.capacity) * cached.stride
                           + chunk * 8 * C::BYTES;
        if constexpr (C::BYTES == 2) {
            copy_later<16>(tile + place_chunk<D>(row, chunk), from, exists);
        } else {
            alignas(16) float numbers[8] = {};
            if (exists) {
                *(float4 *)numbers = *(const float4 *)from;
                if (chunk * 8 + 4 < cached.width) {
                    *(float4 *)(numbers + 4) = *(const float4 *)(from + 16);
                }
            }
            store_split<BFloat16Parts, D>(tile, KEYS, row, chunk, numbers);
        }
    }
    if constexpr (C::BYTES == 2) {
        end_copy_group();
    }
}

// Keys and values of one head, cached with widths of at most D that are multiples of 16 bytes. Queries are split into P.
template <typename C, typename P, int D>
struct CachedPositions {
    typedef P Parts;
    static constexpr int KEY_WIDTH = D;
    static constexpr int VALUE_WIDTH = D;
    static constexpr int KEYS = C::BYTES == 4 && D == 256 ? 32 : 64;
    static constexpr int PARTS = C::BYTES == 2 ? 1 : Parts::COUNT; // tiles that numbers are split into
    CachedHead keys;
    CachedHead values;

    // Where the first tile begins.
    DEVICE_MEMBER int begin_at(int start) const { return start; }
    DEVICE_MEMBER void load_keys(uint4 *tile, int first, int end) const {
        load_positions<C, D, KEYS>(tile, keys, first, end);
    }
    DEVICE_MEMBER void load_values(uint4 *tile, int first, int end) const {
        load_positions<C, D, KEYS>(tile, values, first, end);
    }
    // What a number of a tile counts.
    DEVICE_MEMBER float key_unit(int) const { return 1; }
    DEVICE_MEMBER float value_unit(int) const { return 1; }
};

// A block has a tile of the queries of head blockIdx.y; blockIdx.x counts tiles from the last, which see most. Keys and
// values are what S says, and no wider than its tiles.
template <typename S>
DEVICE void attend_tiles(float *to, int to_stride, const float *q, int q_stride, const S &cached, int key_width,
                         int value_width, float scale, int mask, int mask_size, const int *pass) {
    typedef typename S::Parts Parts;
    constexpr int KEYS = S::KEYS;
    constexpr int DK = S::KEY_WIDTH;
    constexpr int DV = S::VALUE_WIDTH;
    constexpr int KEY_CHUNKS = DK / 8;
    constexpr int VALUE_CHUNKS = DV / 8;
    constexpr int SPLIT = Parts::COUNT;
    constexpr int CACHED = S::PARTS;
    constexpr int CHAINS = 4; // sums of a warp that grow at the same time
    // Dynamic shared memory: queries [SPLIT][QUERIES], keys and values [CACHED][KEYS] each.
    uint4 *query_tiles = (uint4 *)dynamic_shared;
    uint4 *key_tiles = query_tiles + SPLIT * QUERIES * KEY_CHUNKS;
    uint4 *value_tiles = key_tiles + CACHED * KEYS * KEY_CHUNKS;

    const int head = blockIdx.y;
    const int tokens = pass[0];
    const int first_token = (gridDim.x - 1 - blockIdx.x) * QUERIES;
    const int last_token = first_token + QUERIES < tokens ? first_token + QUERIES - 1 : tokens - 1;
    const int first_position = pass[1] + first_token;
    const int end = pass[1] + last_token + 1;
    const int start = cached.begin_at(first_visible(mask, mask_size, first_position));
    const int visible_to_all = first_visible(mask, mask_size, end - 1);

    cached.load_keys(key_tiles, start, end);
    auto query_number = [&](int row, int column) {
        const float *from = q + (long)(first_token + row) * q_stride + (long)head * key_width;
        return first_token + row <= last_token && column < key_width ? from[column] : 0;
    };
    float power = 1; // that queries are multiplied by
    float weight_power = 1; // likewise weights
    if constexpr (Parts::SCALED) {
        float largest = 0;
        for (int i = threadIdx.x; i < QUERIES * DK; i += FLASH_THREADS) {
            largest = fmaxf(largest, fabsf(query_number(i / DK, i % DK)));
        }
        power = power_for(block_max(largest));
        weight_power = power_for(1);
    }
    for (int i = threadIdx.x; i < QUERIES * KEY_CHUNKS; i += FLASH_THREADS) {
        float numbers[8];
        for (int j = 0; j < 8; j++) {
            numbers[j] = query_number(i / KEY_CHUNKS, i % KEY_CHUNKS * 8 + j) * power;
        }
        store_split<Parts, DK>(query_tiles, QUERIES, i / KEY_CHUNKS, i % KEY_CHUNKS, numbers);
    }
    const float query_scale = scale / power;
    const float weight_unit = 1 / weight_power;
    // A lane has two queries: of tokens lane / 4 and 8 further.
    const int query = warp() * 16 + lane() / 4;
    float highest[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY};
    float sum[2] = {}; // of the positions that this lane has had
    float results[DV / 8][4];
#pragma unroll
    for (int n = 0; n < DV / 8; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            results[n][i] = 0;
        }
    }
    for (int block = start; block < end; block += KEYS) {
        cached.load_values(value_tiles, block, end);
        const float score_unit = query_scale * cached.key_unit(block);
        const float value_unit = weight_unit * cached.value_unit(block);
        wait_for_copies<1>(); // keys
        synchronize_block();
        float scores[KEYS / 8][4];
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                scores[n][i] = 0;
            }
        }
#pragma unroll 1
        for (int k = 0; k < DK / 32; k++) { // 32 columns at a time
            unsigned a[SPLIT][2][4];
#pragma unroll
            for (int p = 0; p < SPLIT; p++) {
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    load_matrices(a[p][h], query_tiles + p * QUERIES * KEY_CHUNKS
                                               + place_chunk<DK>(warp() * 16 + lane() % 16,
                                                                 k * 4 + h * 2 + lane() / 16));
                }
            }
#pragma unroll
            for (int first = 0; first < KEYS / 8; first += CHAINS) {
                float parts[CHAINS][4] = {};
                unsigned b[CACHED][CHAINS][4];
#pragma unroll
                for (int p = 0; p < CACHED; p++) {
#pragma unroll
                    for (int n = 0; n < CHAINS; n++) {
                        load_matrices(b[p][n], key_tiles + p * KEYS * KEY_CHUNKS
                                                   + place_chunk<DK>((first + n) * 8 + lane() % 8,
                                                                     k * 4 + lane() / 8));
                    }
                }
                // The smallest products come first.
#pragma unroll
                for (int both = SPLIT - 1; both >= 0; both--) {
#pragma unroll
                    for (int p = 0; p <= both && p < CACHED; p++) {
#pragma unroll
                        for (int h = 0; h < 2; h++) {
#pragma unroll
                            for (int n = 0; n < CHAINS; n++) {
                                const unsigned of_step[2] = {b[p][n][2 * h], b[p][n][2 * h + 1]};
                                Parts::multiply(parts[n], a[both - p][h], of_step);
                            }
                        }
                    }
                }
#pragma unroll
                for (int n = 0; n < CHAINS; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        scores[first + n][i] += parts[n][i];
                    }
                }
            }
        }
        synchronize_block();
        cached.load_keys(key_tiles, block + KEYS, end);

        // Scores become weights, relative to the highest so far.
        const bool all_visible = block + KEYS <= first_position + 1 && block >= visible_to_all;
        float higher[2] = {highest[0], highest[1]};
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float score = scores[n][i] * score_unit;
                if (!all_visible) {
                    const int position = first_position + query + i / 2 * 8;
                    const int key = block + n * 8 + lane() % 4 * 2 + i % 2;
                    if (key > position || key < first_visible(mask, mask_size, position)) {
                        score = NEGATIVE_INFINITY;
                    }
                }
                scores[n][i] = score;
                higher[i / 2] = fmaxf(higher[i / 2], score);
            }
        }
        float rescale[2];
        float reference[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            higher[half] = fmaxf(higher[half], shuffle_xor(higher[half], 1));
            higher[half] = fmaxf(higher[half], shuffle_xor(higher[half], 2));
            rescale[half] = highest[half] == NEGATIVE_INFINITY ? 0 : expf(highest[half] - higher[half]);
            reference[half] = higher[half] == NEGATIVE_INFINITY ? 0 : higher[half];
            highest[half] = higher[half];
            sum[half] *= rescale[half];
        }
        // As operands of the next products: 16 positions each, split.
        unsigned weights[KEYS / 16][SPLIT][4];
#pragma unroll
        for (int k = 0; k < KEYS / 16; k++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int n = 2 * k + i / 2;
                const int half = i % 2;
                float left[2];
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    left[j] = expf(scores[n][half * 2 + j] - reference[half]);
                    sum[half] += left[j];
                    left[j] *= weight_power;
                }
#pragma unroll
                for (int p = 0; p < SPLIT; p++) {
                    weights[k][p][i] = take_part<Parts>(left[0], left[1]);
                }
            }
        }
        wait_for_copies<1>(); // values
        synchronize_block();
#pragma unroll
        for (int first = 0; first < DV / 8; first += CHAINS) {
            float parts[CHAINS][4] = {};
#pragma unroll
            for (int k = 0; k < KEYS / 16; k++) {
                unsigned b[CACHED][CHAINS / 2][4];
#pragma unroll
                for (int p = 0; p < CACHED; p++) {
#pragma unroll
                    for (int n = 0; n < CHAINS / 2; n++) {
                        load_matrices_turned(b[p][n], value_tiles + p * KEYS * VALUE_CHUNKS
                                                          + place_chunk<DV>(k * 16 + lane() % 16,
                                                                            first + 2 * n + lane() / 16));
                    }
                }
#pragma unroll
                for (int both = SPLIT - 1; both >= 0; both--) {
#pragma unroll
                    for (int p = 0; p <= both && p < CACHED; p++) {
#pragma unroll
                        for (int n = 0; n < CHAINS; n++) {
                            const unsigned of_step[2] = {b[p][n / 2][n % 2 * 2], b[p][n / 2][n % 2 * 2 + 1]};
                            Parts::multiply(parts[n], weights[k][both - p], of_step);
                        }
                    }
                }
            }
#pragma unroll
            for (int n = 0; n < CHAINS; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    results[first + n][i] = fmaf(results[first + n][i], rescale[i / 2], parts[n][i] * value_unit);
                }
            }
        }
        synchronize_block();
    }

#pragma unroll
    for (int half = 0; half < 2; half++) {
        sum[half] += shuffle_xor(sum[half], 1);
        sum[half] += shuffle_xor(sum[half], 2);
        const int token = first_token + query + half * 8;
#pragma unroll
        for (int n = 0; n < DV / 8; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int column = n * 8 + lane() % 4 * 2 + i;
                if (token <= last_token && column < value_width) {
                    to[(long)token * to_stride + (long)head * value_width + column] = results[n][half * 2 + i] / sum[half];
                }
            }
        }
    }
}

#define FOR_WIDTHS(define, name, C, P)                                                                                 \
    define(name##_64, C, P, 64) define(name##_128, C, P, 128) define(name##_256, C, P, 256)
#define DEFINE(name, C, P, D)                                                                                          \
    BOUNDED_KERNEL(FLASH_THREADS, D == 256 ? 1 : 2, attend_tiles_##name, float *to, int to_stride, const float *q,     \
                   int q_stride, const void *keys, const void *values, int width, int group, int kv_heads,             \
                   float scale, int mask, int mask_size, int capacity, const int *pass) {                              \
        begin();                                                                                                       \
        const long head_bytes = (long)(blockIdx.y / group) * width * C::BYTES;                                         \
        const long slot_bytes = (long)kv_heads * width * C::BYTES;                                                     \
        const CachedPositions<C, P, D> cached = {{(const char *)keys + head_bytes, slot_bytes, width, capacity},       \
                                                 {(const char *)values + head_bytes, slot_bytes, width, capacity}};    \
        attend_tiles(to, to_stride, q, q_stride, cached, width, width, scale, mask, mask_size, pass);                  \
    }
FOR_WIDTHS(DEFINE, f32, Float32, BFloat16Parts)
FOR_WIDTHS(DEFINE, bf16, BFloat16, BFloat16Parts)
FOR_WIDTHS(DEFINE, rounded_bf16, BFloat16, RoundedParts)
#undef DEFINE

// ------------------------------------------------------------------------------------------------------------- latents

// What keys and values of a tile were divided by.
struct TileUnits {
    float key;
    float value;
};

// Keys and values of one head that latents were expanded to: [PARTS][rows][width] each, of the positions from `base` on;
// widths are multiples of eight. Tiles are so small that two blocks fit into a multiprocessor.
template <typename P>
struct ExpandedPositions {
    typedef P Parts;
    static constexpr int KEY_WIDTH = 192;
    static constexpr int VALUE_WIDTH = 128;
    static constexpr int KEYS = 32;
    static constexpr int PARTS = Parts::COUNT;
    const unsigned short *keys;
    const unsigned short *values;
    const TileUnits *units;
    int key_width;
    int value_width;
    int rows;
    int base;

    // Tiles are those that have a unit.
    DEVICE_MEMBER int begin_at(int start) const { return start - (start - base) % KEYS; }
    DEVICE_MEMBER void load_keys(uint4 *tile, int first, int end) const {
        load<KEY_WIDTH>(tile, keys, key_width, first, end);
    }
    DEVICE_MEMBER void load_values(uint4 *tile, int first, int end) const {
        load<VALUE_WIDTH>(tile, values, value_width, first, end);
    }
    DEVICE_MEMBER float key_unit(int block) const { return units[(block - base) / KEYS].key; }
    DEVICE_MEMBER float value_unit(int block) const { return units[(block - base) / KEYS].value; }

    template <int D>
    DEVICE_MEMBER void load(uint4 *tile, const unsigned short *parts, int width, int first, int end) const {
        constexpr int CHUNKS = D / 8;
        for (int i = threadIdx.x; i < KEYS * CHUNKS; i += FLASH_THREADS) {
            const int row = i / CHUNKS;
            const int chunk = i % CHUNKS;
            const bool exists = first + row < end && chunk * 8 < width;
            const unsigned short *from = parts + (long)(first - base + row) * width + chunk * 8;
#pragma unroll
            for (int p = 0; p < PARTS; p++) {
                copy_later<16>(tile + p * KEYS * CHUNKS + place_chunk<D>(row, chunk), from + (long)p * rows * width,
                               exists);
            }
        }
        end_copy_group();
    }
};

// Numbers from a row of parts to the next.
DEVICE int padded(int width) { return (width + 7) / 8 * 8; }

// attend_tiles for heads that split_expanded has brought; q and `to` are their queries and results. The pass sees no
// position before `base`.
template <typename P>
DEVICE void attend_expanded_tiles(float *to, int to_stride, const float *q, int q_stride, const unsigned short *keys,
                                  const unsigned short *values, const TileUnits *units, int rows, int base,
                                  int key_width, int value_width, float scale, int mask, int mask_size,
                                  const int *pass) {
    begin();
    constexpr int KEYS = ExpandedPositions<P>::KEYS;
    const int key_row = padded(key_width);
    const int value_row = padded(value_width);
    const long head = blockIdx.y;
    const ExpandedPositions<P> expanded = {keys + head * P::COUNT * rows * key_row,
                                           values + head * P::COUNT * rows * value_row,
                                           units + head * ((rows + KEYS - 1) / KEYS),
                                           key_row,
                                           value_row,
                                           rows,
                                           base};
    attend_tiles(to, to_stride, q, q_stride, expanded, key_width, value_width, scale, mask, mask_size, pass);
}

// Splits `count` rows of `width` numbers into rows of parts, which lie `part` numbers apart; zeros fill them up to a
// multiple of eight. A warp has a row at a time. Returns the unit.
template <typename P, typename N>
DEVICE float split_tile(unsigned short *to, long part, int count, int width, const N &number) {
    float power = 1;
    if constexpr (P::SCALED) {
        float largest = 0;
        for (int row = warp(); row < count; row += warps()) {
            for (int column = lane(); column < width; column += WARP) {
                largest = fmaxf(largest, fabsf(number(row, column)));
            }
        }
        power = power_for(block_max(largest));
    }
    const int padded_width = padded(width);
    for (int row = warp(); row < count; row += warps()) {
        for (int column = 2 * lane(); column < padded_width; column += 2 * WARP) {
            float low = column < width ? number(row, column) * power : 0;
            float high = column + 1 < width ? number(row, column + 1) * power : 0;
#pragma unroll
            for (int p = 0; p < P::COUNT; p++) {
                *(unsigned *)(to + p * part + (long)row * padded_width + column) = take_part<P>(low, high);
            }
        }
    }
    return 1 / power;
}

// Brings expanded positions where attend_expanded reads them. `products` is `[count][heads · (nope + value_width)]`, of
// the positions from row `first`, a multiple of KEYS, on; what is turned of a key is behind the latent of its cached row.
// blockIdx.x is a tile of KEYS positions, blockIdx.y the head.
template <typename P, typename C>
DEVICE void split_expanded(unsigned short *keys, unsigned short *values, TileUnits *units, int rows, int base,
                           int first, int count, const float *products, int nope, int rope, int value_width,
                           const void *cache, int latent, int capacity) {
    begin();
    constexpr int KEYS = ExpandedPositions<P>::KEYS;
    const long head = blockIdx.y;
    const int of_tile = blockIdx.x * KEYS;
    const int row = first + of_tile;
    const int tile_rows = count - of_tile < KEYS ? count - of_tile : KEYS;
    const int stride = (int)gridDim.y * (nope + value_width);
    products += (long)of_tile * stride + head * (nope + value_width);
    auto key = [&](int r, int column) {
        if (column < nope) {
            return products[(long)r * stride + column];
        }
        const long slot = (base + row + r) % capacity;
        return C::at(cache, slot * (latent + rope) + latent + column - nope);
    };
    auto value = [&](int r, int column) { return products[(long)r * stride + nope + column]; };
    const int key_row = padded(nope + rope);
    const int value_row = padded(value_width);
    const float key_unit = split_tile<P>(keys + (head * P::COUNT * rows + row) * key_row, (long)rows * key_row,
                                         tile_rows, nope + rope, key);
    const float value_unit = split_tile<P>(values + (head * P::COUNT * rows + row) * value_row,
                                           (long)rows * value_row, tile_rows, value_width, value);
    if (threadIdx.x == 0) {
        units[head * ((rows + KEYS - 1) / KEYS) + row / KEYS] = {key_unit, value_unit};
    }
}

// to = the latents of cached rows from position `first` on, as float32. blockIdx.y is the row.
template <typename C>
DEVICE void copy_latents(float *to, const void *cache, int row_width, int latent, int capacity, int first) {
    begin();
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column < latent) {
        const long slot = (first + (int)blockIdx.y) % capacity;
        to[(long)blockIdx.y * latent + column] = C::at(cache, slot * row_width + column);
    }
}

#define DEFINE(name, P)                                                                                                \
    BOUNDED_KERNEL(FLASH_THREADS, 2, attend_##name, float *to, int to_stride, const float *q, int q_stride,            \
                   const unsigned short *keys, const unsigned short *values, const TileUnits *units, int rows,         \
                   int base, int key_width, int value_width, float scale, int mask, int mask_size, const int *pass) {  \
        attend_expanded_tiles<P>(to, to_stride, q, q_stride, keys, values, units, rows, base, key_width, value_width,  \
                                 scale, mask, mask_size, pass);                                                        \
    }
DEFINE(expanded, Float16Parts)
DEFINE(rounded_expanded, RoundedParts)
#undef DEFINE

#define DEFINE_SPLIT(name, P, C)                                                                                       \
    KERNEL(split_##name, unsigned short *keys, unsigned short *values, TileUnits *units, int rows, int base,           \
           int first, int count, const float *products, int nope, int rope, int value_width, const void *cache,        \
           int latent, int capacity) {                                                                                 \
        split_expanded<P, C>(keys, values, units, rows, base, first, count, products, nope, rope, value_width, cache,  \
                             latent, capacity);                                                                        \
    }
#define DEFINE(name, C)                                                                                                \
    DEFINE_SPLIT(expanded_##name, Float16Parts, C)                                                                     \
    DEFINE_SPLIT(rounded_expanded_##name, RoundedParts, C)                                                             \
    KERNEL(copy_latents_##name, float *to, const void *cache, int row_width, int latent, int capacity, int first) {    \
        copy_latents<C>(to, cache, row_width, latent, capacity, first);                                                \
    }
FOR_CACHES(DEFINE)
#undef DEFINE
#undef DEFINE_SPLIT
