// Float32 numbers as tensor cores can multiply them: split into parts of 2 bytes that add up to them, all but for the last
// bit or so; of the products of two such sums those count that are above 2^-24 of the whole.
#pragma once
#include "device.h"

// Parts in bfloat16, which has the range of float32.
struct BFloat16Parts {
    static constexpr int COUNT = 3;
    static constexpr bool SCALED = false;
    static DEVICE_MEMBER unsigned pair(float low, float high) { return to_bf16_pair(low, high); }
    static DEVICE_MEMBER float low(unsigned pair) { return from_bits(pair << 16); }
    static DEVICE_MEMBER float high(unsigned pair) { return from_bits(pair & 0xffff0000u); }
    static DEVICE_MEMBER void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
        multiply_tile_bf16(d, a, b);
    }
};

// One part: numbers that are rounded to bfloat16.
struct RoundedParts : BFloat16Parts {
    static constexpr int COUNT = 1;
};

// Parts in float16, which has more bits, so that two are enough and make half the products, but less range: numbers of a
// tile are multiplied by power_for their largest before, and weights, which are at most 1, by power_for that.
struct Float16Parts {
    static constexpr int COUNT = 2;
    static constexpr bool SCALED = true;
    static DEVICE_MEMBER unsigned pair(float low, float high) { return to_f16_pair(low, high); }
    static DEVICE_MEMBER float low(unsigned pair) { return from_f16((unsigned short)pair); }
    static DEVICE_MEMBER float high(unsigned pair) { return from_f16((unsigned short)(pair >> 16)); }
    static DEVICE_MEMBER void multiply(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
        multiply_tile_f16(d, a, b);
    }
};

// The next part of two numbers, of which is left what it lacks.
template <typename P>
DEVICE unsigned take_part(float &low, float &high) {
    const unsigned pair = P::pair(low, high);
    low -= P::low(pair);
    high -= P::high(pair);
    return pair;
}

// Tiles in shared memory have rows of D numbers of 2 bytes, in chunks of 16 bytes. Where a chunk lies in its row: such
// that those of eight rows lie in different banks.
DEVICE int swizzle(int row, int chunk) { return chunk ^ (row & 7); }

template <int D>
DEVICE int place_chunk(int row, int chunk) {
    return row * (D / 8) + swizzle(row, chunk);
}

// Splits eight numbers into chunks of P::COUNT tiles of `rows` rows.
template <typename P, int D>
DEVICE void store_split(uint4 *tiles, int rows, int row, int chunk, const float (&from)[8]) {
    float left[8];
    for (int i = 0; i < 8; i++) {
        left[i] = from[i];
    }
#pragma unroll
    for (int p = 0; p < P::COUNT; p++) {
        unsigned words[4];
        for (int i = 0; i < 4; i++) {
            words[i] = take_part<P>(left[2 * i], left[2 * i + 1]);
        }
        tiles[p * rows * (D / 8) + place_chunk<D>(row, chunk)] = uint4{words[0], words[1], words[2], words[3]};
    }
}
