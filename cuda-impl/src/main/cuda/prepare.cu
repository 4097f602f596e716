// The inputs of products of many tokens, as these read them: as two float16 planes (tiles.cu and wide.cu) or rounded to
// bfloat16 (rounded.cu). What nobody but a product reads, the result of a norm or of a gate, is made on the way.
#include "rows.h"

// Rows of which the numbers from a column on, a multiple of 8, are read, eight at a time.
struct StoredRow {
    const float *x;
    DEVICE_MEMBER void read(float (&to)[8], int column) const { read_up_to_eight(to, x + column, 8); }
};

// As normalise_rms makes it.
struct NormalisedRow {
    const float *x;
    const float *gain;
    float factor;
    DEVICE_MEMBER void read(float (&to)[8], int column) const {
        float gains[8];
        read_up_to_eight(to, x + column, 8);
        read_up_to_eight(gains, gain + column, 8);
        for (int i = 0; i < 8; i++) {
            to[i] = to[i] * factor * gains[i];
        }
    }
};

// As gate makes it.
struct GatedRow {
    const float *x;
    int width;
    int activation;
    DEVICE_MEMBER void read(float (&to)[8], int column) const {
        float up[8];
        read_up_to_eight(to, x + column, 8);
        read_up_to_eight(up, x + width + column, 8);
        for (int i = 0; i < 8; i++) {
            to[i] = activate(activation, to[i]) * up[i];
        }
    }
};

// planes[p][t], float16, add up to row t / factors[t], of `columns` numbers, a multiple of 8. Dynamic shared memory has
// room for them: each thread finds there what it has read itself.
template <typename R>
DEVICE void split_row(unsigned short *planes, float *factors, const R &row, int columns, int rows) {
    float largest = 0;
    for (int column = threadIdx.x * 8; column < columns; column += blockDim.x * 8) {
        float in[8];
        row.read(in, column);
        for (int i = 0; i < 8; i++) {
            largest = fmaxf(largest, fabsf(in[i]));
        }
        write_up_to_eight(dynamic_shared + column, in, 8);
    }
    const float power = power_for(block_max(largest));
    const long t = blockIdx.y;
    for (int column = threadIdx.x * 8; column < columns; column += blockDim.x * 8) {
        float in[8];
        read_up_to_eight(in, dynamic_shared + column, 8);
        unsigned high[4];
        unsigned low[4];
        for (int i = 0; i < 4; i++) {
            const float a = in[2 * i] * power;
            const float b = in[2 * i + 1] * power;
            high[i] = to_f16_pair(a, b);
            low[i] = to_f16_pair(a - from_f16((unsigned short)high[i]), b - from_f16((unsigned short)(high[i] >> 16)));
        }
        unsigned short *to = planes + t * columns + column;
        *(uint4 *)to = uint4{high[0], high[1], high[2], high[3]};
        *(uint4 *)(to + (long)rows * columns) = uint4{low[0], low[1], low[2], low[3]};
    }
    if (threadIdx.x == 0) {
        factors[t] = 1 / power;
    }
}

// to[t] = row t, rounded; otherwise as split_row.
template <typename R>
DEVICE void round_row(unsigned short *to, float *, const R &row, int columns, int) {
    to += (long)blockIdx.y * columns;
    for (int column = threadIdx.x * 8; column < columns; column += blockDim.x * 8) {
        float in[8];
        row.read(in, column);
        *(uint4 *)(to + column) = uint4{to_bf16_pair(in[0], in[1]), to_bf16_pair(in[2], in[3]),
                                        to_bf16_pair(in[4], in[5]), to_bf16_pair(in[6], in[7])};
    }
}

#define ROW_PARAMETERS unsigned short *to, float *factors, const float *x, int x_stride, int columns, int rows

// A block has the row blockIdx.y. As it is; gain ⊙ x / √(mean(x²) + eps); activation(its first half) ⊙ its second half.
#define DEFINE(way)                                                                                                    \
    KERNEL(way##_rows, ROW_PARAMETERS) {                                                                               \
        begin();                                                                                                       \
        way##_row(to, factors, StoredRow{x + (long)blockIdx.y * x_stride}, columns, rows);                             \
    }                                                                                                                  \
    KERNEL(way##_normalised_rows, ROW_PARAMETERS, const float *gain, float eps) {                                      \
        begin();                                                                                                       \
        x += (long)blockIdx.y * x_stride;                                                                              \
        way##_row(to, factors, NormalisedRow{x, gain, rms_factor(x, columns, 1, eps)}, columns, rows);                 \
    }                                                                                                                  \
    KERNEL(way##_gated_rows, ROW_PARAMETERS, int activation) {                                                         \
        begin();                                                                                                       \
        way##_row(to, factors, GatedRow{x + (long)blockIdx.y * x_stride, columns, activation}, columns, rows);         \
    }
DEFINE(split)
DEFINE(round)
#undef DEFINE
