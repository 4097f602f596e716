// Routers, and what happens between the products of experts.
#include "device.h"

constexpr int MOST_EXPERTS = 512;

// What a token's experts have. A block has the token; what is not said to be done by all its threads its first warp does.
struct Ranking {
    double scores[MOST_EXPERTS];
    double ranks[MOST_EXPERTS]; // NaN once taken
    double groups[MOST_EXPERTS]; // likewise
    int chosen[MOST_EXPERTS];
};

// The first index of the highest rank among those not taken, in every lane; below 0 if there is none.
DEVICE int best_of(const double *ranks, int count) {
    double best = 0;
    int index = -1;
    for (int i = lane(); i < count; i += WARP) {
        const double rank = ranks[i];
        if (rank == rank && (index < 0 || rank > best)) {
            best = rank;
            index = i;
        }
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        const double other = shuffle_xor(best, distance);
        const int other_index = shuffle_xor(index, distance);
        if (other_index >= 0 && (index < 0 || other > best || (other == best && other_index < index))) {
            best = other;
            index = other_index;
        }
    }
    return index;
}

DEVICE void take(double *ranks, int index) {
    if (lane() == 0 && index >= 0) {
        ranks[index] = __builtin_nan("");
    }
    synchronize_warp();
}

// scores = softmax(logits).
DEVICE void softmax(const float *logits, int experts, double *scores) {
    double highest = -__builtin_inf();
    for (int e = lane(); e < experts; e += WARP) {
        highest = logits[e] > highest ? logits[e] : highest;
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        const double other = shuffle_xor(highest, distance);
        highest = other > highest ? other : highest;
    }
    double sum = 0;
    for (int e = lane(); e < experts; e += WARP) {
        scores[e] = exp(logits[e] - highest);
        sum += scores[e];
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        sum += shuffle_xor(sum, distance);
    }
    for (int e = lane(); e < experts; e += WARP) {
        scores[e] /= sum;
    }
}

// Gives the experts of all groups but the `chosen_groups` best the rank `dropped`. A group ranks as its best expert, or,
// with `by_two`, as the sum of its best two; a lane has a group.
DEVICE void drop_groups(Ranking &all, int experts, int groups, int chosen_groups, bool by_two, double dropped) {
    const int size = experts / groups;
    for (int g = lane(); g < groups; g += WARP) {
        double best = -__builtin_inf();
        double second = -__builtin_inf();
        for (int e = g * size; e < (g + 1) * size; e++) {
            const double rank = all.ranks[e];
            if (rank > best) {
                second = best;
                best = rank;
            } else if (rank > second) {
                second = rank;
            }
        }
        all.groups[g] = by_two ? best + second : best;
    }
    synchronize_warp();
    for (int i = 0; i < chosen_groups; i++) {
        take(all.groups, best_of(all.groups, groups));
    }
    for (int e = lane(); e < experts; e += WARP) {
        const double rank = all.groups[e / size];
        if (rank == rank) {
            all.ranks[e] = dropped;
        }
    }
    synchronize_warp();
}

// Chooses the experts of the highest ranks, best first and of equal ones the first, and weighs them by their scores:
// score · scale, or, with share, score / (sum of the chosen + eps) · scale. All threads of the block come here: each counts
// for its experts how many are before them.
DEVICE void choose(Ranking &all, int experts, int top_k, bool share, double eps, double scale, int *chosen,
                   float *weights) {
    for (int j = threadIdx.x; j < top_k; j += blockDim.x) {
        // Without enough ranks that are numbers the scores are none either, and poison the weights.
        all.chosen[j] = 0;
    }
    synchronize_block();
    for (int e = threadIdx.x; e < experts; e += blockDim.x) {
        const double own = all.ranks[e];
        int place = own == own ? 0 : top_k;
#pragma unroll 8
        for (int other = 0; other < experts; other++) {
            const double rank = all.ranks[other];
            place += rank > own || (rank == own && other < e) ? 1 : 0;
        }
        if (place < top_k) {
            all.chosen[place] = e;
        }
    }
    synchronize_block();
    double sum = eps;
    for (int j = 0; share && j < top_k; j++) {
        sum += all.scores[all.chosen[j]];
    }
    for (int j = threadIdx.x; j < top_k; j += blockDim.x) {
        const double score = all.scores[all.chosen[j]];
        chosen[j] = all.chosen[j];
        weights[j] = (float)(share ? score / sum * scale : score * scale);
    }
}

// Routers: from logits `[tokens][experts]` to `chosen` and `weights`, `[tokens][top-k]`, in double. A block has the
// token blockIdx.y.
KERNEL(route_softmax, int *chosen, float *weights, const float *logits, int stride, int experts, int top_k, int groups,
       int chosen_groups, int share, double eps, double scale) {
    begin();
    logits += (long)blockIdx.y * stride;
    SHARED Ranking all;
    if (warp() == 0) {
        softmax(logits, experts, all.scores);
        for (int e = lane(); e < experts; e += WARP) {
            all.ranks[e] = all.scores[e];
        }
        synchronize_warp();
        if (groups > 1) {
            // Experts of other groups count as 0, below every softmax score.
            drop_groups(all, experts, groups, chosen_groups, false, 0);
        }
    }
    choose(all, experts, top_k, share != 0, eps, scale, chosen + (long)blockIdx.y * top_k,
           weights + (long)blockIdx.y * top_k);
}

KERNEL(route_sigmoid, int *chosen, float *weights, const float *logits, int stride, const float *correction,
       int experts, int top_k, int groups, int chosen_groups, int share, double eps, double scale) {
    begin();
    logits += (long)blockIdx.y * stride;
    SHARED Ranking all;
    for (int e = threadIdx.x; e < experts; e += blockDim.x) {
        all.scores[e] = 1 / (1 + exp(-(double)logits[e]));
        all.ranks[e] = all.scores[e] + correction[e];
    }
    synchronize_block();
    if (warp() == 0) {
        drop_groups(all, experts, groups, chosen_groups, true, -__builtin_inf());
    }
    choose(all, experts, top_k, share != 0, eps, scale, chosen + (long)blockIdx.y * top_k,
           weights + (long)blockIdx.y * top_k);
}

// Chooses by logits; weights are their sigmoids, for inputs.
KERNEL(route_input, int *chosen, float *weights, const float *logits, int stride, int experts, int top_k) {
    begin();
    logits += (long)blockIdx.y * stride;
    SHARED Ranking all;
    for (int e = threadIdx.x; e < experts; e += blockDim.x) {
        all.ranks[e] = logits[e];
        all.scores[e] = 1 / (1 + exp(-(double)logits[e]));
    }
    choose(all, experts, top_k, false, 0, 1, chosen + (long)blockIdx.y * top_k,
           weights + (long)blockIdx.y * top_k);
}

// to[pair] = weights[pair] · x[token of pair]. blockIdx.y is the pair.
KERNEL(scale_inputs, float *to, int to_stride, const float *x, int x_stride, const float *weights, int top_k,
       int width) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        const long pair = blockIdx.y;
        to[pair * to_stride + i] = weights[pair] * x[pair / top_k * x_stride + i];
    }
}

// to[t] = Σ_j weights[t][j] · results[t · top-k + j] in order of j; without weights, for experts whose input was
// weighted, they are 1. Plus shared[t], which may be null.
KERNEL(sum_experts, float *to, int to_stride, const float *results, int results_stride, const float *weights,
       const float *shared, int shared_stride, int top_k, int width) {
    begin();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < width) {
        const long token = blockIdx.y;
        float sum = 0;
        for (int j = 0; j < top_k; j++) {
            const long pair = token * top_k + j;
            const float weight = weights == nullptr ? 1 : weights[pair];
            sum = fmaf(weight, results[pair * results_stride + i], sum);
        }
        to[token * to_stride + i] = shared == nullptr ? sum : sum + shared[token * shared_stride + i];
    }
}
