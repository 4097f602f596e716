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
