// What stands around products by cuBLAS, which multiplies numbers of one type and adds up to what is there.
#include "device.h"

constexpr int BFLOAT16_PLANES = 3;

// to[p], bfloat16, add up to what from[0] + from[1], float16, are: three times eight bits. Planes have `numbers`, a multiple
// of 8; a thread has eight.
KERNEL(planes_to_bf16, unsigned short *to, const unsigned short *from, long numbers) {
    begin();
    const long at = ((long)blockIdx.x * blockDim.x + threadIdx.x) * 8;
    if (at >= numbers) {
        return;
    }
    float rest[8];
    float low[8];
    Float16::decode(*(const uint4 *)(from + at), rest);
    Float16::decode(*(const uint4 *)(from + numbers + at), low);
    for (int i = 0; i < 8; i++) {
        rest[i] += low[i];
    }
    for (int p = 0; p < BFLOAT16_PLANES; p++) {
        unsigned words[4] = {};
        for (int i = 0; i < 8; i++) {
            const unsigned bits = to_bf16(rest[i]);
            rest[i] -= from_bf16(bits);
            words[i / 2] |= bits << i % 2 * 16;
        }
        *(uint4 *)(to + p * numbers + at) = uint4{words[0], words[1], words[2], words[3]};
    }
}

// y[t] = y[t] · factors[t] + bias, where t is blockIdx.y; either may be null. A thread has a number.
KERNEL(finish_products, float *y, int y_stride, const float *factors, const float *bias, int rows) {
    begin();
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) {
        return;
    }
    float *at = y + (long)blockIdx.y * y_stride + row;
    const float value = factors == nullptr ? *at : *at * factors[blockIdx.y];
    *at = bias == nullptr ? value : value + bias[row];
}
