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

// Writes a tile of y from results[t][r], which lie at t · PITCH + r in shared memory so that a warp writes rows of y from
// their beginning to their end. Factors, of rows of x, and scales, of rows of the matrix, are null where there are none.
template <int TOKENS, int ROWS, int PITCH>
DEVICE void write_results(float *y, int y_stride, const float *results, const float *factors, const float *scales,
                          const float *bias, int tile_row, int rows, const TileRows &tokens) {
    synchronize_block();
    for (int t = warp(); t < TOKENS && t < tokens.count; t += warps()) {
        const int target = tokens.target(t);
        const float factor = factors == nullptr ? 1 : factors[target / tokens.share];
        float *to = y + (long)target * y_stride + tile_row;
        for (int r = lane(); r < ROWS && tile_row + r < rows; r += WARP) {
            const int row = tile_row + r;
            const float value = results[t * PITCH + r] * factor;
            to[r] = (scales == nullptr ? value : value / scales[row]) + (bias == nullptr ? 0 : bias[row]);
        }
    }
}
