// Products with stored matrices, y[t] = W·x[t] + bias.
#include "device.h"

// ---------------------------------------------------------------------------------------------------------- one token

// Rows that a warp multiplies at a time; a step of it is GROUPS times eight columns for each lane, and the loads of STEPS
// steps are in flight at a time.
constexpr int ROWS = 2;
constexpr int GROUPS = 2;
constexpr int STEPS = 2;
// Threads of a block at most: enough that one block for each multiprocessor has all of a small matrix in flight.
constexpr int ONE_TOKEN_THREADS = 1024;

// x before it is divided by its root mean square, in shared memory: to = gain ⊙ x, and returns the factor that is left,
// 1 / √(mean(x²) + eps). For all threads of the block. What comes before the wait for x is done, if that is still to come.
DEVICE float stage_normalised(float *to, const float *x, const float *gain, float eps, int columns, bool early) {
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
        to[i] = gain[i];
    }
    if (early) {
        wait_for_previous();
    }
    float squares = 0;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
        const float in = x[i];
        squares = fmaf(in, in, squares);
        to[i] *= in;
    }
    return inverse_root(block_sum(squares) / columns, eps);
}

// What a warp has summed up for one token: W's rows · x, in every lane; and what the staged x was divided by, inverted.
struct Sums {
    float rows[ROWS];
    float factor;
};

// W's row rows[r] · x over slice number `slice` of `slices` of the columns; a row below 0 is none. With a gain, x stands
// for gain ⊙ x / √(mean(x²) + eps) and the block has dynamic shared memory for it.
//
// With `early`, first columns are read before the wait for x: what is stored, no kernel writes. It then begins the
// kernel, otherwise the kernel has begun.
template <typename W>
DEVICE Sums sums_of_one(const long (&rows)[ROWS], const float *x, const float *gain, float eps, const Matrix<W> &w,
                        int slice, int slices, bool early) {
    const int columns = w.columns;
    const bool eights = w.in_eights() && in_fours(x, 0);
    const int step = GROUPS * slices * WARP * 8;
    typename W::Eight raw[STEPS][ROWS][GROUPS];
    auto column_of = [&](int start, int g) { return start + ((g * slices + slice) * WARP + lane()) * 8; };
    auto load = [&](typename W::Eight(&into)[ROWS][GROUPS], int start) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
#pragma unroll
            for (int g = 0; g < GROUPS; g++) {
                int column = column_of(start, g);
                if (rows[r] >= 0 && column < columns) {
                    into[r][g] = W::load(w.data, rows[r] * columns + column);
                }
            }
        }
    };
    if (eights) {
#pragma unroll
        for (int s = 0; s < STEPS; s++) {
            load(raw[s], s * step);
        }
    }
    float factor = 1;
    if (gain != nullptr) {
        factor = stage_normalised(dynamic_shared, x, gain, eps, columns, early);
        x = dynamic_shared;
    } else if (early) {
        wait_for_previous();
    }
    float sums[ROWS] = {};
    if (eights) {
        for (int start = 0; start < columns; start += STEPS * step) {
#pragma unroll
            for (int s = 0; s < STEPS; s++) {
#pragma unroll
                for (int g = 0; g < GROUPS; g++) {
                    int column = column_of(start + s * step, g);
                    if (column < columns) {
                        alignas(16) float in[8];
                        *(float4 *)in = *(const float4 *)(x + column);
                        *(float4 *)(in + 4) = *(const float4 *)(x + column + 4);
#pragma unroll
                        for (int r = 0; r < ROWS; r++) {
                            if (rows[r] >= 0) {
                                float weights[8];
                                W::decode(raw[s][r][g], weights);
                                float sum = 0;
                                for (int i = 0; i < 8; i++) {
                                    sum = fmaf(weights[i], in[i], sum);
                                }
                                sums[r] += sum * w.scale(rows[r], column);
                            }
                        }
                    }
                }
                load(raw[s], start + (STEPS + s) * step);
            }
        }
    } else {
        for (int column = slice * WARP + lane(); column < columns; column += slices * WARP) {
            for (int r = 0; r < ROWS; r++) {
                if (rows[r] >= 0) {
                    sums[r] = fmaf(w.at(rows[r], column), x[column], sums[r]);
                }
            }
        }
    }
    Sums all;
    all.factor = factor;
    for (int r = 0; r < ROWS; r++) {
        all.rows[r] = warp_sum(sums[r]) * factor;
    }
    return all;
}

// Adds up the slices, which neighbouring warps have. The sums are right in the first of these warps. All threads of the
// block come here.
DEVICE void join_slices(Sums &all, int slices) {
    SHARED float parts[WARP][ROWS];
    if (slices > 1) {
        if (lane() == 0) {
            for (int r = 0; r < ROWS; r++) {
                parts[warp()][r] = all.rows[r];
            }
        }
        synchronize_block();
        if (warp() % slices == 0) {
            for (int s = 1; s < slices; s++) {
                for (int r = 0; r < ROWS; r++) {
                    all.rows[r] += parts[warp() + s][r];
                }
            }
        }
    }
}

// y = residual + W·x + bias for one token; x with a gain as in sums_of_one. `slices` warps have ROWS rows, one below the
// other.
//
// bias, gain and residual may be null; y may be the residual. With a gain, `normalised` may receive x as it is multiplied.
template <typename W>
DEVICE void multiply_one(float *y, const float *residual, const float *x, const float *gain, float eps,
                         float *normalised, Matrix<W> w, const float *bias, int count, int slices) {
    let_next_start();
    long rows[ROWS];
    for (int r = 0; r < ROWS; r++) {
        const long row = ((long)blockIdx.x * (warps() / slices) + warp() / slices) * ROWS + r;
        rows[r] = row < count ? row : -1;
    }
    Sums all = sums_of_one<W>(rows, x, gain, eps, w, warp() % slices, slices, true);
    if (normalised != nullptr && blockIdx.x == 0) {
        for (int i = threadIdx.x; i < w.columns; i += blockDim.x) {
            normalised[i] = dynamic_shared[i] * all.factor;
        }
    }
    join_slices(all, slices);
    if (warp() % slices == 0 && lane() == 0) {
        for (int r = 0; r < ROWS; r++) {
            const long row = rows[r];
            if (row >= 0) {
                const float sum = all.rows[r] + (bias == nullptr ? 0 : bias[row]);
                y[row] = residual == nullptr ? sum : residual[row] + sum;
            }
        }
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL_UP_TO(ONE_TOKEN_THREADS, multiply_one_##name, float *y, const float *residual, const float *x,              \
                 const float *gain, float eps, float *normalised, const void *data, const float *scales,               \
                 int scale_columns, int columns, const float *bias, int rows, int slices) {                            \
        multiply_one<W>(y, residual, x, gain, eps, normalised, {data, scales, scale_columns, columns}, bias, rows,     \
                        slices);                                                                                       \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// y = activation(gate·x) ⊙ up·x for one token, where gate and up are the upper and the lower `width` rows of W, with
// biases likewise; x with a gain as in sums_of_one. `slices` warps have a row of both.
template <typename W>
DEVICE void multiply_gated_one(float *y, const float *x, const float *gain, float eps, Matrix<W> w, const float *bias,
                               int width, int activation, int slices) {
    let_next_start();
    const int row = blockIdx.x * (warps() / slices) + warp() / slices;
    const long rows[ROWS] = {row < width ? row : -1, row < width ? row + width : -1};
    Sums all = sums_of_one<W>(rows, x, gain, eps, w, warp() % slices, slices, true);
    join_slices(all, slices);
    if (warp() % slices == 0 && lane() == 0 && row < width) {
        const float gate = all.rows[0] + (bias == nullptr ? 0 : bias[row]);
        const float up = all.rows[1] + (bias == nullptr ? 0 : bias[row + width]);
        y[row] = activate(activation, gate) * up;
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL_UP_TO(ONE_TOKEN_THREADS, multiply_gated_one_##name, float *y, const float *x, const float *gain, float eps, \
                 const void *data, const float *scales, int scale_columns, int columns, const float *bias, int width,  \
                 int activation, int slices) {                                                                         \
        multiply_gated_one<W>(y, x, gain, eps, {data, scales, scale_columns, columns}, bias, width, activation,        \
                              slices);                                                                                 \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// -------------------------------------------------------------------------------------------------------- many tokens

// Tokens that a warp multiplies a row with at a time.
constexpr int TOKENS = 8;

// y[t][r] for `tokens` tokens; a warp has one row, blockIdx.y is a group of TOKENS tokens.
template <typename W>
DEVICE void multiply(float *y, int y_stride, const float *x, int x_stride, Matrix<W> w, const float *bias, int rows,
                     int tokens) {
    begin();
    const int columns = w.columns;
    const long row = (long)blockIdx.x * warps() + warp();
    const int first = blockIdx.y * TOKENS;
    if (row >= rows) {
        return;
    }
    float sums[TOKENS] = {};
    if (w.in_eights() && in_fours(x, x_stride)) {
        for (int column = lane() * 8; column < columns; column += WARP * 8) {
            float weights[8];
            W::decode(W::load(w.data, row * columns + column), weights);
            float scale = w.scale(row, column);
            for (int t = 0; t < TOKENS && first + t < tokens; t++) {
                const float *in = x + (long)(first + t) * x_stride + column;
                float4 low = *(const float4 *)in;
                float4 high = *(const float4 *)(in + 4);
                float sum = weights[0] * low.x;
                sum = fmaf(weights[1], low.y, sum);
                sum = fmaf(weights[2], low.z, sum);
                sum = fmaf(weights[3], low.w, sum);
                sum = fmaf(weights[4], high.x, sum);
                sum = fmaf(weights[5], high.y, sum);
                sum = fmaf(weights[6], high.z, sum);
                sum = fmaf(weights[7], high.w, sum);
                sums[t] += sum * scale;
            }
        }
    } else {
        for (int column = lane(); column < columns; column += WARP) {
            float weight = w.at(row, column);
            for (int t = 0; t < TOKENS && first + t < tokens; t++) {
                sums[t] = fmaf(weight, x[(long)(first + t) * x_stride + column], sums[t]);
            }
        }
    }
    for (int t = 0; t < TOKENS && first + t < tokens; t++) {
        float sum = warp_sum(sums[t]);
        if (lane() == 0) {
            y[(long)(first + t) * y_stride + row] = sum + (bias == nullptr ? 0 : bias[row]);
        }
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(multiply_##name, float *y, int y_stride, const float *x, int x_stride, const void *data,                    \
           const float *scales, int scale_columns, int columns, const float *bias, int rows, int tokens) {             \
        multiply<W>(y, y_stride, x, x_stride, {data, scales, scale_columns, columns}, bias, rows, tokens);             \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// ------------------------------------------------------------------------------------------------------------ experts

// The matrix of an expert, of which each has one of the same shape: they lie `stride` elements apart, their scales
// `scale_stride`.
template <typename W>
DEVICE Matrix<W> matrix_of(Matrix<W> first, long stride, long scale_stride, int expert) {
    first.data = (const char *)first.data + expert * stride * W::BYTES;
    if constexpr (W::SCALED) {
        first.scales += expert * scale_stride;
    }
    return first;
}

// y[p] = W[chosen[p]]·x[p / share] for pairs p = token · top-k + place. share is top-k where an expert's input is its
// token's, 1 where pairs have inputs of their own. blockIdx.y is the pair.
template <typename W>
DEVICE void multiply_chosen(float *y, int y_stride, const float *x, int x_stride, int share, Matrix<W> first,
                            long stride, long scale_stride, const int *chosen, int count) {
    begin();
    const int pair = blockIdx.y;
    const Matrix<W> w = matrix_of(first, stride, scale_stride, chosen[pair]);
    long rows[ROWS];
    for (int r = 0; r < ROWS; r++) {
        const long row = ((long)blockIdx.x * warps() + warp()) * ROWS + r;
        rows[r] = row < count ? row : -1;
    }
    const Sums all = sums_of_one<W>(rows, x + (long)(pair / share) * x_stride, nullptr, 0, w, 0, 1, false);
    for (int r = 0; r < ROWS; r++) {
        if (lane() == 0 && rows[r] >= 0) {
            y[(long)pair * y_stride + rows[r]] = all.rows[r];
        }
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(multiply_chosen_##name, float *y, int y_stride, const float *x, int x_stride, int share, const void *data,  \
           const float *scales, int scale_columns, int columns, long stride, long scale_stride, const int *chosen,     \
           int rows) {                                                                                                 \
        multiply_chosen<W>(y, y_stride, x, x_stride, share, {data, scales, scale_columns, columns}, stride,            \
                           scale_stride, chosen, rows);                                                                \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// y[p] = activation(gate·x) ⊙ up·x for the pairs p of one token, where gate and up are the upper and the lower `width`
// rows of W[chosen[p]]; x + p · x_stride of each pair. A warp has a row of both, blockIdx.y is the pair.
//
// The next kernel starts only after the wait of this one: so it finds what the router has chosen before its own wait.
template <typename W>
DEVICE void multiply_gated_chosen(float *y, int y_stride, const float *x, int x_stride, Matrix<W> first, long stride,
                                  long scale_stride, const int *chosen, int width, int activation) {
    wait_for_previous();
    let_next_start();
    const int pair = blockIdx.y;
    const Matrix<W> w = matrix_of(first, stride, scale_stride, chosen[pair]);
    const int row = blockIdx.x * warps() + warp();
    const long rows[ROWS] = {row < width ? row : -1, row < width ? row + width : -1};
    const Sums all = sums_of_one<W>(rows, x + (long)pair * x_stride, nullptr, 0, w, 0, 1, false);
    if (lane() == 0 && row < width) {
        y[(long)pair * y_stride + row] = activate(activation, all.rows[0]) * all.rows[1];
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(multiply_gated_chosen_##name, float *y, int y_stride, const float *x, int x_stride, const void *data,       \
           const float *scales, int scale_columns, int columns, long stride, long scale_stride, const int *chosen,     \
           int width, int activation) {                                                                                \
        multiply_gated_chosen<W>(y, y_stride, x, x_stride, {data, scales, scale_columns, columns}, stride,             \
                                 scale_stride, chosen, width, activation);                                             \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// y = residual + Σ_j weights[j] · W[chosen[j]]·x[j] + shared for one token, in order of its experts j. Without weights,
// for experts whose input was weighted, they are 1; shared and residual may be null. Each of ROWS rows has a warp for
// each expert; a block has a multiple of `top_k` warps. The kernel before is multiply_gated_chosen.
template <typename W>
DEVICE void sum_chosen_one(float *y, const float *residual, const float *x, int x_stride, Matrix<W> first, long stride,
                           long scale_stride, const int *chosen, const float *weights, const float *shared, int top_k,
                           int count) {
    let_next_start();
    SHARED float products[WARP][ROWS];
    const int place = warp() % top_k;
    const Matrix<W> w = matrix_of(first, stride, scale_stride, read_earlier(chosen + place));
    long rows[ROWS];
    for (int r = 0; r < ROWS; r++) {
        const long row = ((long)blockIdx.x * (warps() / top_k) + warp() / top_k) * ROWS + r;
        rows[r] = row < count ? row : -1;
    }
    const Sums all = sums_of_one<W>(rows, x + (long)place * x_stride, nullptr, 0, w, 0, 1, true);
    if (lane() == 0) {
        for (int r = 0; r < ROWS; r++) {
            products[warp()][r] = all.rows[r];
        }
    }
    synchronize_block();
    if (place == 0 && lane() == 0) {
        for (int r = 0; r < ROWS; r++) {
            const long row = rows[r];
            if (row >= 0) {
                float sum = 0;
                for (int j = 0; j < top_k; j++) {
                    sum = fmaf(weights == nullptr ? 1 : weights[j], products[warp() + j][r], sum);
                }
                sum = shared == nullptr ? sum : sum + shared[row];
                y[row] = residual == nullptr ? sum : residual[row] + sum;
            }
        }
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL_UP_TO(ONE_TOKEN_THREADS, sum_chosen_one_##name, float *y, const float *residual, const float *x,            \
                 int x_stride, const void *data, const float *scales, int scale_columns, int columns, long stride,     \
                 long scale_stride, const int *chosen, const float *weights, const float *shared, int top_k,           \
                 int rows) {                                                                                           \
        sum_chosen_one<W>(y, residual, x, x_stride, {data, scales, scale_columns, columns}, stride, scale_stride,      \
                          chosen, weights, shared, top_k, rows);                                                       \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// ------------------------------------------------------------------------------------------------------------- latents

// Takes the expansion of latents into queries: with K the rows of a head that make its keys, to[t][h] = Kᵀ·q[t][h], and
// behind it the part of the query that is turned. The expansion has `nope + value_width` rows a head.
// blockIdx.x is the head, blockIdx.y the token. A block has at least latent / 8 threads.
template <typename W>
DEVICE void absorb(float *to, int to_stride, const float *q, int q_stride, Matrix<W> w, int nope, int rope,
                   int value_width) {
    begin();
    const int head = blockIdx.x;
    const int latent = w.columns;
    q += (long)blockIdx.y * q_stride + head * (nope + rope);
    to += (long)blockIdx.y * to_stride + head * (latent + rope);
    const long row = (long)head * (nope + value_width);
    if (w.in_eights()) {
        // A thread has eight columns of every so manieth row; what each row of threads has is added up in order.
        float *parts = dynamic_shared; // [threads / eights in a row][latent]
        const int eights = latent / 8;
        const int slices = blockDim.x / eights;
        const int slice = threadIdx.x / eights;
        const int column = threadIdx.x % eights * 8;
        float sums[8] = {};
        if (slice < slices) {
#pragma unroll 8
            for (int n = slice; n < nope; n += slices) {
                float weights[8];
                W::decode(W::load(w.data, (row + n) * latent + column), weights);
                const float in = q[n] * w.scale(row + n, column);
                for (int i = 0; i < 8; i++) {
                    sums[i] = fmaf(weights[i], in, sums[i]);
                }
            }
            for (int i = 0; i < 8; i++) {
                parts[slice * latent + column + i] = sums[i];
            }
        }
        synchronize_block();
        for (int c = threadIdx.x; c < latent; c += blockDim.x) {
            float sum = 0;
            for (int s = 0; s < slices; s++) {
                sum += parts[s * latent + c];
            }
            to[c] = sum;
        }
    } else {
        for (int c = threadIdx.x; c < latent; c += blockDim.x) {
            float sum = 0;
            for (int n = 0; n < nope; n++) {
                sum = fmaf(w.at(row + n, c), q[n], sum);
            }
            to[c] = sum;
        }
    }
    for (int c = threadIdx.x; c < rope; c += blockDim.x) {
        to[latent + c] = q[nope + c];
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(absorb_##name, float *to, int to_stride, const float *q, int q_stride, const void *data,                    \
           const float *scales, int scale_columns, int columns, int nope, int rope, int value_width) {                 \
        absorb<W>(to, to_stride, q, q_stride, {data, scales, scale_columns, columns}, nope, rope, value_width);        \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// Expands what attention made of latents: to[t][h] = V·x[t][h], V the rows of a head behind those that make its keys.
// A warp has one row of all heads' values, blockIdx.y is the token.
template <typename W>
DEVICE void expand(float *to, int to_stride, const float *x, int x_stride, Matrix<W> w, int nope, int value_width,
                   int heads) {
    begin();
    const int latent = w.columns;
    const int value = blockIdx.x * warps() + warp();
    if (value >= heads * value_width) {
        return;
    }
    const int head = value / value_width;
    const long row = (long)head * (nope + value_width) + nope + value % value_width;
    x += (long)blockIdx.y * x_stride + head * latent;
    float sum = 0;
    if (w.in_eights() && in_fours(x, 0)) {
        for (int column = lane() * 8; column < latent; column += WARP * 8) {
            float weights[8];
            W::decode(W::load(w.data, row * latent + column), weights);
            float part = 0;
            for (int i = 0; i < 8; i++) {
                part = fmaf(weights[i], x[column + i], part);
            }
            sum += part * w.scale(row, column);
        }
    } else {
        for (int column = lane(); column < latent; column += WARP) {
            sum = fmaf(w.at(row, column), x[column], sum);
        }
    }
    sum = warp_sum(sum);
    if (lane() == 0) {
        to[(long)blockIdx.y * to_stride + value] = sum;
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(expand_##name, float *to, int to_stride, const float *x, int x_stride, const void *data,                    \
           const float *scales, int scale_columns, int columns, int nope, int value_width, int heads) {                \
        expand<W>(to, to_stride, x, x_stride, {data, scales, scale_columns, columns}, nope, value_width, heads);       \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE
