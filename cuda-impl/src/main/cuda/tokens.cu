// What is done to each token by itself: embeddings, norms, activations, residual streams.
#include "rows.h"

// ---------------------------------------------------------------------------------------------------------- embeddings

// to[t] = scale · table[id of t].
template <typename W>
DEVICE void embed(float *to, int stride, Matrix<W> table, float scale, const int *pass) {
    begin();
    const long id = pass[2 + blockIdx.y];
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < table.columns) {
        to[(long)blockIdx.y * stride + i] = scale * table.at(id, i);
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(embed_##name, float *to, int stride, const void *data, const float *scales, int scale_columns,              \
           int columns, float scale, const int *pass) {                                                                \
        embed<W>(to, stride, {data, scales, scale_columns, columns}, scale, pass);                                     \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// to[t] += table[position of t].
template <typename W>
DEVICE void add_position(float *to, int stride, Matrix<W> table, const int *pass) {
    begin();
    const long position = pass[1] + blockIdx.y;
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < table.columns) {
        to[(long)blockIdx.y * stride + i] += table.at(position, i);
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(add_position_##name, float *to, int stride, const void *data, const float *scales, int scale_columns,       \
           int columns, const int *pass) {                                                                             \
        add_position<W>(to, stride, {data, scales, scale_columns, columns}, pass);                                     \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// x[t] = (x[t] + table_scale · table[id of t]) · sum_scale: the embeddings of all layers, which are normalised already.
template <typename W>
DEVICE void add_per_layer(float *x, int stride, Matrix<W> table, float table_scale, float sum_scale, const int *pass) {
    begin();
    const long id = pass[2 + blockIdx.y];
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < table.columns) {
        float *at = x + (long)blockIdx.y * stride + i;
        *at = fmaf(table_scale, table.at(id, i), *at) * sum_scale;
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(add_per_layer_##name, float *x, int stride, const void *data, const float *scales, int scale_columns,       \
           int columns, float table_scale, float sum_scale, const int *pass) {                                         \
        add_per_layer<W>(x, stride, {data, scales, scale_columns, columns}, table_scale, sum_scale, pass);             \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// --------------------------------------------------------------------------------------------------------------- norms

// to = gain ⊙ x / √(mean(x²) + eps), by groups of `size` numbers that lie side by side; x may be to, and is multiplied
// by `before` first. A block has group blockIdx.x of token blockIdx.y.
KERNEL(normalise_rms, float *to, int to_stride, const float *x, int x_stride, const float *gain, float eps, int size,
       float before) {
    begin();
    to += (long)blockIdx.y * to_stride + (long)blockIdx.x * size;
    x += (long)blockIdx.y * x_stride + (long)blockIdx.x * size;
    const float factor = rms_factor(x, size, before, eps);
    for (int i = threadIdx.x * 8; i < size; i += blockDim.x * 8) {
        float numbers[8];
        float gains[8];
        read_up_to_eight(numbers, x + i, size - i);
        read_up_to_eight(gains, gain + i, size - i);
        for (int j = 0; j < 8; j++) {
            numbers[j] = numbers[j] * before * factor * gains[j];
        }
        write_up_to_eight(to + i, numbers, size - i);
    }
}

// to = gain ⊙ (x − mean(x)) / √(var(x) + eps) + bias, otherwise as normalise_rms.
KERNEL(normalise_layer, float *to, int to_stride, const float *x, int x_stride, const float *gain, const float *bias,
       float eps, int size) {
    begin();
    to += (long)blockIdx.y * to_stride;
    x += (long)blockIdx.y * x_stride;
    float total = 0;
    for (int i = threadIdx.x; i < size; i += blockDim.x) {
        total += x[i];
    }
    const float mean = block_sum(total) / size;
    float squares = 0;
    for (int i = threadIdx.x; i < size; i += blockDim.x) {
        squares = fmaf(x[i] - mean, x[i] - mean, squares);
    }
    const float factor = (float)(1 / sqrt((double)block_sum(squares) / size + eps));
    for (int i = threadIdx.x; i < size; i += blockDim.x) {
        to[i] = (x[i] - mean) * factor * gain[i] + bias[i];
    }
}

// --------------------------------------------------------------------------------------------------------- activations

// to[row] = activation(x[row]'s first half) ⊙ its second half; halves have `width` numbers. blockIdx.y is the row.
KERNEL(gate, float *to, int to_stride, const float *x, int x_stride, int width, int activation) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        const float *row = x + (long)blockIdx.y * x_stride;
        to[(long)blockIdx.y * to_stride + i] = activate(activation, row[i]) * row[width + i];
    }
}

// As gate, of relu(g − (mean(g) + σ(g) · deviations)) for g the first half. A block has a row.
KERNEL(gate_sparse, float *to, int to_stride, const float *x, int x_stride, int width, int activation,
       float deviations) {
    begin();
    const float *row = x + (long)blockIdx.y * x_stride;
    float total = 0;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        total += row[i];
    }
    const float mean = block_sum(total) / width;
    float squares = 0;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        squares = fmaf(row[i] - mean, row[i] - mean, squares);
    }
    const float cut = (float)(mean + deviations * sqrt((double)block_sum(squares) / width));
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        to[(long)blockIdx.y * to_stride + i] = activate(activation, fmaxf(row[i] - cut, 0)) * row[width + i];
    }
}

// x = activation(x), in place.
KERNEL(activate_all, float *x, int stride, int width, int activation) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        float *at = x + (long)blockIdx.y * stride + i;
        *at = activate(activation, *at);
    }
}

// x = activation(x) ⊙ by.
KERNEL(gate_by, float *x, int stride, const float *by, int by_stride, int width, int activation) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        float *at = x + (long)blockIdx.y * stride + i;
        *at = activate(activation, *at) * by[(long)blockIdx.y * by_stride + i];
    }
}

// x = bound · tanh(x / bound).
KERNEL(bound_by_tanh, float *x, int stride, int width, float bound) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        float *at = x + (long)blockIdx.y * stride + i;
        *at = bound * tanhf(*at / bound);
    }
}

// ---------------------------------------------------------------------------------------------------- residual streams

// to = (to + x) · scale.
KERNEL(add, float *to, int to_stride, const float *x, int x_stride, int width, float scale) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        float *at = to + (long)blockIdx.y * to_stride + i;
        *at = (*at + x[(long)blockIdx.y * x_stride + i]) * scale;
    }
}

// to = x · scale.
KERNEL(copy, float *to, int to_stride, const float *x, int x_stride, int width, float scale) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        to[(long)blockIdx.y * to_stride + i] = x[(long)blockIdx.y * x_stride + i] * scale;
    }
}

// Brings x to the root mean square of `like`; mean squares of x count as `smallest` at least. A block has a row.
KERNEL(match_magnitude, float *x, int stride, const float *like, int like_stride, int width, double smallest) {
    begin();
    x += (long)blockIdx.y * stride;
    like += (long)blockIdx.y * like_stride;
    float own = 0;
    float target = 0;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        own = fmaf(x[i], x[i], own);
        target = fmaf(like[i], like[i], target);
    }
    const double own_mean = (double)block_sum(own) / width;
    const double target_mean = (double)block_sum(target) / width;
    const float factor = (float)(sqrt(target_mean) / sqrt(own_mean > smallest ? own_mean : smallest));
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        x[i] *= factor;
    }
}

// Predictions of AltUp: p_n = x_n + Σ_m c[n · streams + m] · x_m, the largest summand last. Streams of a token lie side
// by side.
KERNEL(predict, float *predictions, const float *x, int stride, const float *coefficients, int coefficients_stride,
       int streams, int width) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        x += (long)blockIdx.y * stride + i;
        predictions += (long)blockIdx.y * stride + i;
        coefficients += (long)blockIdx.y * coefficients_stride;
        for (int n = 0; n < streams; n++) {
            float sum = 0;
            for (int m = 0; m < streams; m++) {
                sum = fmaf(coefficients[n * streams + m], x[(long)m * width], sum);
            }
            predictions[(long)n * width] = sum + x[(long)n * width];
        }
    }
}

// Corrections of AltUp: x_n = p_n + (c[n] + 1) · (result − p of the active stream), and corrected = gain ⊙ the active
// stream; gain may be null.
KERNEL(correct, float *x, const float *predictions, int stride, const float *result, int result_stride,
       const float *coefficients, int coefficients_stride, int streams, int active, int width, float *corrected,
       int corrected_stride, const float *gain) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        x += (long)blockIdx.y * stride + i;
        predictions += (long)blockIdx.y * stride + i;
        coefficients += (long)blockIdx.y * coefficients_stride;
        const float innovation = result[(long)blockIdx.y * result_stride + i] - predictions[(long)active * width];
        for (int n = 0; n < streams; n++) {
            x[(long)n * width] = fmaf(coefficients[n] + 1, innovation, predictions[(long)n * width]);
        }
        const float value = x[(long)active * width];
        corrected[(long)blockIdx.y * corrected_stride + i] = gain == nullptr ? value : value * gain[i];
    }
}

// Adds x to every stream but the first.
KERNEL(add_to_others, float *streams, int stride, const float *x, int x_stride, int count, int width) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        for (int n = 1; n < count; n++) {
            streams[(long)blockIdx.y * stride + (long)n * width + i] += x[(long)blockIdx.y * x_stride + i];
        }
    }
}

// --------------------------------------------------------------------------------------------------------- greedy loop

// That a thread has on their way to it.
constexpr int LOGITS_AT_ONCE = 8;

// A logit and its token, as a thread of many has found them.
struct Candidate {
    float logit;
    int id;

    // The higher logit, of equal ones the first token's.
    DEVICE_MEMBER void take(float other, int other_id) {
        if (other > logit || (other == logit && other_id < id)) {
            logit = other;
            id = other_id;
        }
    }
};

// The best candidate of the block's threads, in its first thread.
DEVICE Candidate best_of_block(Candidate own) {
    SHARED float logits[WARP];
    SHARED int ids[WARP];
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        const float other = shuffle_xor(own.logit, distance);
        const int other_id = shuffle_xor(own.id, distance);
        own.take(other, other_id);
    }
    synchronize_block();
    if (lane() == 0) {
        logits[warp()] = own.logit;
        ids[warp()] = own.id;
    }
    synchronize_block();
    if (threadIdx.x == 0) {
        for (int i = 1; i < warps(); i++) {
            own.take(logits[i], ids[i]);
        }
    }
    return own;
}

// Appends the most probable token, the first of equal ones, to the pass of one token: it becomes the id, the position
// moves on, tokens[position] keeps it, and `to` becomes its embedding as embed makes it. forced[position] ≥ 0 takes its
// place. Blocks share the logits; each leaves its candidate in `candidates`, two numbers, and the last block to end takes
// the best of them.
template <typename W>
DEVICE void next_token(float *to, Matrix<W> table, float scale, const float *logits, int vocabulary, int *pass,
                       int *tokens, const int *forced, float *candidates, int *arrived) {
    begin();
    SHARED int chosen;
    const int position = pass[1] + 1;
    const int given = forced[position];
    Candidate own = {NEGATIVE_INFINITY, 0};
    const int threads = gridDim.x * blockDim.x;
    for (int first = blockIdx.x * blockDim.x + threadIdx.x; first < vocabulary; first += LOGITS_AT_ONCE * threads) {
        float some[LOGITS_AT_ONCE];
        for (int i = 0; i < LOGITS_AT_ONCE; i++) {
            const int id = first + i * threads;
            some[i] = id < vocabulary ? logits[id] : NEGATIVE_INFINITY;
        }
        for (int i = 0; i < LOGITS_AT_ONCE; i++) {
            own.take(some[i], first + i * threads);
        }
    }
    own = best_of_block(own);
    if (threadIdx.x == 0) {
        candidates[2 * blockIdx.x] = own.logit;
        candidates[2 * blockIdx.x + 1] = from_bits((unsigned)own.id);
    }
    if (!is_last(arrived, gridDim.x)) {
        return;
    }
    own = {NEGATIVE_INFINITY, 0};
    for (int i = threadIdx.x; i < gridDim.x; i += blockDim.x) {
        own.take(read_published(candidates + 2 * i), (int)to_bits(read_published(candidates + 2 * i + 1)));
    }
    own = best_of_block(own);
    if (threadIdx.x == 0) {
        chosen = given >= 0 ? given : own.id;
        tokens[position] = chosen;
        pass[1] = position;
        pass[2] = chosen;
    }
    synchronize_block();
#pragma unroll 8
    for (int i = threadIdx.x; i < table.columns; i += blockDim.x) {
        to[i] = scale * table.at(chosen, i);
    }
}

#define DEFINE(name, W)                                                                                                \
    KERNEL(next_token_##name, float *to, const void *data, const float *scales, int scale_columns, int columns,        \
           float scale, const float *logits, int vocabulary, int *pass, int *tokens, const int *forced,                \
           float *candidates, int *arrived) {                                                                          \
        next_token<W>(to, {data, scales, scale_columns, columns}, scale, logits, vocabulary, pass, tokens, forced,     \
                      candidates, arrived);                                                                            \
    }
FOR_WEIGHTS(DEFINE)
#undef DEFINE

// ---------------------------------------------------------------------------------------------------------- transposing

// to[r][c] = from[c][first_row + r]: turns a stored `[columns][stored_rows]` into `[rows][columns]`, bytes
// as they are. blockIdx.y is the row.
KERNEL(transpose, unsigned char *to, const unsigned char *from, int stored_rows, int first_row, int columns,
       int bytes) {
    begin();
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    const long r = blockIdx.y;
    if (c < columns) {
        for (int b = 0; b < bytes; b++) {
            to[(r * columns + c) * bytes + b] = from[((long)c * stored_rows + first_row + r) * bytes + b];
        }
    }
}
