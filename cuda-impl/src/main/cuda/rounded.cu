// Products of many tokens as in tiles.cu, from weights in bfloat16 and activations that are rounded to bfloat16, as common
// engines have them: off by up to 2^-9 of each activation, for half the products of wide.cu. By instructions that compute
// capability 9.0 alone has, which take both operands from shared memory as they are stored.
#include "tiles.h"

constexpr int ROUNDED_THREADS = 256;
constexpr int GROUPS = 2; // of four warps
constexpr int GROUP_TOKENS = 64;
constexpr int ROUNDED_ROWS = 256;
// Columns of a step: a row is 128 bytes, eight chunks of 16.
constexpr int ROUNDED_DEPTH = 64;
constexpr int ROUNDED_CHUNKS = 8;
constexpr int ROUNDED_STAGES = 4;

// What a tile of results becomes if the rows of the matrix are those of gate and up, `width` each:
// y[t] = activation(gate[t]) ⊙ up[t], rounded, `width` numbers. Bias is of all rows, or null.
struct GatedResults {
    unsigned short *y;
    int width; // a multiple of 8
    const float *bias;
    int activation;
};

constexpr int HALF_TILE = ROUNDED_ROWS / 2;

// The row of the matrix that is row r of this block's tile; none is that large if there is none.
DEVICE int row_of(const TileResults &, int r) { return blockIdx.y * ROUNDED_ROWS + r; }

// A tile has as many rows of gate as of up, of the same numbers of y.
DEVICE int row_of(const GatedResults &to, int r) {
    const int i = blockIdx.y * HALF_TILE + r % HALF_TILE;
    return i >= to.width ? 2 * to.width : r < HALF_TILE ? i : to.width + i;
}

template <int TOKENS, int PITCH>
DEVICE void write_rounded(const TileResults &to, const float *results, int rows, const TileRows &tokens) {
    write_results<TOKENS, ROUNDED_ROWS, PITCH>(to, results, row_of(to, 0), rows, tokens);
}

template <int TOKENS, int PITCH>
DEVICE void write_rounded(const GatedResults &to, const float *results, int, const TileRows &tokens) {
    static_assert(HALF_TILE == WARP * 4);
    const int r = lane() * 4;
    const int column = row_of(to, r);
    synchronize_block();
    if (column >= to.width) {
        return;
    }
    float gate_bias[4];
    float up_bias[4];
    for (int i = 0; i < 4; i++) {
        gate_bias[i] = to.bias == nullptr ? 0 : to.bias[column + i];
        up_bias[i] = to.bias == nullptr ? 0 : to.bias[to.width + column + i];
    }
    for (int t = warp(); t < TOKENS && t < tokens.count; t += warps()) {
        alignas(16) float gate[4];
        alignas(16) float up[4];
        copy_group<4>(gate, results + t * PITCH + r);
        copy_group<4>(up, results + t * PITCH + HALF_TILE + r);
        for (int i = 0; i < 4; i++) {
            gate[i] = activate(to.activation, gate[i] + gate_bias[i]) * (up[i] + up_bias[i]);
        }
        *(uint2 *)(to.y + (long)tokens.target(t) * to.width + column) =
            uint2{to_bf16_pair(gate[0], gate[1]), to_bf16_pair(gate[2], gate[3])};
    }
}

// A block multiplies TOKENS tokens with ROUNDED_ROWS rows; each of its groups has GROUP_TOKENS tokens, and all rows or, of
// one GROUP_TOKENS, half of them. Products of a step run while those of the next begin, and copies for later steps.
template <int TOKENS, typename Results>
DEVICE void multiply_rounded(const Results &to, const unsigned short *x, const unsigned short *data, int columns,
                             int rows, const TileRows &tokens) {
    constexpr int STEP_ROWS = ROUNDED_THREADS / ROUNDED_CHUNKS; // that all threads bring at a time
    constexpr int STEPS_OF_HALF = HALF_TILE / STEP_ROWS;
    constexpr int STAGE = (TOKENS + ROUNDED_ROWS) * ROUNDED_CHUNKS; // activations, weights
    constexpr int TOKEN_GROUPS = TOKENS / GROUP_TOKENS;
    constexpr int GROUP_ROWS = ROUNDED_ROWS / (GROUPS / TOKEN_GROUPS);
    uint4 *stages = (uint4 *)align_shared(dynamic_shared, 1024);

    const int own_row = threadIdx.x / ROUNDED_CHUNKS;
    const int own_chunk = threadIdx.x % ROUNDED_CHUNKS;
    // Where describe_rows says; STEP_ROWS further on, chunks lie alike.
    uint4 *own_place = stages + own_row * ROUNDED_CHUNKS + (own_chunk ^ (own_row & 7));
    const unsigned short *own_x = x + own_chunk * 8;
    int from[TOKENS / STEP_ROWS]; // rows; below 0 for none
#pragma unroll
    for (int i = 0; i < TOKENS / STEP_ROWS; i++) {
        const int t = own_row + i * STEP_ROWS;
        from[i] = t < tokens.count ? tokens.target(t) / tokens.share : -1;
    }
    const unsigned short *own_weights[2]; // of each half of the rows
#pragma unroll
    for (int half = 0; half < 2; half++) {
        own_weights[half] = data + (long)row_of(to, half * HALF_TILE + own_row) * columns + own_chunk * 8;
    }

    auto load = [&](int step) {
        const int column = step * ROUNDED_DEPTH;
        const bool has_columns = column + own_chunk * 8 < columns;
        uint4 *place = own_place + step % ROUNDED_STAGES * STAGE;
#pragma unroll
        for (int i = 0; i < TOKENS / STEP_ROWS; i++) {
            copy_later<16>(place + i * STEP_ROWS * ROUNDED_CHUNKS, own_x + (long)from[i] * columns + column,
                           has_columns && from[i] >= 0);
        }
#pragma unroll
        for (int i = 0; i < ROUNDED_ROWS / STEP_ROWS; i++) {
            copy_later<16>(place + (TOKENS + i * STEP_ROWS) * ROUNDED_CHUNKS,
                           own_weights[i / STEPS_OF_HALF] + (long)(i % STEPS_OF_HALF) * STEP_ROWS * columns + column,
                           has_columns && row_of(to, own_row + i * STEP_ROWS) < rows);
        }
        end_copy_group();
    };

    const int group = warp() / (warps() / GROUPS);
    const int group_token = group % TOKEN_GROUPS * GROUP_TOKENS;
    const int group_row = group / TOKEN_GROUPS * GROUP_ROWS;
    const int steps = (columns + ROUNDED_DEPTH - 1) / ROUNDED_DEPTH;
    float sums[GROUP_ROWS / 2];
    for (int step = 0; step < ROUNDED_STAGES - 2; step++) {
        load(step);
    }
    for (int step = 0; step < steps; step++) {
        wait_for_copies<ROUNDED_STAGES - 3>();
        publish_to_products();
        // This step's data have come, and all are done with the step before the last, whose place is filled anew.
        synchronize_block();
        const uint4 *stage = stages + step % ROUNDED_STAGES * STAGE;
        const unsigned long a = describe_rows(stage + group_token * ROUNDED_CHUNKS);
        const unsigned long b = describe_rows(stage + (TOKENS + group_row) * ROUNDED_CHUNKS);
        begin_group_products();
#pragma unroll
        for (int k = 0; k < ROUNDED_DEPTH / 16; k++) {
            multiply_group_bf16(sums, a + k * 2, b + k * 2, step != 0 || k != 0);
        }
        end_group_products();
        load(step + ROUNDED_STAGES - 2); // behind the last step nothing
        wait_for_group_products<1>();
    }
    unsigned none[1][4];
    finish_group_products(sums, none);
    wait_for_copies<0>();
    synchronize_block();

    constexpr int PITCH = ROUNDED_ROWS + 8; // such that the lanes of a warp write to different banks
    float *results = (float *)stages;
#pragma unroll
    for (int j = 0; j < GROUP_ROWS / 2; j += 2) {
        const int token = group_token + warp() % 4 * 16 + j % 4 / 2 * 8 + lane() / 4;
        const int row = group_row + j / 4 * 8 + lane() % 4 * 2;
        *(float2 *)(results + token * PITCH + row) = float2{sums[j], sums[j + 1]};
    }
    write_rounded<TOKENS, PITCH>(to, results, rows, tokens);
}

// As multiply_tiles, for tiles of so many tokens and rows of x that prepare.cu has rounded.
#define DEFINE(TOKENS)                                                                                                 \
    BOUNDED_KERNEL(ROUNDED_THREADS, 1, multiply_rounded_bf16_##TOKENS, float *y, int y_stride, const unsigned short *x, \
                   const float *, const unsigned short *data, const float *, int, int columns, const float *bias,      \
                   const float *residual, int rows, int tokens) {                                                      \
        begin();                                                                                                       \
        const int first = blockIdx.x * TOKENS;                                                                         \
        multiply_rounded<TOKENS>(TileResults{y, y_stride, nullptr, nullptr, bias, residual}, x, data, columns, rows,   \
                                 {nullptr, first, tokens - first, 1});                                                 \
    }
DEFINE(128)
DEFINE(64)
#undef DEFINE

// The same for the rows of gate and up, `width` each, which leaves rows that are read as x is.
#define DEFINE(TOKENS)                                                                                                 \
    BOUNDED_KERNEL(ROUNDED_THREADS, 1, multiply_rounded_gated_bf16_##TOKENS, unsigned short *y,                        \
                   const unsigned short *x, const unsigned short *data, int columns, const float *bias, int width,     \
                   int tokens, int activation) {                                                                       \
        begin();                                                                                                       \
        const int first = blockIdx.x * TOKENS;                                                                         \
        multiply_rounded<TOKENS>(GatedResults{y, width, bias, activation}, x, data, columns, 2 * width,                \
                                 {nullptr, first, tokens - first, 1});                                                 \
    }
DEFINE(128)
DEFINE(64)
#undef DEFINE

// As multiply_chosen_tiles.
BOUNDED_KERNEL(ROUNDED_THREADS, 1, multiply_chosen_rounded_bf16, float *y, int y_stride, const unsigned short *x,
               const float *, int, int share, const unsigned short *data, const float *, int, int columns, long stride,
               long, const int *order, const int *first, const ChosenTile *tiles, int rows) {
    begin();
    const ChosenTile tile = tiles[blockIdx.x];
    if (tile.expert < 0) {
        return;
    }
    multiply_rounded<CHOSEN_TOKENS>(TileResults{y, y_stride, nullptr, nullptr, nullptr, nullptr}, x,
                                    data + tile.expert * stride, columns, rows,
                                    {order, tile.first, first[tile.expert + 1] - tile.first, share});
}

// The same for the rows of gate and up, as multiply_rounded_gated_bf16_*.
BOUNDED_KERNEL(ROUNDED_THREADS, 1, multiply_chosen_rounded_gated_bf16, unsigned short *y, const unsigned short *x,
               int share, const unsigned short *data, int columns, long stride, const int *order, const int *first,
               const ChosenTile *tiles, int width, int activation) {
    begin();
    const ChosenTile tile = tiles[blockIdx.x];
    if (tile.expert < 0) {
        return;
    }
    multiply_rounded<CHOSEN_TOKENS>(GatedResults{y, width, nullptr, activation}, x, data + tile.expert * stride,
                                    columns, 2 * width,
                                    {order, tile.first, first[tile.expert + 1] - tile.first, share});
}
