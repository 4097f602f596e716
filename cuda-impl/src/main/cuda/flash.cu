// Attention of many tokens by tensor cores, without keeping the scores: softmax(scale · q·k) over the visible positions,
// times their values. As attend of attention.cu, with keys and values of one width.
//
// Tensor cores multiply bfloat16 and add float32. Queries, probabilities and what is cached as float32 are split into
// three bfloat16 that add up to them, all but for the last bit or so; of the products of two such sums those count that
// are above 2^-24 of the whole. Tensor cores cut off what they add, so their sums are kept short and added up by rounding.
#include "device.h"

// A block has QUERIES tokens of one head, each of its warps 16 of them, and takes KEYS positions at a time.
constexpr int FLASH_WARPS = 4;
constexpr int FLASH_THREADS = FLASH_WARPS * WARP;
constexpr int QUERIES = FLASH_WARPS * 16;
constexpr int SPLIT = 3;

// Tiles in shared memory have rows of D numbers of 2 bytes, in chunks of 16 bytes. Where a chunk lies: such that those of
// eight rows lie in different banks.
template <int D>
DEVICE int place_chunk(int row, int chunk) {
    return row * (D / 8) + (chunk ^ (row & 7));
}

// Splits eight numbers into chunks of SPLIT tiles of `rows` rows.
template <int D>
DEVICE void store_split(uint4 *tiles, int rows, int row, int chunk, const float (&from)[8]) {
    float left[8];
    for (int i = 0; i < 8; i++) {
        left[i] = from[i];
    }
#pragma unroll
    for (int p = 0; p < SPLIT; p++) {
        unsigned words[4];
        for (int i = 0; i < 4; i++) {
            words[i] = to_bf16_pair(left[2 * i], left[2 * i + 1]);
            left[2 * i] -= from_bits(words[i] << 16);
            left[2 * i + 1] -= from_bits(words[i] & 0xffff0000u);
        }
        tiles[p * rows * (D / 8) + place_chunk<D>(row, chunk)] = uint4{words[0], words[1], words[2], words[3]};
    }
}

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
            store_split<D>(tile, KEYS, row, chunk, numbers);
        }
    }
    if constexpr (C::BYTES == 2) {
        end_copy_group();
    }
}

// Widths of heads are at most D, and a multiple of 16 bytes. blockIdx.x counts tiles of queries from the last, which
// see most, blockIdx.y is the head.
template <typename C, int D>
DEVICE void attend_tiles(float *to, int to_stride, const float *q, int q_stride, const void *keys, const void *values,
                         int width, int group, int kv_heads, float scale, int mask, int mask_size, int capacity,
                         const int *pass) {
    constexpr int KEYS = C::BYTES == 4 && D == 256 ? 32 : 64;
    constexpr int CHUNKS = D / 8;
    constexpr int CACHED = C::BYTES == 2 ? 1 : SPLIT; // tiles that cached numbers are split into
    constexpr int CHAINS = 4; // sums of a warp that grow at the same time
    begin();
    // Dynamic shared memory: queries [SPLIT][QUERIES], keys and values [CACHED][KEYS] each.
    uint4 *query_tiles = (uint4 *)dynamic_shared;
    uint4 *key_tiles = query_tiles + SPLIT * QUERIES * CHUNKS;
    uint4 *value_tiles = key_tiles + CACHED * KEYS * CHUNKS;

    const int head = blockIdx.y;
    const long head_bytes = (long)(head / group) * width * C::BYTES;
    const long slot_bytes = (long)kv_heads * width * C::BYTES;
    const CachedHead cached_keys = {(const char *)keys + head_bytes, slot_bytes, width, capacity};
    const CachedHead cached_values = {(const char *)values + head_bytes, slot_bytes, width, capacity};
    const int tokens = pass[0];
    const int first_token = (gridDim.x - 1 - blockIdx.x) * QUERIES;
    const int last_token = first_token + QUERIES < tokens ? first_token + QUERIES - 1 : tokens - 1;
    const int first_position = pass[1] + first_token;
    const int end = pass[1] + last_token + 1;
    const int start = first_visible(mask, mask_size, first_position);
    const int visible_to_all = first_visible(mask, mask_size, end - 1);

    load_positions<C, D, KEYS>(key_tiles, cached_keys, start, end);
    for (int i = threadIdx.x; i < QUERIES * CHUNKS; i += FLASH_THREADS) {
        const int row = i / CHUNKS;
        const int column = i % CHUNKS * 8;
        float numbers[8];
        const float *from = q + (long)(first_token + row) * q_stride + (long)head * width + column;
        for (int j = 0; j < 8; j++) {
            numbers[j] = first_token + row <= last_token && column + j < width ? from[j] : 0;
        }
        store_split<D>(query_tiles, QUERIES, row, i % CHUNKS, numbers);
    }

    // A lane has two queries: of tokens lane / 4 and 8 further.
    const int query = warp() * 16 + lane() / 4;
    float highest[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY};
    float sum[2] = {}; // of the positions that this lane has had
    float results[D / 8][4];
#pragma unroll
    for (int n = 0; n < D / 8; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            results[n][i] = 0;
        }
    }
    for (int block = start; block < end; block += KEYS) {
        load_positions<C, D, KEYS>(value_tiles, cached_values, block, end);
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
        for (int k = 0; k < D / 32; k++) { // 32 columns at a time
            unsigned a[SPLIT][2][4];
#pragma unroll
            for (int p = 0; p < SPLIT; p++) {
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    load_matrices(a[p][h], query_tiles + p * QUERIES * CHUNKS
                                               + place_chunk<D>(warp() * 16 + lane() % 16,
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
                        load_matrices(b[p][n], key_tiles + p * KEYS * CHUNKS
                                                   + place_chunk<D>((first + n) * 8 + lane() % 8,
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
                                multiply_tile_bf16(parts[n], a[both - p][h], of_step);
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
        load_positions<C, D, KEYS>(key_tiles, cached_keys, block + KEYS, end);

        // Scores become weights, relative to the highest so far.
        const bool all_visible = block + KEYS <= first_position + 1 && block >= visible_to_all;
        float higher[2] = {highest[0], highest[1]};
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float score = scores[n][i] * scale;
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
                }
#pragma unroll
                for (int p = 0; p < SPLIT; p++) {
                    const unsigned pair = to_bf16_pair(left[0], left[1]);
                    weights[k][p][i] = pair;
                    left[0] -= from_bits(pair << 16);
                    left[1] -= from_bits(pair & 0xffff0000u);
                }
            }
        }
        wait_for_copies<1>(); // values
        synchronize_block();
#pragma unroll
        for (int first = 0; first < D / 8; first += CHAINS) {
            float parts[CHAINS][4] = {};
#pragma unroll
            for (int k = 0; k < KEYS / 16; k++) {
                unsigned b[CACHED][CHAINS / 2][4];
#pragma unroll
                for (int p = 0; p < CACHED; p++) {
#pragma unroll
                    for (int n = 0; n < CHAINS / 2; n++) {
                        load_matrices_turned(b[p][n], value_tiles + p * KEYS * CHUNKS
                                                          + place_chunk<D>(k * 16 + lane() % 16,
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
                            multiply_tile_bf16(parts[n], weights[k][both - p], of_step);
                        }
                    }
                }
            }
#pragma unroll
            for (int n = 0; n < CHAINS; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    results[first + n][i] = fmaf(results[first + n][i], rescale[i / 2], parts[n][i]);
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
        for (int n = 0; n < D / 8; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const int column = n * 8 + lane() % 4 * 2 + i;
                if (token <= last_token && column < width) {
                    to[(long)token * to_stride + (long)head * width + column] = results[n][half * 2 + i] / sum[half];
                }
            }
        }
    }
}

#define FOR_WIDTHS(define, name, C) define(name##_64, C, 64) define(name##_128, C, 128) define(name##_256, C, 256)
#define DEFINE(name, C, D)                                                                                             \
    BOUNDED_KERNEL(FLASH_THREADS, D == 256 ? 1 : 2, attend_tiles_##name, float *to, int to_stride, const float *q,      \
                   int q_stride, const void *keys, const void *values, int width, int group, int kv_heads,             \
                   float scale, int mask, int mask_size, int capacity, const int *pass) {                              \
        attend_tiles<C, D>(to, to_stride, q, q_stride, keys, values, width, group, kv_heads, scale, mask, mask_size,   \
                           capacity, pass);                                                                            \
    }
FOR_WIDTHS(DEFINE, f32, Float32)
FOR_WIDTHS(DEFINE, bf16, BFloat16)
#undef DEFINE
