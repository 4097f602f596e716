// Products of many tokens by tensor cores: y[t] = W·x[t] + bias + residual[t], from weights in bfloat16, float16 or E4M3.
//
// Tensor cores multiply float16 and add float32. An activation is the sum of two float16 planes, 22 bits and a sign; to
// stay in their range, a row is multiplied by the power of two that brings its largest number to 2^14. A weight in
// bfloat16 becomes a float16 in the same way: it keeps all its bits unless it is below 2^-31 of the largest of its row.
// So products are exact, and what is cut off counts 2^-24 of an activation, as rounding it to float32 would.
//
// Tensor cores cut off what they add, so their sums are kept to DEPTH columns and added up by rounding.
#include "tiles.h"

// to[r] = power_for the largest magnitude of row r, for matrices of one shape that lie `stride` elements apart, their
// results `to_stride`. A warp has a row, blockIdx.y is the matrix.
KERNEL(scale_rows_bf16, float *to, long to_stride, const unsigned short *w, long stride, int columns, int rows) {
    begin();
    const int row = blockIdx.x * warps() + warp();
    if (row >= rows) {
        return;
    }
    w += blockIdx.y * stride + (long)row * columns;
    float largest = 0;
    for (int column = lane(); column < columns; column += WARP) {
        largest = fmaxf(largest, fabsf(from_bf16(w[column])));
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        largest = fmaxf(largest, shuffle_xor(largest, distance));
    }
    if (lane() == 0) {
        to[blockIdx.y * to_stride + row] = power_for(largest);
    }
}

// ------------------------------------------------------------------------------------------------- weights of 16 bytes

// How 16 bytes of stored weights become float16.
struct BFloat16Weights {
    static constexpr int BYTES = 2;
    static constexpr bool ROW_SCALES = true; // powers of two
    static constexpr bool BLOCK_SCALES = false;
    static DEVICE_MEMBER void decode(const uint4 &raw, float scale, unsigned (&to)[8]) {
        const unsigned words[4] = {raw.x, raw.y, raw.z, raw.w};
        for (int i = 0; i < 4; i++) {
            to[i] = to_f16_pair(from_bits(words[i] << 16) * scale, from_bits(words[i] & 0xffff0000u) * scale);
        }
    }
};

struct Float16Weights {
    static constexpr int BYTES = 2;
    static constexpr bool ROW_SCALES = false;
    static constexpr bool BLOCK_SCALES = false;
    static DEVICE_MEMBER void decode(const uint4 &raw, float, unsigned (&to)[8]) {
        to[0] = raw.x;
        to[1] = raw.y;
        to[2] = raw.z;
        to[3] = raw.w;
    }
};

struct Float8Weights {
    static constexpr int BYTES = 1;
    static constexpr bool ROW_SCALES = false;
    static constexpr bool BLOCK_SCALES = true;
    static DEVICE_MEMBER void decode(const uint4 &raw, float, unsigned (&to)[8]) {
        const unsigned words[4] = {raw.x, raw.y, raw.z, raw.w};
        for (int i = 0; i < 4; i++) {
            to[2 * i] = e4m3_to_f16_pair(words[i] & 0xffffu);
            to[2 * i + 1] = e4m3_to_f16_pair(words[i] >> 16);
        }
    }
};

// --------------------------------------------------------------------------------------------------------------- tiles

constexpr int TILE_THREADS = 256;
// Warps side by side in tokens, and in rows.
constexpr int TOKEN_WARPS = 2;
constexpr int ROW_WARPS = 4;
// Columns of a step: a row of a tile is 64 bytes, four chunks of 16.
constexpr int DEPTH = 32;
constexpr int CHUNKS = 4;
// Steps whose data are on the way or in use.
constexpr int STAGES = 4;
// Sums of a warp that grow at the same time, so that a tensor core need not wait for the last before it begins the next.
constexpr int CHAINS = 4;

// Where chunk `chunk` of a row of a tile lies: such that eight rows' chunks lie in different banks.
DEVICE int place(int row, int chunk) { return row * CHUNKS + (chunk ^ (row >> 1 & 3)); }

// A block multiplies 32 · M tokens with 32 · N rows; each of its eight warps 16 · M tokens with 8 · N rows.
template <typename W, int M, int N>
DEVICE void multiply_tiles(const TileResults &to, const unsigned short *planes, int x_rows, const void *data,
                           const float *scales, int scale_columns, int columns, int rows, const TileRows &tokens) {
    constexpr int TOKENS = TOKEN_WARPS * M * 16;
    constexpr int ROWS = ROW_WARPS * N * 8;
    constexpr int ROW_STEP = TILE_THREADS / CHUNKS; // rows of activations that all threads bring at a time
    constexpr int RAW_CHUNKS = DEPTH * W::BYTES / 16;
    constexpr int RAW_STEP = TILE_THREADS / RAW_CHUNKS; // the same for weights
    constexpr int RAW = ROWS / RAW_STEP;
    // Dynamic shared memory: activations [STAGES][PLANES][TOKENS], decoded weights [2][ROWS], weights [STAGES][RAW] for
    // each thread, and scales of the step [STAGES][ROWS].
    uint4 *activations = (uint4 *)dynamic_shared;
    uint4 *weights = activations + STAGES * PLANES * TOKENS * CHUNKS;
    uint4 *raw = weights + 2 * ROWS * CHUNKS;
    float *step_scales = (float *)(raw + STAGES * RAW * TILE_THREADS);

    const int tile_row = blockIdx.y * ROWS;

    // What this thread brings: chunks of some rows of activations, and of weights.
    const int own_row = threadIdx.x / CHUNKS;
    const int own_chunk = threadIdx.x % CHUNKS;
    const unsigned short *own_planes = planes + own_chunk * 8;
    const long plane = (long)x_rows * columns;
    int from[TOKENS / ROW_STEP]; // rows; below 0 for none
#pragma unroll
    for (int i = 0; i < TOKENS / ROW_STEP; i++) {
        const int t = own_row + i * ROW_STEP;
        from[i] = t < tokens.count ? tokens.target(t) / tokens.share : -1;
    }
    const int own_raw_row = threadIdx.x / RAW_CHUNKS;
    const int own_raw_column = threadIdx.x % RAW_CHUNKS * (16 / W::BYTES);
    const char *raw_from = (const char *)data + (long)(tile_row + own_raw_row) * columns * W::BYTES;
    const long raw_stride = (long)RAW_STEP * columns * W::BYTES;
    float row_scales[RAW]; // 0 where there is no row
#pragma unroll
    for (int i = 0; i < RAW; i++) {
        const int row = tile_row + own_raw_row + i * RAW_STEP;
        row_scales[i] = row >= rows ? 0 : W::ROW_SCALES ? scales[row] : 1;
    }
    const int scale_blocks = (columns + scale_columns - 1) / scale_columns;

    auto load = [&](int step) {
        const int stage = step % STAGES;
        const int column = step * DEPTH + own_chunk * 8;
#pragma unroll
        for (int i = 0; i < TOKENS / ROW_STEP; i++) {
            const bool there = from[i] >= 0 && column < columns;
            const unsigned short *source = own_planes + (long)from[i] * columns + step * DEPTH;
#pragma unroll
            for (int p = 0; p < PLANES; p++) {
                copy_later<16>(activations + (stage * PLANES + p) * TOKENS * CHUNKS
                                   + place(own_row + i * ROW_STEP, own_chunk),
                               source + p * plane, there);
            }
        }
        const int raw_column = step * DEPTH + own_raw_column;
#pragma unroll
        for (int i = 0; i < RAW; i++) {
            const bool there = row_scales[i] != 0 && raw_column < columns;
            copy_later<16>(raw + (stage * RAW + i) * TILE_THREADS + threadIdx.x,
                           raw_from + i * raw_stride + raw_column * W::BYTES, there);
        }
        if constexpr (W::BLOCK_SCALES) {
            const bool there = (int)threadIdx.x < ROWS && tile_row + (int)threadIdx.x < rows && step * DEPTH < columns;
            if ((int)threadIdx.x < ROWS) {
                copy_later<4>(step_scales + stage * ROWS + threadIdx.x,
                              scales + (long)(tile_row + (int)threadIdx.x) * scale_blocks + step * DEPTH / scale_columns,
                              there);
            }
        }
    };
    // Makes float16 of what this thread itself has copied.
    auto decode = [&](int step, int i) {
        unsigned halves[8];
        W::decode(raw[(step % STAGES * RAW + i) * TILE_THREADS + threadIdx.x], row_scales[i], halves);
        uint4 *decoded = weights + step % 2 * ROWS * CHUNKS;
        const int row = own_raw_row + i * RAW_STEP;
#pragma unroll
        for (int c = 0; c < 2 / W::BYTES; c++) {
            decoded[place(row, own_raw_column / 8 + c)] =
                uint4{halves[4 * c], halves[4 * c + 1], halves[4 * c + 2], halves[4 * c + 3]};
        }
    };

    const int steps = (columns + DEPTH - 1) / DEPTH;
    const int warp_token = warp() / ROW_WARPS * M * 16;
    const int warp_row = warp() % ROW_WARPS * N * 8;
    const bool is_needed = warp_token < tokens.count && tile_row + warp_row < rows;
    float sums[M][N][4];
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                sums[m][n][i] = 0;
            }
        }
    }
    for (int step = 0; step < STAGES - 1; step++) {
        load(step);
        end_copy_group();
    }
    wait_for_copies<STAGES - 2>();
#pragma unroll
    for (int i = 0; i < RAW; i++) {
        decode(0, i);
    }
    synchronize_block();
    for (int step = 0; step < steps; step++) {
        // All are done with the step before, whose place this takes.
        load(step + STAGES - 1);
        end_copy_group();
        wait_for_copies<STAGES - 2>(); // the next step's
        if (!is_needed) {
#pragma unroll
            for (int i = 0; i < RAW; i++) {
                decode(step + 1, i);
            }
            synchronize_block();
            continue;
        }
        unsigned a[2][PLANES][2][4]; // of two tiles in turn: of each plane, for 32 columns
        unsigned b[N][4];
        auto load_tokens = [&](int m) {
#pragma unroll
            for (int p = 0; p < PLANES; p++) {
#pragma unroll
                for (int k = 0; k < 2; k++) {
                    load_matrices(a[m % 2][p][k], activations + (step % STAGES * PLANES + p) * TOKENS * CHUNKS
                                                      + place(warp_token + m * 16 + lane() % 16, 2 * k + lane() / 16));
                }
            }
        };
        load_tokens(0);
#pragma unroll
        for (int n = 0; n < N; n++) {
            load_matrices(b[n], weights + step % 2 * ROWS * CHUNKS + place(warp_row + n * 8 + lane() % 8, lane() / 8));
        }
#pragma unroll
        for (int m = 0; m < M; m++) {
            if (m + 1 < M) {
                load_tokens(m + 1);
            }
#pragma unroll
            for (int first = 0; first < N; first += CHAINS) {
                float parts[CHAINS][4];
#pragma unroll
                for (int n = 0; n < CHAINS; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        parts[n][i] = 0;
                    }
                }
                // The smaller plane comes first.
#pragma unroll
                for (int p = PLANES - 1; p >= 0; p--) {
#pragma unroll
                    for (int k = 0; k < 2; k++) {
#pragma unroll
                        for (int n = 0; n < CHAINS; n++) {
                            const unsigned of_step[2] = {b[first + n][2 * k], b[first + n][2 * k + 1]};
                            multiply_tile_f16(parts[n], a[m % 2][p][k], of_step);
                        }
                    }
                }
#pragma unroll
                for (int n = 0; n < CHAINS; n++) {
                    if constexpr (W::BLOCK_SCALES) {
                        const float2 of_rows = *(const float2 *)(step_scales + step % STAGES * ROWS + warp_row
                                                                 + (first + n) * 8 + lane() % 4 * 2);
#pragma unroll
                        for (int i = 0; i < 4; i++) {
                            float &sum = sums[m][first + n][i];
                            sum = fmaf(parts[n][i], i % 2 == 0 ? of_rows.x : of_rows.y, sum);
                        }
                    } else {
#pragma unroll
                        for (int i = 0; i < 4; i++) {
                            sums[m][first + n][i] += parts[n][i];
                        }
                    }
                }
            }
            if (m < RAW) {
                decode(step + 1, m);
            }
        }
#pragma unroll
        for (int i = M; i < RAW; i++) {
            decode(step + 1, i);
        }
        synchronize_block();
    }

    wait_for_copies<0>();
    synchronize_block();
    constexpr int PITCH = ROWS + 8; // such that the lanes of a warp write to different banks
    float *results = dynamic_shared;
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                *(float2 *)(results + (warp_token + m * 16 + i * 8 + lane() / 4) * PITCH + warp_row + n * 8
                            + lane() % 4 * 2) = float2{sums[m][n][2 * i], sums[m][n][2 * i + 1]};
            }
        }
    }
    write_results<TOKENS, ROWS, PITCH>(to, results, tile_row, rows, tokens);
}

// Kernels by type of weights and size of tile: `large` is 128 tokens by 256 rows, `square` 128 by 128.
#define FOR_TILES(define, name, W) define(name##_large, W, 4, 8, 1) define(name##_square, W, 4, 4, 2)
#define FOR_TILE_WEIGHTS(define)                                                                                       \
    FOR_TILES(define, bf16, BFloat16Weights)                                                                           \
    FOR_TILES(define, f16, Float16Weights)                                                                             \
    FOR_TILES(define, f8, Float8Weights)

// y[t] = W·x[t] + bias + residual[t] for rows of x that prepare.cu has split; bias and residual may be null. blockIdx.x is
// a tile of tokens, so that blocks with the same weights run together, blockIdx.y one of rows.
#define DEFINE(name, W, M, N, BLOCKS)                                                                                  \
    BOUNDED_KERNEL(TILE_THREADS, BLOCKS, multiply_tiles_##name, float *y, int y_stride, const unsigned short *planes,  \
                   const float *factors, const void *data, const float *scales, int scale_columns, int columns,        \
                   const float *bias, const float *residual, int rows, int tokens) {                                   \
        begin();                                                                                                       \
        const int first = blockIdx.x * TOKEN_WARPS * M * 16;                                                           \
        multiply_tiles<W, M, N>({y, y_stride, factors, W::ROW_SCALES ? scales : nullptr, bias, residual}, planes,      \
                                tokens, data, scales, scale_columns, columns, rows,                                    \
                                {nullptr, first, tokens - first, 1});                                                  \
    }
FOR_TILE_WEIGHTS(DEFINE)
#undef DEFINE

// ------------------------------------------------------------------------------------------------------------ experts

// Pairs p = token · top-k + place by expert, those of one expert in order: order[first[e]] to before order[first[e + 1]]
// are those of expert e. A block has the expert blockIdx.x.
KERNEL(group_pairs, int *order, int *first, const int *chosen, int pairs) {
    begin();
    SHARED int counts[WARP];
    const int expert = blockIdx.x;
    float before = 0; // whole numbers, and far from too large for a float
    for (int p = threadIdx.x; p < pairs; p += blockDim.x) {
        before += chosen[p] < expert ? 1 : 0;
    }
    int next = (int)block_sum(before);
    if (threadIdx.x == 0) {
        first[expert] = next;
        if (expert == (int)gridDim.x - 1) {
            first[gridDim.x] = pairs;
        }
    }
    for (int start = 0; start < pairs; start += blockDim.x) {
        const int p = start + threadIdx.x;
        const bool own = p < pairs && chosen[p] == expert;
        const unsigned lanes = vote(own);
        synchronize_block();
        if (lane() == 0) {
            counts[warp()] = count_bits(lanes);
        }
        synchronize_block();
        int at = next + count_bits(lanes & ((1u << lane()) - 1));
        for (int w = 0; w < warps(); w++) {
            at += w < warp() ? counts[w] : 0;
            next += counts[w];
        }
        if (own) {
            order[at] = p;
        }
    }
}

constexpr int CHOSEN_M = 2;
constexpr int CHOSEN_N = 8;
static_assert(TOKEN_WARPS * CHOSEN_M * 16 == CHOSEN_TOKENS);

// Lists the tiles of all experts. One block, a thread for each expert at least.
KERNEL(list_tiles, ChosenTile *tiles, const int *first, int experts, int most) {
    begin();
    SHARED int counts[1024];
    const int expert = threadIdx.x;
    const int pairs = expert < experts ? first[expert + 1] - first[expert] : 0;
    counts[expert] = (pairs + CHOSEN_TOKENS - 1) / CHOSEN_TOKENS;
    synchronize_block();
    int before = 0;
    int all = 0;
    for (int e = 0; e < experts; e++) {
        before += e < expert ? counts[e] : 0;
        all += counts[e];
    }
    for (int i = 0; i < counts[expert]; i++) {
        tiles[before + i] = {expert, first[expert] + i * CHOSEN_TOKENS};
    }
    for (int i = all + expert; i < most; i += blockDim.x) {
        tiles[i] = {-1, 0};
    }
}

// y[p] = W[chosen[p]]·x[p / share] for pairs in the order of group_pairs; otherwise as multiply_chosen. blockIdx.x is a
// tile of the list.
#define DEFINE(name, W)                                                                                                \
    BOUNDED_KERNEL(TILE_THREADS, 1, multiply_chosen_tiles_##name, float *y, int y_stride,                              \
                   const unsigned short *planes, const float *factors, int x_rows, int share, const char *data,        \
                   const float *scales, int scale_columns, int columns, long stride, long scale_stride,                \
                   const int *order, const int *first, const ChosenTile *tiles, int rows) {                            \
        begin();                                                                                                       \
        const ChosenTile tile = tiles[blockIdx.x];                                                                     \
        if (tile.expert < 0) {                                                                                         \
            return;                                                                                                    \
        }                                                                                                              \
        const float *of_expert = scales + tile.expert * scale_stride;                                                  \
        multiply_tiles<W, CHOSEN_M, CHOSEN_N>(                                                                         \
            {y, y_stride, factors, W::ROW_SCALES ? of_expert : nullptr, nullptr, nullptr}, planes, x_rows,             \
            data + tile.expert * stride * W::BYTES, of_expert, scale_columns, columns, rows,                           \
            {order, tile.first, first[tile.expert + 1] - tile.first, share});                                          \
    }
DEFINE(bf16, BFloat16Weights)
DEFINE(f16, Float16Weights)
DEFINE(f8, Float8Weights)
#undef DEFINE
