// CUDA C++ for g++: what device.h needs to compile kernels for the fake driver. Threads of a block are fibers, which run
// one at a time until they wait; blocks run one after another.
#pragma once
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

struct uint2 {
    unsigned x, y;
};
struct float2 {
    float x, y;
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
    Kernel(const char *name, int most_threads, int parameters, std::function<void(void **)> call);
};

template <typename... P, std::size_t... I>
void call(void (*kernel)(P...), void **parameters, std::index_sequence<I...>) {
    kernel(*(P *)parameters[I]...);
}

template <typename... P>
Kernel kernel(const char *name, int most_threads, void (*function)(P...)) {
    return Kernel(name, most_threads, sizeof...(P), [function](void **parameters) {
        call(function, parameters, std::index_sequence_for<P...>{});
    });
}

} // namespace fake

#define BOUNDED_KERNEL(threads, blocks, name, ...)                                                                     \
    static void name(__VA_ARGS__);                                                                                     \
    static fake::Kernel kernel_##name = fake::kernel(#name, threads, name);                                            \
    static void name(__VA_ARGS__)

constexpr int MOST_THREADS = 1024;
#define KERNEL(name, ...) BOUNDED_KERNEL(MOST_THREADS, 1, name, __VA_ARGS__)
// Blocks of a cluster run in order, its last one last, and the others do not read what is theirs of its memory.
constexpr int CLUSTER = 8;
#define CLUSTERED_KERNEL(threads, blocks, name, ...) BOUNDED_KERNEL(threads, blocks, name, __VA_ARGS__)
#define LAST_SHARED static

DEVICE void arrive_at_cluster() {}

DEVICE void wait_for_cluster() { fake::wait_for_block(); }

typedef unsigned long Arrivals;

DEVICE void expect_in_last(Arrivals &, int) {}

DEVICE void leave_to_last(Arrivals &, float *to, float value) { *to = value; }

DEVICE void leave_to_last(Arrivals &, float *to, const float (&values)[4]) { std::memcpy(to, values, sizeof values); }

DEVICE void wait_for_left(Arrivals &) { fake::wait_for_block(); }

DEVICE float read_published(const float *address) { return *address; }

DEVICE int publish_and_count(int *counter) { return (*counter)++; }

DEVICE int read_earlier(const int *address) { return *address; }

DEVICE float read_earlier(const float *address) { return *address; }

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

DEVICE unsigned vote(bool value) {
    const int *values = fake::exchange(value ? 1 : 0);
    unsigned bits = 0;
    for (int l = 0; l < 32; l++) {
        bits |= (unsigned)values[l] << l;
    }
    return bits;
}

DEVICE unsigned highest_of_warp(unsigned value) {
    const int *values = fake::exchange((int)value);
    for (int i = 0; i < 32; i++) {
        value = std::max(value, (unsigned)values[i]);
    }
    return value;
}

DEVICE unsigned lowest_of_warp(unsigned value) { return ~highest_of_warp(~value); }

DEVICE int count_bits(unsigned bits) { return __builtin_popcount(bits); }

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

DEVICE float quotient(float a, float b) { return a / b; }

DEVICE float inverse_root(float x) { return 1 / std::sqrt(x); }

DEVICE float power_of_two(float x) { return std::exp2(x); }

DEVICE unsigned low_halves(unsigned a, unsigned b) { return (a & 0xffffu) | b << 16; }

DEVICE unsigned high_halves(unsigned a, unsigned b) { return a >> 16 | (b & 0xffff0000u); }

template <typename T>
DEVICE void compute_now(T &) {}

DEVICE float from_f16(unsigned short bits) {
    _Float16 value;
    std::memcpy(&value, &bits, sizeof value);
    return (float)value;
}

DEVICE void let_next_start() {}

DEVICE void wait_for_previous() {}

DEVICE uint4 load_once(const void *address, bool exists = true) {
    return exists ? *(const uint4 *)address : uint4{0, 0, 0, 0};
}

namespace fake {

// What the lanes of a warp bring to a product of tiles.
struct TileOperands {
    unsigned a[32][4];
    unsigned b[32][2];
};

// Waits for the warp's operands; returns where they are, until the next such wait but one.
const TileOperands *exchange(const unsigned (&a)[4], const unsigned (&b)[2]);

void copy_later(void *to, const void *from, int bytes, bool exists);
void end_copy_group();
void wait_for_copies(int pending);

// A product of a warpgroup reads its operands and writes its sums as late as it may: when its thread waits for its group.
void multiply_later(std::function<void()> product);
void end_product_group();
void wait_for_products(int pending);

} // namespace fake

DEVICE float from_bf16_bits(unsigned bits) { return from_bits(bits << 16); }

DEVICE float from_f16_bits(unsigned bits) { return from_f16((unsigned short)bits); }

// The product of tiles as tensor cores share it out: lane 4·g + t has rows g and g + 8 of a, columns 2t, 2t + 1 and those
// 8 further; column g of b; and of d rows g and g + 8, columns 2t and 2t + 1.
template <float (*NUMBER)(unsigned)>
DEVICE void multiply_tile(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    const fake::TileOperands &all = *fake::exchange(a, b);
    const int group = threadIdx.x % 32 / 4;
    const int pair = threadIdx.x % 4;
    for (int k = 0; k < 16; k++) {
        const int of_k = k % 8 / 2; // the lane of a group that has column k
        const int shift = k % 2 * 16;
        float left[2];
        float right[2];
        for (int i = 0; i < 2; i++) {
            left[i] = NUMBER(all.a[group * 4 + of_k][i + k / 8 * 2] >> shift & 0xffffu);
            right[i] = NUMBER(all.b[(pair * 2 + i) * 4 + of_k][k / 8] >> shift & 0xffffu);
        }
        for (int i = 0; i < 4; i++) {
            d[i] = std::fma(left[i / 2], right[i % 2], d[i]);
        }
    }
}

DEVICE void multiply_tile_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    multiply_tile<from_bf16_bits>(d, a, b);
}

DEVICE void multiply_tile_f16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    multiply_tile<from_f16_bits>(d, a, b);
}

// Where a lane's row is, as bytes behind the beginning of the dynamic shared memory.
DEVICE const char *row_of(const int *offsets, int lane) { return (const char *)dynamic_shared + offsets[lane]; }

DEVICE void load_matrices(unsigned (&to)[4], const void *row) {
    const int *offsets = fake::exchange((int)((const char *)row - (const char *)dynamic_shared));
    const int own = threadIdx.x % 32;
    for (int i = 0; i < 4; i++) {
        std::memcpy(&to[i], row_of(offsets, i * 8 + own / 4) + own % 4 * 4, 4);
    }
}

DEVICE void load_matrices_turned(unsigned (&to)[4], const void *row) {
    const int *offsets = fake::exchange((int)((const char *)row - (const char *)dynamic_shared));
    const int own = threadIdx.x % 32;
    for (int i = 0; i < 4; i++) {
        unsigned short pair[2];
        for (int j = 0; j < 2; j++) {
            std::memcpy(&pair[j], row_of(offsets, i * 8 + own % 4 * 2 + j) + own / 4 * 2, 2);
        }
        to[i] = pair[0] | (unsigned)pair[1] << 16;
    }
}

// An address of dynamic shared memory as instructions have it, where other shared memory comes first.
DEVICE unsigned shared_address(const void *memory) {
    return 16 + (unsigned)((const char *)memory - (const char *)dynamic_shared);
}

DEVICE void *align_shared(void *memory, int bytes) {
    return (char *)memory + (-shared_address(memory) & (unsigned)(bytes - 1));
}

DEVICE unsigned long describe_rows(const void *rows) {
    return (shared_address(rows) & 0x3ffffu) >> 4 | 1024ul >> 4 << 32 | 1ul << 62;
}

// Number k of row n of what is described.
template <float NUMBER(unsigned)>
DEVICE float described(unsigned long rows, int n, int k) {
    const unsigned begin = (unsigned)(rows & 0x3fff) << 4;
    const unsigned eight_rows = (unsigned)(rows >> 32 & 0x3fff) << 4;
    unsigned address = begin + n / 8 * eight_rows + n % 8 * 128 + k * 2;
    address ^= (address >> 7 & 7u) << 4;
    unsigned short bits;
    std::memcpy(&bits, (const char *)dynamic_shared + (address - shared_address(dynamic_shared)), sizeof bits);
    return NUMBER(bits);
}

DEVICE void begin_group_products() {}

DEVICE void end_group_products() { fake::end_product_group(); }

DEVICE void publish_to_products() {}

// This lane's part of a product of a warpgroup, of which left is its two rows of a.
template <float NUMBER(unsigned), int D>
DEVICE void multiply_group(float (&d)[D], const float (&left)[2][16], unsigned long b, bool adds) {
    for (int n = 0; n < D / 2; n++) { // this lane's columns
        float right[16];
        for (int k = 0; k < 16; k++) {
            right[k] = described<NUMBER>(b, n / 2 * 8 + threadIdx.x % 4 * 2 + n % 2, k);
        }
        for (int i = 0; i < 2; i++) {
            float &sum = d[n / 2 * 4 + i * 2 + n % 2];
            sum = adds ? sum : 0;
            for (int k = 0; k < 16; k++) {
                sum += left[i][k] * right[k];
            }
        }
    }
}

template <int D>
DEVICE void multiply_group_f16(float (&d)[D], const unsigned (&a)[4], unsigned long b, bool adds) {
    fake::multiply_later([&d, &a, b, adds] {
        const fake::TileOperands &all = *fake::exchange(a, {0, 0});
        const int group = threadIdx.x % 32 / 4;
        float left[2][16];
        for (int k = 0; k < 16; k++) {
            for (int i = 0; i < 2; i++) {
                const unsigned word = all.a[group * 4 + k % 8 / 2][i + k / 8 * 2];
                left[i][k] = from_f16_bits(word >> k % 2 * 16 & 0xffffu);
            }
        }
        multiply_group<from_f16_bits>(d, left, b, adds);
    });
}

template <int D>
DEVICE void multiply_group_bf16(float (&d)[D], unsigned long a, unsigned long b, bool adds) {
    fake::multiply_later([&d, a, b, adds] {
        const int row = threadIdx.x / 32 % 4 * 16 + threadIdx.x % 32 / 4;
        float left[2][16];
        for (int k = 0; k < 16; k++) {
            for (int i = 0; i < 2; i++) {
                left[i][k] = described<from_bf16_bits>(a, row + i * 8, k);
            }
        }
        multiply_group<from_bf16_bits>(d, left, b, adds);
    });
}

template <int PENDING>
DEVICE void wait_for_group_products() {
    fake::wait_for_products(PENDING);
}

template <int D, int A>
DEVICE void finish_group_products(float (&)[D], unsigned (&)[A][4]) {
    fake::wait_for_products(0);
}

template <int BYTES>
DEVICE void copy_later(void *to, const void *from, bool exists) {
    fake::copy_later(to, from, BYTES, exists);
}

DEVICE void end_copy_group() { fake::end_copy_group(); }

template <int PENDING>
DEVICE void wait_for_copies() {
    fake::wait_for_copies(PENDING);
}

DEVICE unsigned short to_f16_bits(float value) {
    const _Float16 half = (_Float16)value;
    unsigned short bits;
    std::memcpy(&bits, &half, sizeof bits);
    return bits;
}

DEVICE unsigned to_f16_pair(float low, float high) { return to_f16_bits(low) | (unsigned)to_f16_bits(high) << 16; }

// Of numbers, not of NaN.
DEVICE unsigned to_bf16_bits(float value) {
    const unsigned bits = to_bits(value);
    return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}

DEVICE unsigned to_bf16_pair(float low, float high) { return to_bf16_bits(low) | to_bf16_bits(high) << 16; }

DEVICE unsigned short e4m3_to_f16_bits(unsigned bits) {
    const unsigned exponent = bits >> 3 & 15u;
    const float magnitude = std::ldexp(exponent == 0 ? bits & 7u : 8 + (bits & 7u), exponent == 0 ? -9 : (int)exponent - 10);
    const bool is_nan = (bits & 0x7fu) == 0x7fu;
    return is_nan ? 0x7fffu : to_f16_bits((bits & 0x80u) != 0 ? -magnitude : magnitude);
}

DEVICE unsigned e4m3_to_f16_pair(unsigned bits) {
    return e4m3_to_f16_bits(bits & 0xffu) | (unsigned)e4m3_to_f16_bits(bits >> 8 & 0xffu) << 16;
}
