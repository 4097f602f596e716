// Routers, and what happens between the products of experts.
#include "device.h"

// A warp holds the scores of a token's experts, expert e in lane e % WARP.
constexpr int EXPERTS_A_LANE = 16;

// The first expert of the highest rank among those not taken, in every lane. Ranks are NaN once taken.
DEVICE int best_expert(const double *ranks, int experts) {
    double best = 0;
    int index = -1;
    for (int s = 0; s * WARP < experts; s++) {
        const int e = s * WARP + lane();
        if (e < experts && ranks[s] == ranks[s] && (index < 0 || ranks[s] > best)) {
            best = ranks[s];
            index = e;
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

DEVICE double value_of(const double *values, int expert) {
    // A lane that does not hold it adds nothing.
    double value = expert % WARP == lane() ? values[expert / WARP] : 0;
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value += shuffle_xor(value, distance);
    }
    return value;
}

DEVICE void take(double *ranks, int expert) {
    if (expert >= 0 && expert % WARP == lane()) {
        ranks[expert / WARP] = __builtin_nan("");
    }
}

DEVICE double sum_of_warp(double value) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value += shuffle_xor(value, distance);
    }
    return value;
}

DEVICE void softmax(const float *logits, int experts, double *scores) {
    double highest = -__builtin_inf();
    for (int s = 0; s * WARP < experts; s++) {
        const int e = s * WARP + lane();
        if (e < experts && logits[e] > highest) {
            highest = logits[e];
        }
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        const double other = shuffle_xor(highest, distance);
        highest = other > highest ? other : highest;
    }
    double sum = 0;
    for (int s = 0; s * WARP < experts; s++) {
        const int e = s * WARP + lane();
        scores[s] = e < experts ? exp(logits[e] - highest) : 0;
        sum += scores[s];
    }
    sum = sum_of_warp(sum);
    for (int s = 0; s * WARP < experts; s++) {
        scores[s] /= sum;
    }
}

// The highest rank in a group that is not taken, and takes it; −∞ if there is none.
DEVICE double take_best(double *ranks, int experts) {
    const int best = best_expert(ranks, experts);
    const double rank = best < 0 ? -__builtin_inf() : value_of(ranks, best);
    take(ranks, best);
    return rank;
}

// Gives the experts of all groups but the `chosen_groups` best the rank `dropped`. A group ranks as the sum of its
// `counted` best experts.
DEVICE void drop_groups(double *ranks, int experts, int groups, int chosen_groups, int counted, double dropped) {
    const int size = experts / groups;
    double group_ranks[EXPERTS_A_LANE];
    for (int s = 0; s * WARP < groups; s++) {
        group_ranks[s] = 0;
    }
    for (int g = 0; g < groups; g++) {
        double own[EXPERTS_A_LANE];
        for (int s = 0; s * WARP < experts; s++) {
            const int e = s * WARP + lane();
            own[s] = e / size == g ? ranks[s] : __builtin_nan("");
        }
        double rank = 0;
        for (int i = 0; i < counted; i++) {
            rank += take_best(own, experts);
        }
        if (g % WARP == lane()) {
            group_ranks[g / WARP] = rank;
        }
    }
    for (int i = 0; i < chosen_groups; i++) {
        take(group_ranks, best_expert(group_ranks, groups));
    }
    for (int g = 0; g < groups; g++) {
        const double rank = value_of(group_ranks, g);
        const bool kept = rank != rank;
        for (int s = 0; s * WARP < experts; s++) {
            const int e = s * WARP + lane();
            if (e / size == g && !kept) {
                ranks[s] = dropped;
            }
        }
    }
}

// Chooses the experts of the highest ranks, best first, and weighs them by their scores: score · scale, or, with share,
// score / (sum of the chosen + eps) · scale.
DEVICE void choose(double *ranks, const double *scores, int experts, int top_k, bool share, double eps, double scale,
                   int *chosen, float *weights) {
    double sum = eps;
    for (int j = 0; j < top_k; j++) {
        // Without any rank that is a number the scores are none either, and poison the weights.
        const int best = best_expert(ranks, experts);
        const int expert = best < 0 ? 0 : best;
        take(ranks, expert);
        const double score = value_of(scores, expert);
        sum += score;
        if (lane() == 0) {
            chosen[j] = expert;
        }
    }
    synchronize_warp();
    for (int j = 0; j < top_k; j++) {
        const double score = value_of(scores, chosen[j]);
        if (lane() == 0) {
            weights[j] = (float)(share ? score / sum * scale : score * scale);
        }
    }
}

// Routers: from logits `[tokens][experts]` to `chosen` and `weights`, `[tokens][top-k]`, in double. A warp has the token
// blockIdx.y.
KERNEL(route_softmax, int *chosen, float *weights, const float *logits, int stride, int experts, int top_k, int groups,
       int chosen_groups, int share, double eps, double scale) {
    begin();
    logits += (long)blockIdx.y * stride;
    double scores[EXPERTS_A_LANE];
    double ranks[EXPERTS_A_LANE];
    softmax(logits, experts, scores);
    for (int s = 0; s * WARP < experts; s++) {
        ranks[s] = scores[s];
    }
    if (groups > 1) {
        // Experts of other groups count as 0, below every softmax score.
        drop_groups(ranks, experts, groups, chosen_groups, 1, 0);
    }
    choose(ranks, scores, experts, top_k, share != 0, eps, scale, chosen + (long)blockIdx.y * top_k,
           weights + (long)blockIdx.y * top_k);
}

KERNEL(route_sigmoid, int *chosen, float *weights, const float *logits, int stride, const float *correction,
       int experts, int top_k, int groups, int chosen_groups, int share, double eps, double scale) {
    begin();
    logits += (long)blockIdx.y * stride;
    double scores[EXPERTS_A_LANE];
    double ranks[EXPERTS_A_LANE];
    for (int s = 0; s * WARP < experts; s++) {
        const int e = s * WARP + lane();
        scores[s] = e < experts ? 1 / (1 + exp(-(double)logits[e])) : 0;
        ranks[s] = e < experts ? scores[s] + correction[e] : 0;
    }
    drop_groups(ranks, experts, groups, chosen_groups, 2, -__builtin_inf());
    choose(ranks, scores, experts, top_k, share != 0, eps, scale, chosen + (long)blockIdx.y * top_k,
           weights + (long)blockIdx.y * top_k);
}

// Chooses by logits; weights are their sigmoids, for inputs.
KERNEL(route_input, int *chosen, float *weights, const float *logits, int stride, int experts, int top_k) {
    begin();
    logits += (long)blockIdx.y * stride;
    double scores[EXPERTS_A_LANE];
    double ranks[EXPERTS_A_LANE];
    for (int s = 0; s * WARP < experts; s++) {
        const int e = s * WARP + lane();
        ranks[s] = e < experts ? logits[e] : 0;
        scores[s] = e < experts ? 1 / (1 + exp(-(double)logits[e])) : 0;
    }
    choose(ranks, scores, experts, top_k, false, 0, 1, chosen + (long)blockIdx.y * top_k,
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
