// What the products of tiles.cu and wide.cu have in common.
#pragma once
#include "device.h"

// That an activation consists of.
constexpr int PLANES = 2;

// Which product a block belongs to: the rows of x that it multiplies, and the matrix.
struct TileRows {
    const int *order; // indices of rows; null for all in order
    int first; // among them
    int count; // from the first on; more than a tile has are another's
    int share; // as of multiply_chosen

    // The row of y.
    DEVICE_MEMBER int target(int i) const { return order == nullptr ? first + i : order[first + i]; }
};

// A tile of a product with an expert: up to CHOSEN_TOKENS pairs from order[first] on. Experts below 0 have none.
struct ChosenTile {
    int expert;
    int first;
};

constexpr int CHOSEN_TOKENS = 64;

// What a tile of results becomes: y[t] = results[t] · factor / scales + bias + residual[t], as far as these are not null.
// Factors are of rows of x; scales, powers of two, and bias are of rows of the matrix; rows of y and of the residual, which
// may be y, are `stride` numbers apart.
struct TileResults {
    float *y;
    int stride;
    const float *factors;
    const float *scales;
    const float *bias;
    const float *residual;
};

// One number, or four at once, of which the first is aligned.
template <int GROUP>
DEVICE void copy_group(float *to, const float *from) {
    if constexpr (GROUP == 4) {
        *(float4 *)to = *(const float4 *)from;
    } else {
        *to = *from;
    }
}

// Residuals of so many tokens are on the way to a warp at a time.
constexpr int TOKENS_AT_ONCE = 4;

// As write_results, by groups of rows.
template <int TOKENS, int ROWS, int PITCH, int GROUP>
DEVICE void write_groups(const TileResults &to, const float *results, int tile_row, int rows, const TileRows &tokens) {
    constexpr int GROUPS = ROWS / (WARP * GROUP); // of a lane
    alignas(16) float inverse[GROUPS][GROUP]; // of scales, which is exact
    alignas(16) float bias[GROUPS][GROUP];
#pragma unroll
    for (int j = 0; j < GROUPS; j++) {
#pragma unroll
        for (int g = 0; g < GROUP; g++) {
            const int row = tile_row + (j * WARP + lane()) * GROUP + g;
            inverse[j][g] = to.scales == nullptr || row >= rows ? 1 : 1 / to.scales[row];
            bias[j][g] = to.bias == nullptr || row >= rows ? 0 : to.bias[row];
        }
    }
    for (int first = warp() * TOKENS_AT_ONCE; first < TOKENS && first < tokens.count;
         first += warps() * TOKENS_AT_ONCE) {
        alignas(16) float residual[TOKENS_AT_ONCE][GROUPS][GROUP];
#pragma unroll
        for (int t = 0; t < TOKENS_AT_ONCE; t++) {
#pragma unroll
            for (int j = 0; j < GROUPS; j++) {
                const int row = tile_row + (j * WARP + lane()) * GROUP;
                if (to.residual != nullptr && first + t < tokens.count && row < rows) {
                    copy_group<GROUP>(residual[t][j],
                                      to.residual + (long)tokens.target(first + t) * to.stride + row);
                }
            }
        }
#pragma unroll
        for (int t = 0; t < TOKENS_AT_ONCE; t++) {
            if (first + t >= tokens.count) {
                break;
            }
            const int target = tokens.target(first + t);
            const float factor = to.factors == nullptr ? 1 : to.factors[target / tokens.share];
#pragma unroll
            for (int j = 0; j < GROUPS; j++) {
                const int r = (j * WARP + lane()) * GROUP;
                if (tile_row + r < rows) {
                    alignas(16) float values[GROUP];
                    copy_group<GROUP>(values, results + (first + t) * PITCH + r);
#pragma unroll
                    for (int g = 0; g < GROUP; g++) {
                        const float value = values[g] * factor * inverse[j][g] + bias[j][g];
                        values[g] = to.residual == nullptr ? value : residual[t][j][g] + value;
                    }
                    copy_group<GROUP>(to.y + (long)target * to.stride + tile_row + r, values);
                }
            }
        }
    }
}

// Writes a tile from results[t][r], which lie at t · PITCH + r in shared memory so that a warp writes rows of y from their
// beginning to their end.
template <int TOKENS, int ROWS, int PITCH>
DEVICE void write_results(const TileResults &to, const float *results, int tile_row, int rows, const TileRows &tokens) {
    static_assert(TOKENS % TOKENS_AT_ONCE == 0 && PITCH % 4 == 0);
    synchronize_block();
    if (rows % 4 == 0 && in_fours(to.y, to.stride) && in_fours(to.residual, 0)) {
        write_groups<TOKENS, ROWS, PITCH, 4>(to, results, tile_row, rows, tokens);
    } else {
        write_groups<TOKENS, ROWS, PITCH, 1>(to, results, tile_row, rows, tokens);
    }
}
