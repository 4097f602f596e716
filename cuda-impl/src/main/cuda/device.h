// What kernels are written in: CUDA C++ without NVIDIA's headers. nvcc compiles it to PTX; g++ compiles it, through
// fake.h of the tests, for a machine without a GPU. Instructions that only a GPU has are here, each beside its plain
// twin, so that kernels have no #if.
//
// Conventions. Activations are float32, `[tokens][width]`: a row of token t begins at t · stride, and a kernel that is
// given an offset into rows is given a pointer to it. blockIdx.y is the token unless a kernel says otherwise. A pass is
// int[2 + tokens]: number of tokens, position of the first, token ids. Sums are float32; each has one order, which no
// run changes. Blocks are whole warps.
#pragma once

constexpr int WARP = 32;
constexpr float NEGATIVE_INFINITY = -__builtin_inff();

#ifdef __CUDACC__

#define KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
// A kernel of so many threads a block at most, whose registers suffice for so many such blocks in a multiprocessor.
#define BOUNDED_KERNEL(threads, blocks, name, ...)                                                                     \
    extern "C" __global__ __launch_bounds__(threads, blocks) void name(__VA_ARGS__)
// The same, with blocks in clusters of CLUSTER along y, of which the number is a multiple; not in images for devices that
// have no clusters.
constexpr int CLUSTER = 8;
#if __CUDA_ARCH__ >= 900
#define CLUSTERED_KERNEL(threads, blocks, name, ...)                                                                   \
    extern "C" __global__ void __cluster_dims__(1, CLUSTER, 1) __launch_bounds__(threads, blocks) name(__VA_ARGS__)
#else
#define CLUSTERED_KERNEL(threads, blocks, name, ...) static __device__ void name(__VA_ARGS__)
#endif
#define DEVICE static __device__ __forceinline__
#define DEVICE_MEMBER __device__ __forceinline__
#define SHARED __shared__
// Shared memory that only the last block of a cluster reads.
#define LAST_SHARED __shared__
extern __shared__ __align__(16) float dynamic_shared[];

DEVICE float warp_sum(float value) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(0xffffffffu, value, distance);
    }
    return value;
}

template <typename T>
DEVICE T shuffle_xor(T value, int distance) {
    return __shfl_xor_sync(0xffffffffu, value, distance);
}

template <typename T>
DEVICE T shuffle_from(T value, int lane) {
    return __shfl_sync(0xffffffffu, value, lane);
}

// A bit for each lane: whether it is true there.
DEVICE unsigned vote(bool value) { return __ballot_sync(0xffffffffu, value); }

// The highest of the lanes' numbers, and the lowest.
DEVICE unsigned highest_of_warp(unsigned value) {
#if __CUDA_ARCH__ >= 800
    return __reduce_max_sync(0xffffffffu, value);
#else
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        const unsigned other = shuffle_xor(value, distance);
        value = other > value ? other : value;
    }
    return value;
#endif
}

DEVICE unsigned lowest_of_warp(unsigned value) { return ~highest_of_warp(~value); }

DEVICE int count_bits(unsigned bits) { return __popc(bits); }

DEVICE void synchronize_block() { __syncthreads(); }

DEVICE void synchronize_warp() { __syncwarp(); }

DEVICE float from_f16(unsigned short bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

DEVICE float from_bits(unsigned bits) { return __uint_as_float(bits); }

DEVICE unsigned to_bits(float value) { return __float_as_uint(value); }

// a / b and 1 / √x to the last two bits, in few instructions: what a launch does once it must also fetch.
DEVICE float quotient(float a, float b) { return __fdividef(a, b); }

DEVICE float inverse_root(float x) { return rsqrtf(x); }

// 2^x to the last two bits, 0 below 2^-126.
DEVICE float power_of_two(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// The lower halves of two words, the first one's below; and the upper ones.
DEVICE unsigned low_halves(unsigned a, unsigned b) { return __byte_perm(a, b, 0x5410); }

DEVICE unsigned high_halves(unsigned a, unsigned b) { return __byte_perm(a, b, 0x7632); }

// Has a value computed here and not later, where it is used.
DEVICE void compute_now(unsigned &value) { asm volatile("" : "+r"(value)); }

DEVICE void compute_now(float &value) { asm volatile("" : "+f"(value)); }

// Lets the next kernel of the stream start, which waits by itself for the results of this one.
DEVICE void let_next_start() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// Waits for the results of all kernels before this one. Before it, a kernel reads only what no kernel writes.
DEVICE void wait_for_previous() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// What follows is for CLUSTERED_KERNEL. A barrier of the threads of a cluster: what they have written before they arrive is there after the wait.
DEVICE void arrive_at_cluster() {
#if __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.arrive.release;" ::: "memory");
#endif
}

DEVICE void wait_for_cluster() {
#if __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.wait.acquire;" ::: "memory");
#endif
}

// Counts what blocks of a cluster leave in the last one's memory.
typedef unsigned long Arrivals;

// Makes it count to so many bytes, in the last block; to be followed by arrive_at_cluster.
DEVICE void expect_in_last(Arrivals &arrivals, int bytes) {
#if __CUDA_ARCH__ >= 900
    if (threadIdx.x == 0 && blockIdx.y % CLUSTER == CLUSTER - 1) {
        const unsigned counter = (unsigned)__cvta_generic_to_shared(&arrivals);
        asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;\n"
                     "fence.mbarrier_init.release.cluster;\n"
                     "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(counter),
                     "r"(bytes)
                     : "memory");
    }
#endif
}

// Writes to the LAST_SHARED memory of the cluster's last block, which has begun: it is there when all has arrived.
DEVICE void leave_to_last(Arrivals &arrivals, float *to, float value) {
#if __CUDA_ARCH__ >= 900
    asm volatile("{\n"
                 ".reg .u32 of_last;\n"
                 ".reg .u32 counter;\n"
                 "mapa.shared::cluster.u32 of_last, %0, %2;\n"
                 "mapa.shared::cluster.u32 counter, %1, %2;\n"
                 "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.f32 [of_last], %3, [counter];\n"
                 "}" ::"r"((unsigned)__cvta_generic_to_shared(to)),
                 "r"((unsigned)__cvta_generic_to_shared(&arrivals)), "r"(CLUSTER - 1), "f"(value)
                 : "memory");
#endif
}

// The same of 16 bytes.
DEVICE void leave_to_last(Arrivals &arrivals, float *to, const float (&values)[4]) {
#if __CUDA_ARCH__ >= 900
    asm volatile("{\n"
                 ".reg .u32 of_last;\n"
                 ".reg .u32 counter;\n"
                 "mapa.shared::cluster.u32 of_last, %0, %2;\n"
                 "mapa.shared::cluster.u32 counter, %1, %2;\n"
                 "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [of_last], {%3, %4, %5, %6}, [counter];\n"
                 "}" ::"r"((unsigned)__cvta_generic_to_shared(to)),
                 "r"((unsigned)__cvta_generic_to_shared(&arrivals)), "r"(CLUSTER - 1), "f"(values[0]), "f"(values[1]),
                 "f"(values[2]), "f"(values[3])
                 : "memory");
#endif
}

// Waits, in the last block, until all has arrived.
DEVICE void wait_for_left(Arrivals &arrivals) {
#if __CUDA_ARCH__ >= 900
    asm volatile("{\n"
                 ".reg .pred all;\n"
                 "again:\n"
                 "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 all, [%0], 0;\n"
                 "@!all bra again;\n"
                 "}" ::"r"((unsigned)__cvta_generic_to_shared(&arrivals))
                 : "memory");
#endif
}

// What other blocks of this kernel have published.
DEVICE float read_published(const float *address) {
    float value;
    asm volatile("ld.global.cg.f32 %0, [%1];" : "=f"(value) : "l"(address) : "memory");
    return value;
}

// Counts up and returns what was before. What this block has written before its last barrier is published.
DEVICE int publish_and_count(int *counter) {
    int before;
    asm volatile("atom.acq_rel.gpu.global.add.s32 %0, [%1], 1;" : "=r"(before) : "l"(counter) : "memory");
    return before;
}

// What an earlier kernel has written but the one right before.
DEVICE int read_earlier(const int *address) {
    int value;
    asm volatile("ld.global.cg.s32 %0, [%1];" : "=r"(value) : "l"(address) : "memory");
    return value;
}

DEVICE float read_earlier(const float *address) { return read_published(address); }

// 16 bytes that are read once: they need no place in the first-level cache.
DEVICE uint4 load_once(const void *address) {
    uint4 value;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
                 : "l"(address));
    return value;
}

// d += a · b for a tile of 16 rows, 16 columns of a and 8 of b, shared out among the lanes of a warp as PTX says:
// a[i] and b[i] are two bfloat16, d four sums.
DEVICE void multiply_tile_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9},"
        " {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// The same for float16.
DEVICE void multiply_tile_f16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9},"
        " {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// Four matrices of 8 rows of 16 bytes of shared memory, each row where a lane says: matrix i has the rows of lanes 8·i to
// 8·i + 7. Lane 4·r + c gets bytes 4·c to 4·c + 3 of row r of each: an operand of multiply_tile_*.
DEVICE void load_matrices(unsigned (&to)[4], const void *row) {
#if __CUDA_ARCH__ >= 800
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"((unsigned)__cvta_generic_to_shared(row))
                 : "memory");
#endif
}

// The same of matrices of 8 rows of 8 numbers of 2 bytes that are turned over: lane 4·c + r gets those of rows 2·r and
// 2·r + 1 in column c.
DEVICE void load_matrices_turned(unsigned (&to)[4], const void *row) {
#if __CUDA_ARCH__ >= 800
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"((unsigned)__cvta_generic_to_shared(row))
                 : "memory");
#endif
}

// Begins to copy BYTES, 4, 8 or 16, to shared memory, or to fill them with zeros where there is nothing to copy. They are
// there when this thread has waited for their group; for other threads after a barrier.
template <int BYTES>
DEVICE void copy_later(void *to, const void *from, bool exists) {
#if __CUDA_ARCH__ >= 800
    if constexpr (BYTES == 16) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"((unsigned)__cvta_generic_to_shared(to)),
                     "l"(from), "r"(exists ? 16 : 0)
                     : "memory");
    } else {
        asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;" ::"r"((unsigned)__cvta_generic_to_shared(to)),
                     "l"(from), "r"(exists ? BYTES : 0), "n"(BYTES)
                     : "memory");
    }
#else
    for (int i = 0; i < BYTES / 4; i++) {
        ((unsigned *)to)[i] = exists ? ((const unsigned *)from)[i] : 0;
    }
#endif
}

// What this thread has begun to copy since the last call is a group.
DEVICE void end_copy_group() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits for all groups of this thread but the last PENDING.
template <int PENDING>
DEVICE void wait_for_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
#endif
}

// Two float16 in a word, to nearest, ties to even.
DEVICE unsigned to_f16_pair(float low, float high) {
    unsigned pair;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
#else
    unsigned short bits[2];
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits[0]) : "f"(low));
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits[1]) : "f"(high));
    pair = bits[0] | (unsigned)bits[1] << 16;
#endif
    return pair;
}

// Two bfloat16 in a word, to nearest, ties to even.
DEVICE unsigned to_bf16_pair(float low, float high) {
    unsigned pair = 0;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
#endif
    return pair;
}

// Two float16 in a word from two E4M3, which all are among them.
DEVICE unsigned e4m3_to_f16_pair(unsigned bits) {
    unsigned pair = 0;
#if __CUDA_ARCH__ >= 900
    asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(pair) : "h"((unsigned short)bits));
#endif
    return pair;
}

// Instructions of compute capability 9.0 alone: products by a warpgroup, four warps, that run while its threads go on.

// The first address from `memory` on that is a multiple of `bytes`, in shared memory.
DEVICE void *align_shared(void *memory, int bytes) {
    const unsigned address = (unsigned)__cvta_generic_to_shared(memory);
    return (char *)memory + (-address & (unsigned)(bytes - 1));
}

// A matrix of rows of 128 bytes in shared memory that begins at a multiple of 1024, for multiply_group_f16: chunk c of
// row r, 16 bytes, lies at chunk c ^ (r & 7). Adding 2 moves on by 32 bytes of each row.
DEVICE unsigned long describe_rows(const void *rows) {
    const unsigned address = (unsigned)__cvta_generic_to_shared(rows);
    const unsigned long swizzled_128 = 1;
    const unsigned long eight_rows = 1024;
    return (address & 0x3ffffu) >> 4 | 1ul << 16 | eight_rows >> 4 << 32 | swizzled_128 << 62;
}

// Between what the threads have written to registers of products and the first product that reads them.
DEVICE void begin_group_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}

// For asm of the products below: names of the first so many operands; and these operands, the sums of d from i on.
#define NAMES_32                                                                                                       \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                           \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define NAMES_64                                                                                                       \
    NAMES_32 ", "                                                                                                      \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "                                 \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define NAMES_128                                                                                                      \
    NAMES_64 ", "                                                                                                      \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "                                 \
    "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "                                 \
    "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "                     \
    "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define SUMS_4(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define SUMS_16(d, i) SUMS_4(d, i), SUMS_4(d, i + 4), SUMS_4(d, i + 8), SUMS_4(d, i + 12)
#define SUMS_32(d, i) SUMS_16(d, i), SUMS_16(d, i + 16)
#define SUMS_64(d, i) SUMS_32(d, i), SUMS_32(d, i + 32)
#define SUMS_128(d, i) SUMS_64(d, i), SUMS_64(d, i + 64)

// Begins d = a · b or d += a · b for 64 rows of a and as many columns of b as two d have; both are float16. A warp has 16
// rows, shared out among its lanes as in multiply_tile_f16: d[4·j + i] of lane 4·g + t is in row g, of i >= 2 in row g +
// 8, and in column 8·j + 2·t + i % 2. Column n of b is row n of what describe_rows describes.
DEVICE void multiply_group_f16(float (&d)[64], const unsigned (&a)[4], unsigned long b, bool adds) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("{.reg .pred p; setp.ne.b32 p, %69, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 "
                 "{" NAMES_64 "}, {%64, %65, %66, %67}, %68, p, 1, 1, 0;}"
                 : SUMS_64(d, 0)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(adds ? 1 : 0));
#endif
}

DEVICE void multiply_group_f16(float (&d)[32], const unsigned (&a)[4], unsigned long b, bool adds) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("{.reg .pred p; setp.ne.b32 p, %37, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 "
                 "{" NAMES_32 "}, {%32, %33, %34, %35}, %36, p, 1, 1, 0;}"
                 : SUMS_32(d, 0)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(adds ? 1 : 0));
#endif
}

// The same for bfloat16, with both described: row m of a is row m of what its description describes.
DEVICE void multiply_group_bf16(float (&d)[128], unsigned long a, unsigned long b, bool adds) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("{.reg .pred p; setp.ne.b32 p, %130, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 "
                 "{" NAMES_128 "}, %128, %129, p, 1, 1, 0, 0;}"
                 : SUMS_128(d, 0)
                 : "l"(a), "l"(b), "r"(adds ? 1 : 0));
#endif
}

DEVICE void multiply_group_bf16(float (&d)[64], unsigned long a, unsigned long b, bool adds) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("{.reg .pred p; setp.ne.b32 p, %66, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
                 "{" NAMES_64 "}, %64, %65, p, 1, 1, 0, 0;}"
                 : SUMS_64(d, 0)
                 : "l"(a), "l"(b), "r"(adds ? 1 : 0));
#endif
}

// Waits for all that end_group_products has ended but the last PENDING.
template <int PENDING>
DEVICE void wait_for_group_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
#endif
}

// Waits for all products that have begun.
template <int D, int A>
DEVICE void finish_group_products(float (&d)[D], unsigned (&a)[A][4]) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    // Nothing that uses these may move to before this.
#pragma unroll
    for (int i = 0; i < D; i++) {
        asm volatile("" : "+f"(d[i])::"memory");
    }
#pragma unroll
    for (int i = 0; i < A; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            asm volatile("" : "+r"(a[i][j])::"memory");
        }
    }
#endif
}

// What this thread has begun may finish, as finish_group_products waits for.
DEVICE void end_group_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}

// Between what this thread has written to shared memory and the barrier before multiply_group_f16 reads it.
DEVICE void publish_to_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

#else
#include "fake.h"
#endif

DEVICE int lane() { return threadIdx.x % WARP; }

DEVICE int warp() { return threadIdx.x / WARP; }

DEVICE int warps() { return blockDim.x / WARP; }

// What every kernel begins with that reads nothing before it may.
DEVICE void begin() {
    let_next_start();
    wait_for_previous();
}

// 1 / √(mean + eps) for a mean of squares.
DEVICE float inverse_root(float mean, float eps) { return inverse_root(mean + eps); }

// The sum over all threads of the block, in every thread.
DEVICE float block_sum(float value) {
    SHARED float sums[WARP];
    value = warp_sum(value);
    synchronize_block();
    if (lane() == 0) {
        sums[warp()] = value;
    }
    synchronize_block();
    float sum = 0;
    for (int i = 0; i < warps(); i++) {
        sum += sums[i];
    }
    return sum;
}

// The highest value of all threads of the block, in every thread.
DEVICE float block_max(float value) {
    SHARED float values[WARP];
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value = fmaxf(value, shuffle_xor(value, distance));
    }
    synchronize_block();
    if (lane() == 0) {
        values[warp()] = value;
    }
    synchronize_block();
    float highest = NEGATIVE_INFINITY;
    for (int i = 0; i < warps(); i++) {
        highest = fmaxf(highest, values[i]);
    }
    return highest;
}

// Whether this block is the last of `blocks` to come here, with all that its threads have written. What the others have
// published, the last one reads by read_published. The counter is 0 before and after.
DEVICE bool is_last(int *counter, int blocks) {
    SHARED bool last;
    synchronize_block();
    if (threadIdx.x == 0) {
        last = publish_and_count(counter) == blocks - 1;
        if (last) {
            *counter = 0;
        }
    }
    synchronize_block();
    return last;
}

// Of numbers that are scaled into the range of float16.
constexpr int LARGEST_EXPONENT = 14;

// The power of two that brings the largest of some numbers to 2^LARGEST_EXPONENT; 1 if all are 0.
DEVICE float power_for(float largest) {
    const int exponent = (int)(to_bits(largest) >> 23);
    const int power = 127 + LARGEST_EXPONENT + 127 - exponent;
    return largest == 0 ? 1 : from_bits((unsigned)(power > 254 ? 254 : power < 1 ? 1 : power) << 23);
}

// ------------------------------------------------------------------------------------------- elements of stored tensors

DEVICE float from_bf16(unsigned bits) { return from_bits(bits << 16); }

// To nearest, ties to even; NaN stays NaN.
DEVICE unsigned short to_bf16(float value) {
    unsigned bits = to_bits(value);
    if (value != value) {
        return (unsigned short)((bits >> 16) | 0x40u);
    }
    return (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// OCP FP8 E4M3: no infinities, NaN is all ones but the sign.
DEVICE float from_e4m3(unsigned bits) {
    unsigned magnitude = bits & 0x7fu;
    float value;
    if (magnitude == 0x7fu) {
        value = from_bits(0x7fc00000u);
    } else if (magnitude < 8) {
        value = (float)magnitude * 0.001953125f; // subnormal: 2^-9 a step
    } else {
        value = from_bits((magnitude << 20) + (120u << 23)); // bias 127 - 7
    }
    return (bits & 0x80u) != 0 ? -value : value;
}

struct Float32 {
    static constexpr int BYTES = 4;
    static constexpr bool SCALED = false;
    static DEVICE_MEMBER float at(const void *data, long index) { return ((const float *)data)[index]; }
    // Eight elements of an aligned group.
    struct Eight {
        uint4 low, high;
    };
    static DEVICE_MEMBER Eight load(const void *data, long index) {
        const char *from = (const char *)data + index * BYTES;
        return {load_once(from), load_once(from + 16)};
    }
    // As load, of memory that kernels write.
    static DEVICE_MEMBER Eight read(const void *data, long index) {
        const uint4 *from = (const uint4 *)((const char *)data + index * BYTES);
        return {from[0], from[1]};
    }
    // What is left of a value that is stored.
    static DEVICE_MEMBER float rounded(float value) { return value; }
    static DEVICE_MEMBER void decode(const Eight &raw, float *into) {
        into[0] = from_bits(raw.low.x);
        into[1] = from_bits(raw.low.y);
        into[2] = from_bits(raw.low.z);
        into[3] = from_bits(raw.low.w);
        into[4] = from_bits(raw.high.x);
        into[5] = from_bits(raw.high.y);
        into[6] = from_bits(raw.high.z);
        into[7] = from_bits(raw.high.w);
    }
};

struct BFloat16 {
    static constexpr int BYTES = 2;
    static constexpr bool SCALED = false;
    static DEVICE_MEMBER float at(const void *data, long index) { return from_bf16(((const unsigned short *)data)[index]); }
    typedef uint4 Eight;
    static DEVICE_MEMBER Eight load(const void *data, long index) { return load_once((const char *)data + index * BYTES); }
    static DEVICE_MEMBER Eight read(const void *data, long index) {
        return *(const uint4 *)((const char *)data + index * BYTES);
    }
    static DEVICE_MEMBER float rounded(float value) { return from_bf16(to_bf16(value)); }
    static DEVICE_MEMBER void decode(const Eight &raw, float *into) {
        const unsigned words[4] = {raw.x, raw.y, raw.z, raw.w};
        for (int i = 0; i < 4; i++) {
            into[2 * i] = from_bits(words[i] << 16);
            into[2 * i + 1] = from_bits(words[i] & 0xffff0000u);
        }
    }
};

struct Float16 {
    static constexpr int BYTES = 2;
    static constexpr bool SCALED = false;
    static DEVICE_MEMBER float at(const void *data, long index) { return from_f16(((const unsigned short *)data)[index]); }
    typedef uint4 Eight;
    static DEVICE_MEMBER Eight load(const void *data, long index) { return load_once((const char *)data + index * BYTES); }
    static DEVICE_MEMBER void decode(const Eight &raw, float *into) {
        const unsigned words[4] = {raw.x, raw.y, raw.z, raw.w};
        for (int i = 0; i < 4; i++) {
            into[2 * i] = from_f16((unsigned short)words[i]);
            into[2 * i + 1] = from_f16((unsigned short)(words[i] >> 16));
        }
    }
};

// E4M3 whose scales are multiplied in by whoever reads: a scale belongs to a row and a block of columns.
struct Float8 {
    static constexpr int BYTES = 1;
    static constexpr bool SCALED = true;
    static DEVICE_MEMBER float at(const void *data, long index) { return from_e4m3(((const unsigned char *)data)[index]); }
    typedef uint2 Eight;
    static DEVICE_MEMBER Eight load(const void *data, long index) { return *(const uint2 *)((const char *)data + index); }
    static DEVICE_MEMBER void decode(const Eight &raw, float *into) {
        for (int i = 0; i < 4; i++) {
            into[i] = from_e4m3((raw.x >> (8 * i)) & 0xffu);
            into[4 + i] = from_e4m3((raw.y >> (8 * i)) & 0xffu);
        }
    }
};

// A stored matrix `[rows][columns]`. Scales, of FP8 alone, are `[rows][⌈columns / scale_columns⌉]`.
template <typename W>
struct Matrix {
    const void *data;
    const float *scales;
    int scale_columns;
    int columns;

    DEVICE_MEMBER float scale(long row, int column) const {
        if constexpr (W::SCALED) {
            return scales[row * ((columns + scale_columns - 1) / scale_columns) + column / scale_columns];
        } else {
            return 1;
        }
    }

    DEVICE_MEMBER float at(long row, int column) const {
        float value = W::at(data, row * columns + column);
        return W::SCALED ? value * scale(row, column) : value;
    }

    // Whether rows can be read in aligned groups of eight, each with one scale.
    DEVICE_MEMBER bool in_eights() const {
        return columns % 8 == 0 && (!W::SCALED || scale_columns % 8 == 0);
    }
};

// copy_later for eight weights.
template <typename W>
DEVICE void copy_eight(typename W::Eight *to, const void *data, long index, bool exists) {
    constexpr int BYTES = sizeof(typename W::Eight);
    constexpr int EACH = BYTES < 16 ? BYTES : 16;
#pragma unroll
    for (int i = 0; i < BYTES; i += EACH) {
        copy_later<EACH>((char *)to + i, (const char *)data + index * W::BYTES + i, exists);
    }
}

// Whether rows of activations can be read in aligned groups of four.
DEVICE bool in_fours(const float *x, int stride) { return ((unsigned long)x % 16 | (unsigned)stride % 4) == 0; }

// Reads eight activations of such a row, or zeros where there are none.
DEVICE void read_eight(float (&to)[8], const float *from, bool exists) {
    const float4 zeros = {0, 0, 0, 0};
    *(float4 *)to = exists ? *(const float4 *)from : zeros;
    *(float4 *)(to + 4) = exists ? *(const float4 *)(from + 4) : zeros;
}

// An entry point for every type of weights.
#define FOR_WEIGHTS(define) define(f32, Float32) define(bf16, BFloat16) define(f16, Float16) define(f8, Float8)
// An entry point for every type of cache.
#define FOR_CACHES(define) define(f32, Float32) define(bf16, BFloat16)

// Activations of MLPs; numbers that Java gives.
constexpr int SILU = 0;
constexpr int GELU_TANH = 1;
constexpr int GELU_ERF = 2;

DEVICE float activate(int activation, float x) {
    if (activation == SILU) {
        return x / (1 + expf(-x));
    }
    if (activation == GELU_TANH) {
        // (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u)) with u = √(2/π) · (x + 0.044715 · x³)
        return x / (1 + expf(-1.5957691216057308f * (x + 0.044715f * x * x * x)));
    }
    return x / 2 * erfcf(-x * 0.70710678118654752f);
}

// Which positions a query sees, itself among them; numbers that Java gives.
constexpr int CAUSAL = 0;
constexpr int SLIDING = 1; // `size` positions
constexpr int CHUNKED = 2; // those of its chunk of `size`

DEVICE int first_visible(int mask, int size, int position) {
    if (mask == SLIDING) {
        return position < size ? 0 : position - size + 1;
    }
    return mask == CHUNKED ? position - position % size : 0;
}
