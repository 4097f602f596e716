// Products with stored matrices, y[t] = W·x[t] + bias.
#include "device.h"

// ---------------------------------------------------------------------------------------------------------- one token

// A unit is ROWS rows, which a warp multiplies at a time; the loads of STEPS steps of some columns are in flight at a time.
constexpr int ROWS = 2;
constexpr int STEPS = 2;
constexpr int SPAN = WARP * 8;
// Threads of a block at most: enough that one block for each multiprocessor has all of a small matrix in flight.
constexpr int ONE_TOKEN_THREADS = 1024;

// Which rows a unit has: unit u has the rows u · step + r · gap.
struct Units {
    int number;
    int step;
    int gap;
    int rows; // of the matrix

    DEVICE_MEMBER int row(int unit, int r) const { return unit * step + r * gap; }
    DEVICE_MEMBER bool has(int unit, int r) const { return unit < number && row(unit, r) < rows; }
};

// Rows one after another.
DEVICE Units neighbours(int rows) { return {(rows + ROWS - 1) / ROWS, ROWS, 1, rows}; }

// A row of a gate and the same of what it gates, `width` rows further.
DEVICE Units gates(int width) { return {width, 1, width, 2 * width}; }

// Warps that have units together: each has a slice of the columns, or each a matrix of its own.
struct Team {
    int warps;
    int slices; // of the columns; 1 or all warps
    const float *weights; // of each warp's sums in those of the team; null for 1
};

// The input of a product: x, or what stands for gain ⊙ x / √(mean(x²) + eps) in shared memory, where the lanes' first
// halves of their eight columns of a span lie side by side, then the second ones: so lanes read from different banks.
struct Input {
    const float *x;
    bool is_staged;

    DEVICE_MEMBER void read(int column, float (&to)[8]) const {
        const float *low = x + column - (is_staged ? lane() * 4 : 0);
        *(float4 *)to = *(const float4 *)low;
        *(float4 *)(to + 4) = *(const float4 *)(low + (is_staged ? SPAN / 2 : 4));
    }

    // Where a column is.
    DEVICE_MEMBER int place(int column) const {
        return is_staged ? column / SPAN * SPAN + column % 8 / 4 * (SPAN / 2) + column % SPAN / 8 * 4 + column % 4
                         : column;
    }
};

// Multiplies the gain, which this thread has begun to copy to shared memory, by x, and sums up the squares of x: each warp
// leaves its share in `squares`.
DEVICE void normalise_input(float *staged, float *squares, const float *x, int columns) {
    const Input to = {staged, true};
    float sum = 0;
#pragma unroll 2
    for (int i = threadIdx.x * 4; i < columns; i += blockDim.x * 4) {
        const float4 in = *(const float4 *)(x + i);
        float4 *at = (float4 *)(staged + to.place(i));
        const float4 by = *at;
        *at = float4{in.x * by.x, in.y * by.y, in.z * by.z, in.w * by.w};
        sum = fmaf(in.x, in.x, fmaf(in.y, in.y, fmaf(in.z, in.z, fmaf(in.w, in.w, sum))));
    }
    sum = warp_sum(sum);
    if (lane() == 0) {
        squares[warp()] = sum;
    }
    synchronize_block();
}

// The same where rows cannot be read in eights.
DEVICE void normalise_odd_input(float *staged, float *squares, const float *x, const float *gain, int columns) {
    float sum = 0;
#pragma unroll 1
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
        sum = fmaf(x[i], x[i], sum);
        staged[i] = gain[i] * x[i];
    }
    sum = warp_sum(sum);
    if (lane() == 0) {
        squares[warp()] = sum;
    }
    synchronize_block();
}

// Products of units of rows with one input, for each team of warps one unit; or, IN_TURNS, as many as there are: then the
// first columns of the next unit are asked for before this one is done. x with a gain stands for
// gain ⊙ x / √(mean(x²) + eps), and the block has dynamic shared memory for it, in whole spans.
//
// As soon as others have written it, each lane may `keep` what is to be added; `finish` gets the sums of the unit's rows
// and what was kept, in the lanes of a team's first warp. `normalised`, if any, gets the input from block 0.
//
// With `early`, first columns are read before the wait for x: what is stored, no kernel writes. It then begins the
// kernel, otherwise the kernel has begun.
template <bool IN_TURNS, typename W, typename Keep, typename Finish>
DEVICE void multiply_units(const Matrix<W> &w, const Units &units, const Team &team, const float *x, const float *gain,
                           float eps, float *normalised, bool early, Keep keep, Finish finish) {
    constexpr int GROUPS = W::BYTES == 4 ? 1 : 2; // spans of a step
    SHARED float squares[WARP];
    SHARED float parts[ROWS][WARP];
    const int columns = w.columns;
    const bool eights = w.in_eights() && in_fours(x, 0);
    float *staged = dynamic_shared;
    if (gain != nullptr && eights) {
        const Input to = {staged, true};
        for (int i = threadIdx.x * 4; i < columns; i += blockDim.x * 4) {
            copy_later<16>(staged + to.place(i), gain + i, true);
        }
    }
    const int team_of_block = team.warps == 1 ? warp() : warp() / team.warps;
    const int member = warp() - team_of_block * team.warps;
    const int units_of_block = team.warps == 1 ? warps() : warps() / team.warps;
    const int stride = gridDim.x * units_of_block;
    const int slice = team.slices == 1 ? 0 : member;
    const int step = GROUPS * team.slices * SPAN;
    const int all_steps = IN_TURNS ? (columns + STEPS * step - 1) / (STEPS * step) * (STEPS * step) : 0;
    int of_block = blockIdx.x * units_of_block;
    int unit = of_block + team_of_block;
    int rows[ROWS]; // below 0 for none
    auto find_rows = [&]() {
        for (int r = 0; r < ROWS; r++) {
            rows[r] = units.has(unit, r) ? units.row(unit, r) : -1;
        }
    };
    find_rows();
    auto column_of = [&](int start, int g) { return start + (g * team.slices + slice) * SPAN + lane() * 8; };
    typename W::Eight raw[STEPS][ROWS][GROUPS];
    auto load = [&](typename W::Eight(&into)[ROWS][GROUPS], int start) {
        const bool of_next = IN_TURNS && start >= all_steps;
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            const bool exists = of_next ? units.has(unit + stride, r) : rows[r] >= 0;
            const int row = of_next ? units.row(unit + stride, r) : rows[r];
#pragma unroll
            for (int g = 0; g < GROUPS; g++) {
                const int column = column_of(of_next ? start - all_steps : start, g);
                if (exists && column < columns) {
                    into[r][g] = W::load(w.data, (long)row * columns + column);
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
    if (early) {
        wait_for_previous();
    }
    const float weight = team.weights != nullptr && lane() < team.warps ? team.weights[lane()] : 1;
    Input input = {x, false};
    if (gain != nullptr) {
        if (eights) {
            end_copy_group();
            wait_for_copies<0>();
            normalise_input(staged, squares, x, columns);
        } else {
            normalise_odd_input(staged, squares, x, gain, columns);
        }
        input = {staged, eights};
    }
#pragma unroll 1
    do {
        const auto kept = keep(unit);
        float sums[ROWS] = {};
        if (eights) {
            for (int start = 0; start < columns; start += STEPS * step) {
#pragma unroll
                for (int s = 0; s < STEPS; s++) {
#pragma unroll
                    for (int g = 0; g < GROUPS; g++) {
                        const int column = column_of(start + s * step, g);
                        if (column < columns) {
                            alignas(16) float in[8];
                            input.read(column, in);
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
#pragma unroll 1
            for (int column = slice * WARP + lane(); column < columns; column += team.slices * WARP) {
                for (int r = 0; r < ROWS; r++) {
                    if (rows[r] >= 0) {
                        sums[r] = fmaf(w.at(rows[r], column), input.x[column], sums[r]);
                    }
                }
            }
        }
        for (int r = 0; r < ROWS; r++) {
            sums[r] = warp_sum(sums[r]);
        }
        float factor = 1;
        if (gain != nullptr) {
            const float square = warp_sum(lane() < warps() ? squares[lane()] : 0);
            factor = inverse_root(quotient(square, columns), eps);
        }
        if (normalised != nullptr && of_block == 0) {
#pragma unroll 1
            for (int i = threadIdx.x; i < columns; i += blockDim.x) {
                normalised[i] = input.x[input.place(i)] * factor;
            }
        }
        if (team.warps > 1) {
            if (IN_TURNS) {
                synchronize_block(); // all are done with the unit before
            }
            if (lane() < ROWS) {
                parts[lane()][warp()] = lane() == 0 ? sums[0] : sums[1];
            }
            synchronize_block();
            if (member == 0) {
                for (int r = 0; r < ROWS; r++) {
                    sums[r] = warp_sum(lane() < team.warps ? parts[r][warp() + lane()] * weight : 0);
                }
            }
        }
        if (member == 0 && unit < units.number) {
            for (int r = 0; r < ROWS; r++) {
                sums[r] *= factor;
            }
            finish(unit, sums, kept);
        }
        of_block += stride;
        unit += stride;
        find_rows();
    } while (IN_TURNS && of_block < units.number);
}

// y = residual + W·x + bias for one token; x with a gain as in multiply_units. `slices` warps have a unit.
//
// bias, gain and residual may be null; y may be the residual. With a gain, `normalised` may receive x as it is multiplied.
template <bool IN_TURNS, typename W>
DEVICE void multiply_one(float *y, const float *residual, const float *x, const float *gain, float eps,
                         float *normalised, const Matrix<W> &w, const float *bias, int count, int slices) {
    let_next_start();
    const Units units = neighbours(count);
    multiply_units<IN_TURNS>(
        w, units, {slices, slices, nullptr}, x, gain, eps, normalised, true,
        [&](int unit) {
            const int row = units.row(unit, lane());
            const bool own = lane() < ROWS && units.has(unit, lane());
            return (own && residual != nullptr ? residual[row] : 0) + (own && bias != nullptr ? bias[row] : 0);
        },
        [&](int unit, const float(&sums)[ROWS], float kept) {
            if (lane() < ROWS && units.has(unit, lane())) {
                y[units.row(unit, lane())] = (lane() == 0 ? sums[0] : sums[1]) + kept;
            }
        });
}

#define DEFINE_FOR(start, IN_TURNS, name, W)                                                                           \
    KERNEL_UP_TO(ONE_TOKEN_THREADS, start##_##name, float *y, const float *residual, const float *x,                   \
                 const float *gain, float eps, float *normalised, const void *data, const float *scales,               \
                 int scale_columns, int columns, const float *bias, int rows, int slices) {                            \
        multiply_one<IN_TURNS, W>(y, residual, x, gain, eps, normalised, {data, scales, scale_columns, columns},       \
                                  bias, rows, slices);                                                                 \
    }
#define DEFINE(name, W) DEFINE_FOR(multiply_one, false, name, W) DEFINE_FOR(multiply_in_turns, true, name, W)
FOR_WEIGHTS(DEFINE)
#undef DEFINE
#undef DEFINE_FOR

struct Nothing {};

// y = activation(gate·x) ⊙ up·x for one token, where gate and up are the upper and the lower `width` rows of W, with
// biases likewise; x with a gain as in multiply_units.
template <bool IN_TURNS, typename W>
DEVICE void multiply_gated_one(float *y, const float *x, const float *gain, float eps, const Matrix<W> &w,
                               const float *bias, int width, int activation, int slices) {
    let_next_start();
    multiply_units<IN_TURNS>(
        w, gates(width), {slices, slices, nullptr}, x, gain, eps, nullptr, true, [](int) { return Nothing(); },
        [&](int row, const float(&sums)[ROWS], Nothing) {
            if (lane() == 0) {
                const float gate = sums[0] + (bias == nullptr ? 0 : bias[row]);
                const float up = sums[1] + (bias == nullptr ? 0 : bias[row + width]);
                y[row] = activate(activation, gate) * up;
            }
        });
}

#define DEFINE_FOR(start, IN_TURNS, name, W)                                                                           \
    KERNEL_UP_TO(ONE_TOKEN_THREADS, start##_##name, float *y, const float *x, const float *gain, float eps,            \
                 const void *data, const float *scales, int scale_columns, int columns, const float *bias, int width,  \
                 int activation, int slices) {                                                                         \
        multiply_gated_one<IN_TURNS, W>(y, x, gain, eps, {data, scales, scale_columns, columns}, bias, width,          \
                                        activation, slices);                                                           \
    }
#define DEFINE(name, W)                                                                                                \
    DEFINE_FOR(multiply_gated_one, false, name, W) DEFINE_FOR(multiply_gated_in_turns, true, name, W)
FOR_WEIGHTS(DEFINE)
#undef DEFINE
#undef DEFINE_FOR

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
DEVICE void multiply_chosen(float *y, int y_stride, const float *x, int x_stride, int share, const Matrix<W> &first,
                            long stride, long scale_stride, const int *chosen, int count) {
    begin();
    const int pair = blockIdx.y;
    const Units units = neighbours(count);
    multiply_units<false>(
        matrix_of(first, stride, scale_stride, chosen[pair]), units, {1, 1, nullptr},
        x + (long)(pair / share) * x_stride, nullptr, 0, nullptr, false, [](int) { return Nothing(); },
        [&](int unit, const float(&sums)[ROWS], Nothing) {
            if (lane() < ROWS && units.has(unit, lane())) {
                y[(long)pair * y_stride + units.row(unit, lane())] = lane() == 0 ? sums[0] : sums[1];
            }
        });
}

#define DEFINE(name, W)                                                                                                \
    KERNEL_UP_TO(ONE_TOKEN_THREADS, multiply_chosen_##name, float *y, int y_stride, const float *x, int x_stride,      \
                 int share, const void *data, const float *scales, int scale_columns, int columns, long stride,        \
                 long scale_stride, const int *chosen, int rows) {                                                     \
        multiply_chosen<W>(y, y_stride, x, x_stride, share, {data, scales, scale_columns, columns}, stride,            \
                           scale_stride, chosen, rows);                                                                \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// y[p] = activation(gate·x) ⊙ up·x for the pairs p of one token, where gate and up are the upper and the lower `width`
// rows of W[chosen[p]]; x + p · x_stride of each pair. blockIdx.y is the pair.
//
// The next kernel starts only after the wait of this one: so it finds what the router has chosen before its own wait.
template <typename W>
DEVICE void multiply_gated_chosen(float *y, int y_stride, const float *x, int x_stride, const Matrix<W> &first,
                                  long stride, long scale_stride, const int *chosen, int width, int activation) {
    wait_for_previous();
    let_next_start();
    const int pair = blockIdx.y;
    multiply_units<false>(
        matrix_of(first, stride, scale_stride, chosen[pair]), gates(width), {1, 1, nullptr}, x + (long)pair * x_stride,
        nullptr, 0, nullptr, false, [](int) { return Nothing(); },
        [&](int row, const float(&sums)[ROWS], Nothing) {
            if (lane() == 0) {
                y[(long)pair * y_stride + row] = activate(activation, sums[0]) * sums[1];
            }
        });
}

#define DEFINE(name, W)                                                                                                \
    KERNEL_UP_TO(ONE_TOKEN_THREADS, multiply_gated_chosen_##name, float *y, int y_stride, const float *x,              \
                 int x_stride, const void *data, const float *scales, int scale_columns, int columns, long stride,     \
                 long scale_stride, const int *chosen, int width, int activation) {                                    \
        multiply_gated_chosen<W>(y, y_stride, x, x_stride, {data, scales, scale_columns, columns}, stride,             \
                                 scale_stride, chosen, width, activation);                                             \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// y = residual + Σ_j weights[j] · W[chosen[j]]·x[j] + shared for one token, in order of its experts j. Without weights,
// for experts whose input was weighted, they are 1; shared and residual may be null. `top_k` warps have a unit, one for
// each expert. The kernel before is multiply_gated_chosen.
template <typename W>
DEVICE void sum_chosen_one(float *y, const float *residual, const float *x, int x_stride, const Matrix<W> &first,
                           long stride, long scale_stride, const int *chosen, const float *weights,
                           const float *shared, int top_k, int count) {
    let_next_start();
    const int place = warp() % top_k;
    const Units units = neighbours(count);
    multiply_units<true>(
        matrix_of(first, stride, scale_stride, read_earlier(chosen + place)), units, {top_k, 1, weights},
        x + (long)place * x_stride, nullptr, 0, nullptr, true,
        [&](int unit) {
            const int row = units.row(unit, lane());
            const bool own = lane() < ROWS && units.has(unit, lane());
            return (own && shared != nullptr ? shared[row] : 0) + (own && residual != nullptr ? residual[row] : 0);
        },
        [&](int unit, const float(&sums)[ROWS], float kept) {
            if (lane() < ROWS && units.has(unit, lane())) {
                y[units.row(unit, lane())] = (lane() == 0 ? sums[0] : sums[1]) + kept;
            }
        });
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
