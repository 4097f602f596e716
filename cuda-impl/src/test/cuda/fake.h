// CUDA C++ for g++: what device.h needs to compile kernels for the fake driver. Threads of a block are fibers, which run
// one at a time until they wait; blocks run one after another.
#pragma once
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

struct uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct Index {
    int x, y, z;
};

extern Index threadIdx, blockIdx, blockDim, gridDim;
extern float dynamic_shared[];

#define __syncthreads() fake::wait_for_block()
#define DEVICE static inline
#define DEVICE_MEMBER inline
// One block runs at a time, so what its threads share may be static.
#define SHARED static

namespace fake {

// Waits until all threads of the block have come here that have not ended.
void wait_for_block();

// Waits for the threads of the warp; returns where the values of its 32 lanes are, until the next such wait but one.
const double *exchange(double value);
const float *exchange(float value);
const int *exchange(int value);

// The sum of the values of the warp's lanes in the order of the real butterfly, at one wait instead of five.
float sum(float value);

// Kernels by name; a launch unpacks its parameters as the kernel declares them.
struct Kernel {
    Kernel(const char *name, int parameters, std::function<void(void **)> call);
};

template <typename... P, std::size_t... I>
void call(void (*kernel)(P...), void **parameters, std::index_sequence<I...>) {
    kernel(*(P *)parameters[I]...);
}

template <typename... P>
Kernel kernel(const char *name, void (*function)(P...)) {
    return Kernel(name, sizeof...(P), [function](void **parameters) {
        call(function, parameters, std::index_sequence_for<P...>{});
    });
}

} // namespace fake

#define KERNEL(name, ...)                                                                                              \
    static void name(__VA_ARGS__);                                                                                     \
    static fake::Kernel kernel_##name = fake::kernel(#name, name);                                                     \
    static void name(__VA_ARGS__)

#define KERNEL_UP_TO(threads, name, ...) KERNEL(name, __VA_ARGS__)
#define KERNEL_TWICE(threads, name, ...) KERNEL(name, __VA_ARGS__)

DEVICE float read_published(const float *address) { return *address; }

DEVICE int publish_and_count(int *counter) { return (*counter)++; }

DEVICE int read_earlier(const int *address) { return *address; }

DEVICE void synchronize_block() { fake::wait_for_block(); }

DEVICE void synchronize_warp() { fake::exchange(0); }

template <typename T>
DEVICE T shuffle_xor(T value, int distance) {
    return fake::exchange(value)[(threadIdx.x % 32) ^ distance];
}

template <typename T>
DEVICE T shuffle_from(T value, int lane) {
    return fake::exchange(value)[lane];
}

DEVICE float warp_sum(float value) { return fake::sum(value); }

DEVICE float from_bits(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

DEVICE unsigned to_bits(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

DEVICE float from_f16(unsigned short bits) {
    _Float16 value;
    std::memcpy(&value, &bits, sizeof value);
    return (float)value;
}

DEVICE void let_next_start() {}

DEVICE void wait_for_previous() {}

DEVICE uint4 load_once(const void *address) { return *(const uint4 *)address; }

// The product of tiles as tensor cores share it out: lane 4·g + t has rows g and g + 8 of a, columns 2t, 2t + 1 and those
// 8 further; column g of b; and of d rows g and g + 8, columns 2t and 2t + 1.
DEVICE void multiply_tile(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    float all_a[16][16];
    float all_b[16][8];
    for (int i = 0; i < 4; i++) {
        const int *row = fake::exchange((int)a[i]);
        for (int l = 0; l < 32; l++) {
            const int r = l / 4 + i % 2 * 8;
            const int c = l % 4 * 2 + i / 2 * 8;
            all_a[r][c] = from_bits((unsigned)row[l] << 16);
            all_a[r][c + 1] = from_bits((unsigned)row[l] & 0xffff0000u);
        }
    }
    for (int i = 0; i < 2; i++) {
        const int *row = fake::exchange((int)b[i]);
        for (int l = 0; l < 32; l++) {
            const int r = l % 4 * 2 + i * 8;
            all_b[r][l / 4] = from_bits((unsigned)row[l] << 16);
            all_b[r + 1][l / 4] = from_bits((unsigned)row[l] & 0xffff0000u);
        }
    }
    const int group = threadIdx.x % 32 / 4;
    const int pair = threadIdx.x % 4 * 2;
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 16; k++) {
            d[i] = std::fma(all_a[group + i / 2 * 8][k], all_b[k][pair + i % 2], d[i]);
        }
    }
}
