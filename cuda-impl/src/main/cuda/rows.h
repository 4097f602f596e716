// Rows of activations, of which a thread has eight numbers at a time.
#pragma once
#include "device.h"

// Reads eight numbers, or fewer that are left and zeros.
DEVICE void read_up_to_eight(float (&to)[8], const float *from, int left) {
    if (left >= 8 && in_fours(from, 0)) {
        read_eight(to, from, true);
    } else {
        for (int i = 0; i < 8; i++) {
            to[i] = i < left ? from[i] : 0;
        }
    }
}

// Writes eight numbers, or those for which there is room.
DEVICE void write_up_to_eight(float *to, const float (&from)[8], int left) {
    if (left >= 8 && in_fours(to, 0)) {
        *(float4 *)to = float4{from[0], from[1], from[2], from[3]};
        *(float4 *)(to + 4) = float4{from[4], from[5], from[6], from[7]};
    } else {
        for (int i = 0; i < 8 && i < left; i++) {
            to[i] = from[i];
        }
    }
}

// 1 / √(mean((before · x)²) + eps) of a row, in every thread of the block.
DEVICE float rms_factor(const float *x, int size, float before, float eps) {
    float squares = 0;
    for (int i = threadIdx.x * 8; i < size; i += blockDim.x * 8) {
        float in[8];
        read_up_to_eight(in, x + i, size - i);
        for (int j = 0; j < 8; j++) {
            squares = fmaf(in[j] * before, in[j] * before, squares);
        }
    }
    return (float)(1 / sqrt((double)block_sum(squares) / size + eps));
}
