// Products with stored matrices, y[t] = W·x[t] + bias.
#include "routers.h"

// ---------------------------------------------------------------------------------------------------------- one token

// Rows that a team of warps multiplies at a time. A lane has eight columns of a span, a warp some of the spans: so a
// number of the input is read once for all rows of a unit.
constexpr int UNIT = 8;
constexpr int SPAN = WARP * 8;
// Threads of a block, at most, and for how many such blocks a multiprocessor has registers: with more registers a thread,
// blocks of the next kernel do not fit beside these, with fewer, addresses are computed again and again.
constexpr int ONE_TOKEN_THREADS = 14 * WARP;
constexpr int ONE_TOKEN_BLOCKS = 2;
// The same where a block has a warp for each of a token's experts.
constexpr int CHOSEN_THREADS = 32 * WARP;
constexpr int CHOSEN_BLOCKS = 1;

// Which rows a unit has: STEP of `count` rows one after another, and as many of each further matrix of as many rows.
template <int STEP>
struct Units {
    int count;

    DEVICE_MEMBER int number() const { return (count + STEP - 1) / STEP; }
    DEVICE_MEMBER int row(int unit, int r) const { return unit * STEP + r % STEP + r / STEP * count; }
    DEVICE_MEMBER bool has(int unit, int r) const { return unit * STEP + r % STEP < count; }
};

// What a warp multiplies: SPAN columns from `first` on, and those every `step` columns further.
template <typename W>
struct Share {
    Matrix<W> w;
    const float *x;
    int first;
    int step;
    float weight; // of its sums in those of the team
};

// The share of a warp whose team has all columns.
template <typename W>
DEVICE Share<W> share_of(const Matrix<W> &w, const float *x, int team) {
    return {w, x, warp() % team * SPAN, team * SPAN, 1};
}

// When a warp asks for the weights of its first span: after the wait for the input or before it; and then all at once or,
// where the whole matrix is on its way at the same time, the second half when the first is there. What the kernel before
// reads in the meantime need not queue behind so much.
enum class Asking { LATE, EARLY, EARLY_IN_TURNS };

DEVICE Asking early(int in_turns) { return in_turns != 0 ? Asking::EARLY_IN_TURNS : Asking::EARLY; }

// The sums over all lanes of UNIT numbers each: number r in the lanes 4·r to 4·r + 3.
DEVICE float sum_each(float (&numbers)[UNIT]) {
    int distance = WARP / 2;
#pragma unroll
    for (int left = UNIT / 2; left > 0; left /= 2) {
        const bool upper = (lane() & distance) != 0;
#pragma unroll
        for (int i = 0; i < left; i++) {
            const float given = upper ? numbers[i] : numbers[i + left];
            numbers[i] = (upper ? numbers[i + left] : numbers[i]) + shuffle_xor(given, distance);
        }
        distance /= 2;
    }
    float sum = numbers[0];
    for (; distance > 0; distance /= 2) {
        sum += shuffle_xor(sum, distance);
    }
    return sum;
}

// Adds up a unit where rows cannot be read in eights: a lane has every so manieth column of the team.
template <typename W, int STEP>
DEVICE void multiply_odd_unit(float (&sums)[UNIT], float &square, const Share<W> &own, const Units<STEP> &units,
                              int unit, const float *gain) {
#pragma unroll 1
    for (int column = own.first / 8 + lane(); column < own.w.columns; column += own.step / 8) {
        const float x = own.x[column];
        const float in = gain == nullptr ? x : x * gain[column];
        square = fmaf(x, x, square);
#pragma unroll
        for (int r = 0; r < UNIT; r++) {
            if (units.has(unit, r)) {
                sums[r] = fmaf(own.w.at(units.row(unit, r), column), in, sums[r]);
            }
        }
    }
}

// Products of units of rows with one input, one for each team of `team` warps. x with a gain stands for
// gain ⊙ x / √(mean(x²) + eps). Weights of a span come through dynamic shared memory, [UNIT][threads] eights, of which each
// thread reads what it has copied itself; those of the next span are asked for as soon as there is place.
//
// A thread finishes one row of each matrix of a unit: as soon as others have written it, it may `keep` what is to be added;
// `finish` gets the index of the row, the sums and what was kept. `normalised`, if any, gets the input from block 0.
// `block` is the block of a grid that has all units.
//
// Weights may be asked for before the wait for x: what is stored, no kernel writes. That then begins the kernel, otherwise
// the kernel has begun.
template <typename W, int STEP, typename Keep, typename Finish>
DEVICE void multiply_units(const Share<W> &own, const Units<STEP> &units, int team, int block, const float *gain,
                           float eps, float *normalised, Asking asking, Keep keep, Finish finish) {
    typedef typename W::Eight Eight;
    constexpr int HALF = UNIT / 2;
    SHARED float squares[WARP];
    SHARED float parts[WARP * UNIT]; // [teams][UNIT][team]
    Eight *slots = (Eight *)dynamic_shared + threadIdx.x;
    const int columns = own.w.columns;
    const bool eights = own.w.in_eights() && in_fours(own.x, 0);
    const int teams = warps() / team;
    const int team_of_block = warp() / team;
    const int unit = block * teams + team_of_block;
    const int first = own.first + lane() * 8;
    const int end = unit < units.number() && eights ? columns + lane() * 8 : 0; // a warp has spans of columns before it
    unsigned part = (team_of_block * UNIT + lane() / 4) * team + warp() - team_of_block * team;
    float inverse_columns = quotient(1, columns);
    compute_now(part);
    compute_now(inverse_columns);
    auto copy = [&](int column, int half) {
        if (column < end) {
#pragma unroll
            for (int r = half * HALF; r < (half + 1) * HALF; r++) {
                copy_eight<W>(slots + r * blockDim.x, own.w.data, (long)units.row(unit, r) * columns + column,
                              units.has(unit, r) && column < columns);
            }
        }
        end_copy_group();
    };
    float gains[8]; // asked for first: behind the weights they would be late
    if (gain != nullptr) {
        read_eight(gains, gain + first, first < columns && first < end);
    }
    copy(first, 0);
    if (asking == Asking::EARLY_IN_TURNS) {
        wait_for_copies<0>();
    }
    copy(first, 1);
    if (asking != Asking::LATE) {
        wait_for_previous();
    }
    const int index = block * teams * STEP + threadIdx.x;
    const bool finishes = threadIdx.x < teams * STEP && index < units.count;
    const auto kept = keep(index, finishes);
    float sums[UNIT] = {};
    float square = 0;
    float in[8]; // those of the last span remain
#pragma unroll 1
    for (int column = first; column < end; column += own.step) {
        read_eight(in, own.x + column, column < columns);
        if (gain != nullptr) {
            if (column != first) {
                read_eight(gains, gain + column, column < columns);
            }
            for (int i = 0; i < 8; i++) {
                square = fmaf(in[i], in[i], square);
                in[i] *= gains[i];
            }
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            wait_for_copies<1>();
#pragma unroll
            for (int r = half * HALF; r < (half + 1) * HALF; r++) {
                float weights[8];
                W::decode(slots[r * blockDim.x], weights);
                if constexpr (W::SCALED) {
                    float sum = 0;
                    for (int i = 0; i < 8; i++) {
                        sum = fmaf(weights[i], in[i], sum);
                    }
                    const bool exists = units.has(unit, r) && column < columns;
                    sums[r] += exists ? sum * own.w.scale(units.row(unit, r), column) : 0;
                } else {
                    for (int i = 0; i < 8; i++) {
                        sums[r] = fmaf(weights[i], in[i], sums[r]);
                    }
                }
            }
            copy(column + own.step, half);
        }
    }
    if (!eights && unit < units.number()) {
        multiply_odd_unit(sums, square, own, units, unit, gain);
    }
    // Of the squares, too, where nobody asks: so that shuffles need not wait for each other.
    square = warp_sum(square);
    const float sum = sum_each(sums);
    if (lane() % 4 == 0) {
        parts[part] = sum * own.weight;
    }
    if (lane() == 0) {
        squares[warp()] = square;
    }
    synchronize_block();
    auto factor = [&](int of_team) {
        float all = 0;
        for (int w = 0; w < team; w++) {
            all += squares[of_team * team + w];
        }
        return inverse_root(all * inverse_columns, eps);
    };
    if (finishes) {
        const int of_team = threadIdx.x / STEP;
        float all[UNIT / STEP] = {};
#pragma unroll 4
        for (int w = 0; w < team; w++) {
            for (int m = 0; m < UNIT / STEP; m++) {
                all[m] += parts[(of_team * UNIT + m * STEP + threadIdx.x % STEP) * team + w];
            }
        }
        if (gain != nullptr) {
            const float by = factor(of_team);
            for (int m = 0; m < UNIT / STEP; m++) {
                all[m] *= by;
            }
        }
        finish(index, all, kept);
    }
    if (normalised != nullptr && block == 0 && own.step >= columns && eights
        && in_fours(normalised, 0)) {
        const float by = factor(0);
        if (team_of_block == 0 && first < columns) {
            *(float4 *)(normalised + first) = float4{in[0] * by, in[1] * by, in[2] * by, in[3] * by};
            *(float4 *)(normalised + first + 4) = float4{in[4] * by, in[5] * by, in[6] * by, in[7] * by};
        }
    } else if (normalised != nullptr && block == 0) {
        const float by = factor(0);
#pragma unroll 1
        for (int i = threadIdx.x; i < columns; i += blockDim.x) {
            normalised[i] = own.x[i] * gain[i] * by;
        }
    }
}

// y = residual + W·x + bias for one token; x with a gain as in multiply_units.
//
// bias, gain and residual may be null; y may be the residual. With a gain, `normalised` may receive x as it is multiplied.
template <typename W>
DEVICE void multiply_one(float *y, const float *residual, const float *x, const float *gain, float eps,
                         float *normalised, const Matrix<W> &w, const float *bias, int rows, int team, int in_turns) {
    let_next_start();
    multiply_units(
        share_of(w, x, team), Units<UNIT>{rows}, team, blockIdx.x, gain, eps, normalised, early(in_turns),
        [&](int row, bool exists) {
            return (exists && residual != nullptr ? residual[row] : 0) + (exists && bias != nullptr ? bias[row] : 0);
        },
        [&](int row, const float(&sum)[1], float kept) { y[row] = sum[0] + kept; });
}

#define DEFINE(name, W)                                                                                                \
    BOUNDED_KERNEL(ONE_TOKEN_THREADS, ONE_TOKEN_BLOCKS, multiply_one_##name,                                           \
                   float *y, const float *residual, const float *x, const float *gain, float eps,                      \
                   float *normalised, const void *data, const float *scales, int scale_columns, int columns,           \
                   const float *bias, int rows, int team, int in_turns) {                                              \
        multiply_one<W>(y, residual, x, gain, eps, normalised, {data, scales, scale_columns, columns}, bias, rows,     \
                        team, in_turns);                                                                               \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

struct Nothing {};

DEVICE Nothing keep_nothing(int, bool) { return {}; }

// y = activation(gate·x) ⊙ up·x for one token, where gate and up are the upper and the lower `width` rows of W, with
// biases likewise; x with a gain as in multiply_units.
template <typename W>
DEVICE void multiply_gated_one(float *y, const float *x, const float *gain, float eps, const Matrix<W> &w,
                               const float *bias, int width, int activation, int team, int in_turns) {
    let_next_start();
    multiply_units(share_of(w, x, team), Units<UNIT / 2>{width}, team, blockIdx.x, gain, eps, nullptr, early(in_turns),
                   keep_nothing,
                   [&](int row, const float(&sums)[2], Nothing) {
                       const float gate = sums[0] + (bias == nullptr ? 0 : bias[row]);
                       const float up = sums[1] + (bias == nullptr ? 0 : bias[row + width]);
                       y[row] = activate(activation, gate) * up;
                   });
}

#define DEFINE(name, W)                                                                                                \
    BOUNDED_KERNEL(ONE_TOKEN_THREADS, ONE_TOKEN_BLOCKS, multiply_gated_one_##name,                                     \
                   float *y, const float *x, const float *gain, float eps, const void *data, const float *scales,      \
                   int scale_columns, int columns, const float *bias, int width, int activation, int team,             \
                   int in_turns) {                                                                                     \
        multiply_gated_one<W>(y, x, gain, eps, {data, scales, scale_columns, columns}, bias, width, activation,        \
                              team, in_turns);                                                                         \
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
DEVICE void multiply_chosen(float *y, int y_stride, const float *x, int x_stride, int share, const Matrix<W> &first,
                            long stride, long scale_stride, const int *chosen, int rows, int team) {
    begin();
    const int pair = blockIdx.y;
    const Matrix<W> w = matrix_of(first, stride, scale_stride, chosen[pair]);
    multiply_units(share_of(w, x + (long)(pair / share) * x_stride, team), Units<UNIT>{rows}, team, blockIdx.x,
                   nullptr, 0, nullptr, Asking::LATE, keep_nothing,
                   [&](int row, const float(&sum)[1], Nothing) { y[(long)pair * y_stride + row] = sum[0]; });
}

#define DEFINE(name, W)                                                                                                \
    BOUNDED_KERNEL(CHOSEN_THREADS, CHOSEN_BLOCKS, multiply_chosen_##name,                                              \
                   float *y, int y_stride, const float *x, int x_stride, int share, const void *data,                  \
                   const float *scales, int scale_columns, int columns, long stride, long scale_stride,                \
                   const int *chosen, int rows, int team) {                                                            \
        multiply_chosen<W>(y, y_stride, x, x_stride, share, {data, scales, scale_columns, columns}, stride,            \
                           scale_stride, chosen, rows, team);                                                          \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// y[p] = activation(gate·x) ⊙ up·x for the pairs p of one token, where gate and up are the upper and the lower `width`
// rows of W[chosen[p]]; x + p · x_stride of each pair. blockIdx.y is the pair. If the experts were not chosen before,
// each block chooses them by itself, which takes less time than another launch; so few blocks go on to further units.
//
// The next kernel starts only after the wait of this one: so it finds what is known of experts before its own wait.
template <typename W>
DEVICE void multiply_gated_chosen(float *y, int y_stride, const float *x, int x_stride, const Matrix<W> &first,
                                  long stride, long scale_stride, const Chosen &chosen, const Router &by, int width,
                                  int activation, int team) {
    wait_for_previous();
    let_next_start();
    const int pair = blockIdx.y;
    int expert;
    if (chosen.experts != nullptr) {
        expert = chosen.experts[pair];
    } else {
        Choice &choice = *(Choice *)dynamic_shared;
        choose_experts(choice, by, chosen.logits);
        expert = choice.experts[pair];
        synchronize_block(); // weights take its place
    }
    const Share<W> own = share_of(matrix_of(first, stride, scale_stride, expert), x + (long)pair * x_stride, team);
    const Units<UNIT / 2> units = {width};
    for (int block = blockIdx.x; block * (warps() / team) < units.number(); block += gridDim.x) {
        multiply_units(own, units, team, block, nullptr, 0, nullptr, Asking::LATE, keep_nothing,
                       [&](int row, const float(&sums)[2], Nothing) {
                           y[(long)pair * y_stride + row] = activate(activation, sums[0]) * sums[1];
                       });
        synchronize_block();
    }
}

#define DEFINE(name, W)                                                                                                \
    BOUNDED_KERNEL(CHOSEN_THREADS, CHOSEN_BLOCKS, multiply_gated_chosen_##name,                                        \
                   float *y, int y_stride, const float *x, int x_stride, const void *data, const float *scales,        \
                   int scale_columns, int columns, long stride, long scale_stride, const int *chosen,                  \
                   const float *weights, const float *logits, ROUTER_PARAMETERS, int width, int activation,            \
                   int team) {                                                                                         \
        multiply_gated_chosen<W>(y, y_stride, x, x_stride, {data, scales, scale_columns, columns}, stride,             \
                                 scale_stride, {chosen, weights, logits}, ROUTER, width, activation, team);            \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// y = residual + Σ_j weights[j] · W[chosen[j]]·x[j] + shared for one token, its experts j one after another, chosen as in
// multiply_gated_chosen, the kernel before. shared and residual may be null. A team has as many warps for each expert.
template <typename W>
DEVICE void sum_chosen_one(float *y, const float *residual, const float *x, int x_stride, const Matrix<W> &first,
                           long stride, long scale_stride, const Chosen &chosen, const Router &by, const float *shared,
                           int rows, int team) {
    let_next_start();
    const int of_expert = team / by.top_k;
    const int place = warp() % team / of_expert;
    int expert;
    float weight = 1;
    if (chosen.experts != nullptr) {
        expert = read_earlier(chosen.experts + place);
        weight = chosen.weights == nullptr ? 1 : read_earlier(chosen.weights + place);
    } else {
        SHARED float found[WARP];
        Choice &choice = *(Choice *)dynamic_shared;
        choose_experts(choice, by, chosen.logits);
        weigh_experts(found, choice, by);
        expert = choice.experts[place];
        synchronize_block(); // weights of matrices take its place
        weight = found[place];
    }
    const Share<W> own = {matrix_of(first, stride, scale_stride, expert), x + (long)place * x_stride,
                          warp() % of_expert * SPAN, of_expert * SPAN, weight};
    const Units<UNIT> units = {rows};
    for (int block = blockIdx.x; block * (warps() / team) < units.number(); block += gridDim.x) {
        multiply_units(
            own, units, team, block, nullptr, 0, nullptr, Asking::EARLY,
            [&](int row, bool exists) {
                return (exists && shared != nullptr ? shared[row] : 0)
                       + (exists && residual != nullptr ? residual[row] : 0);
            },
            [&](int row, const float(&sum)[1], float kept) { y[row] = sum[0] + kept; });
        synchronize_block();
    }
}

#define DEFINE(name, W)                                                                                                \
    BOUNDED_KERNEL(CHOSEN_THREADS, CHOSEN_BLOCKS, sum_chosen_one_##name,                                               \
                   float *y, const float *residual, const float *x, int x_stride, const void *data,                    \
                   const float *scales, int scale_columns, int columns, long stride, long scale_stride,                \
                   const int *chosen, const float *weights, const float *logits, ROUTER_PARAMETERS,                    \
                   const float *shared, int rows, int team) {                                                          \
        sum_chosen_one<W>(y, residual, x, x_stride, {data, scales, scale_columns, columns}, stride, scale_stride,      \
                          {chosen, weights, logits}, ROUTER, shared, rows, team);                                      \
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
