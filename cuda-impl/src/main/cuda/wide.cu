// Products of many tokens as in tiles.cu, by instructions that compute capability 9.0 alone has: weights come from
// registers, activations from shared memory, and products run while their threads prepare the next.
#include "tiles.h"

constexpr int WIDE_THREADS = 256;
constexpr int WARPGROUP = 128;
// A warpgroup has two parts of 64 rows: the registers of a thread suffice for their sums.
constexpr int PARTS = 2;
constexpr int PART_ROWS = 64;
constexpr int WIDE_ROWS = WIDE_THREADS / WARPGROUP * PARTS * PART_ROWS;
// Columns of a step: a row is 128 bytes, eight chunks of 16.
constexpr int WIDE_DEPTH = 64;
constexpr int WIDE_CHUNKS = 8;
constexpr int WIDE_STAGES = 3;

// Where chunk `chunk` of a row lies, as describe_rows says.
DEVICE int wide_place(int row, int chunk) { return row * WIDE_CHUNKS + (chunk ^ (row & 7)); }

// A block multiplies TOKENS tokens with WIDE_ROWS rows. The products of half a step, 32 columns, run at a time; meanwhile
// their threads prepare the weights of the next, and the other warpgroup adds up its last.
// If weights are SCALED, they are bfloat16, otherwise float16.
template <bool SCALED, int TOKENS>
DEVICE void multiply_wide(const TileResults &to, const unsigned short *planes, int x_rows, const unsigned short *data,
                          int columns, int rows, const TileRows &tokens) {
    constexpr int STEP_ROWS = WIDE_THREADS / WIDE_CHUNKS; // that all threads bring at a time
    constexpr int PLANE = TOKENS * WIDE_CHUNKS;
    constexpr int STAGE = PLANES * PLANE + WIDE_ROWS * WIDE_CHUNKS;
    // Each stage: planes of activations, weights.
    uint4 *stages = (uint4 *)align_shared(dynamic_shared, 1024);

    const int tile_row = blockIdx.y * WIDE_ROWS;
    const int own_row = threadIdx.x / WIDE_CHUNKS;
    const int own_chunk = threadIdx.x % WIDE_CHUNKS;
    uint4 *own_place = stages + wide_place(own_row, own_chunk); // STEP_ROWS further on, chunks lie alike
    const unsigned short *own_planes = planes + own_chunk * 8;
    const long plane = (long)x_rows * columns;
    int from[TOKENS / STEP_ROWS]; // rows; below 0 for none
#pragma unroll
    for (int i = 0; i < TOKENS / STEP_ROWS; i++) {
        const int t = own_row + i * STEP_ROWS;
        from[i] = t < tokens.count ? tokens.target(t) / tokens.share : -1;
    }
    const unsigned short *own_weights = data + (long)(tile_row + own_row) * columns + own_chunk * 8;

    auto load = [&](int step) {
        const int column = step * WIDE_DEPTH;
        const bool has_columns = column + own_chunk * 8 < columns;
        uint4 *place = own_place + step % WIDE_STAGES * STAGE;
#pragma unroll
        for (int i = 0; i < TOKENS / STEP_ROWS; i++) {
            const unsigned short *source = own_planes + (long)from[i] * columns + column;
#pragma unroll
            for (int p = 0; p < PLANES; p++) {
                copy_later<16>(place + p * PLANE + i * STEP_ROWS * WIDE_CHUNKS, source + p * plane,
                               has_columns && from[i] >= 0);
            }
        }
#pragma unroll
        for (int i = 0; i < WIDE_ROWS / STEP_ROWS; i++) {
            copy_later<16>(place + PLANES * PLANE + i * STEP_ROWS * WIDE_CHUNKS,
                           own_weights + (long)i * STEP_ROWS * columns + column,
                           has_columns && tile_row + own_row + i * STEP_ROWS < rows);
        }
    };

    const int group_row = threadIdx.x / WARPGROUP * PARTS * PART_ROWS;
    const int warp_row = group_row + warp() % (WARPGROUP / WARP) * 16;
    float row_scales[PARTS][2]; // of this lane's rows
#pragma unroll
    for (int part = 0; part < PARTS; part++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const int row = tile_row + warp_row + part * PART_ROWS + i * 8 + lane() / 4;
            row_scales[part][i] = row >= rows ? 0 : SCALED ? to.scales[row] : 1;
        }
    }
    // Weights of half the columns of a step.
    auto load_weights = [&](unsigned(&to)[2][4], int step, int part, int half) {
        const uint4 *weights = stages + step % WIDE_STAGES * STAGE + PLANES * PLANE;
#pragma unroll
        for (int k = 0; k < 2; k++) {
            load_matrices(to[k], weights + wide_place(warp_row + part * PART_ROWS + lane() % 16,
                                                      half * 4 + k * 2 + lane() / 16));
            if constexpr (SCALED) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const float scale = row_scales[part][i % 2];
                    to[k][i] = to_f16_pair(from_bits(to[k][i] << 16) * scale, from_bits(to[k][i] & 0xffff0000u) * scale);
                }
            }
        }
    };

    const int steps = (columns + WIDE_DEPTH - 1) / WIDE_DEPTH;
    float sums[PARTS][TOKENS / 2];
#pragma unroll
    for (int part = 0; part < PARTS; part++) {
#pragma unroll
        for (int i = 0; i < TOKENS / 2; i++) {
            sums[part][i] = 0;
        }
    }
    load(0);
    end_copy_group();
    load(1);
    end_copy_group();
    wait_for_copies<1>();
    publish_to_products();
    synchronize_block();
    unsigned a[2][2][4]; // in turn
    load_weights(a[0], 0, 0, 0);
    for (int step = 0; step < steps; step++) {
        const unsigned long activations = describe_rows(stages + step % WIDE_STAGES * STAGE);
#pragma unroll
        for (int i = 0; i < 2 * PARTS; i++) {
            const int part = i % PARTS;
            const int half = i / PARTS;
            float sum[TOKENS / 2];
            begin_group_products();
            // The smaller plane comes first.
#pragma unroll
            for (int p = PLANES - 1; p >= 0; p--) {
#pragma unroll
                for (int k = 0; k < 2; k++) {
                    multiply_group_f16(sum, a[i % 2][k], activations + p * PLANE + half * 4 + k * 2,
                                       p != PLANES - 1 || k != 0);
                }
            }
            end_group_products();
            if (i == 2 * PARTS - 1) {
                // The next step's data have come, and all are done with the step before, whose place is filled anew.
                wait_for_copies<0>();
                publish_to_products();
                synchronize_block();
                load_weights(a[0], step + 1, 0, 0); // behind the last step whatever is there, for nobody
                if (step + 2 < steps) {
                    load(step + 2);
                }
                end_copy_group();
            } else {
                load_weights(a[(i + 1) % 2], step, (i + 1) % PARTS, (i + 1) / PARTS);
            }
            finish_group_products(sum, a[i % 2]);
#pragma unroll
            for (int j = 0; j < TOKENS / 2; j++) {
                sums[part][j] += sum[j];
            }
        }
    }

    synchronize_block();
    constexpr int PITCH = WIDE_ROWS + 4; // such that the lanes of a warp write to different banks
    float *results = (float *)stages;
#pragma unroll
    for (int part = 0; part < PARTS; part++) {
#pragma unroll
        for (int j = 0; j < TOKENS / 2; j++) {
            const int token = j / 4 * 8 + lane() % 4 * 2 + j % 2;
            const int row = warp_row + part * PART_ROWS + j % 4 / 2 * 8 + lane() / 4;
            results[token * PITCH + row] = sums[part][j];
        }
    }
    write_results<TOKENS, WIDE_ROWS, PITCH>(to, results, tile_row, rows, tokens);
}

// As multiply_tiles, for tiles of so many tokens.
#define DEFINE(name, SCALED, TOKENS)                                                                                   \
    BOUNDED_KERNEL(WIDE_THREADS, 1, multiply_wide_##name, float *y, int y_stride, const unsigned short *planes,        \
                   const float *factors, const unsigned short *data, const float *scales, int, int columns,            \
                   const float *bias, const float *residual, int rows, int tokens) {                                   \
        begin();                                                                                                       \
        const int first = blockIdx.x * TOKENS;                                                                         \
        multiply_wide<SCALED, TOKENS>({y, y_stride, factors, SCALED ? scales : nullptr, bias, residual}, planes,       \
                                      tokens, data, columns, rows, {nullptr, first, tokens - first, 1});               \
    }
DEFINE(bf16_128, true, 128)
DEFINE(bf16_64, true, 64)
DEFINE(f16_128, false, 128)
DEFINE(f16_64, false, 64)
#undef DEFINE

// As multiply_chosen_tiles.
#define DEFINE(name, SCALED)                                                                                           \
    BOUNDED_KERNEL(WIDE_THREADS, 1, multiply_chosen_wide_##name, float *y, int y_stride, const unsigned short *planes, \
                   const float *factors, int x_rows, int share, const unsigned short *data, const float *scales, int,  \
                   int columns, long stride, long scale_stride, const int *order, const int *first,                    \
                   const ChosenTile *tiles, int rows) {                                                                \
        begin();                                                                                                       \
        const ChosenTile tile = tiles[blockIdx.x];                                                                     \
        if (tile.expert < 0) {                                                                                         \
            return;                                                                                                    \
        }                                                                                                              \
        const float *of_expert = SCALED ? scales + tile.expert * scale_stride : nullptr;                               \
        multiply_wide<SCALED, CHOSEN_TOKENS>({y, y_stride, factors, of_expert, nullptr, nullptr}, planes, x_rows,      \
                                             data + tile.expert * stride, columns, rows,                               \
                                             {order, tile.first, first[tile.expert + 1] - tile.first, share});         \
    }
DEFINE(bf16, true)
DEFINE(f16, false)
#undef DEFINE
