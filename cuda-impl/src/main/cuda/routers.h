// Which experts a token has, and with what weights, in double. A block has the token, and all its threads come here.
#pragma once
#include "device.h"

constexpr int MOST_EXPERTS = 512;

// What routers are; numbers that Java gives.
constexpr int SOFTMAX = 0; // scores are softmax(logits); experts rank by them, groups by their best
constexpr int SIGMOID = 1; // scores are sigmoid(logits); experts rank by them and a correction, groups by their best two
constexpr int ON_INPUT = 2; // experts rank by logits; weights are sigmoid(logits), for inputs

// Of the experts of the `chosen_groups` best groups the `top_k` best have weights score · scale or, with share,
// score / (sum of the chosen + eps) · scale.
struct Router {
    int kind;
    const float *correction; // of SIGMOID, for each expert
    int experts;
    int top_k;
    int groups;
    int chosen_groups;
    int share;
    double eps;
    double scale;
};

// The experts of a token, if they were chosen before, and their weights, null if inputs were multiplied by them; otherwise
// the logits that choose them.
struct Chosen {
    const int *experts;
    const float *weights;
    const float *logits;
};

// What a block finds of them, in shared memory.
struct Choice {
    double ranks[MOST_EXPERTS];
    double groups[MOST_EXPERTS]; // ranks of groups, NaN once taken; then scores of the chosen
    float logits[MOST_EXPERTS];
    int experts[MOST_EXPERTS]; // the chosen, best first
};

DEVICE double sigmoid(float logit) { return 1 / (1 + exp(-(double)logit)); }

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

// Gives the experts of all groups but the best the lowest rank. One warp does it; a lane has a group.
DEVICE void drop_groups(Choice &all, const Router &by) {
    const int size = by.experts / by.groups;
    for (int g = lane(); g < by.groups; g += WARP) {
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
        all.groups[g] = by.kind == SIGMOID ? best + second : best;
    }
    synchronize_warp();
    for (int i = 0; i < by.chosen_groups; i++) {
        const int taken = best_of(all.groups, by.groups);
        if (lane() == 0 && taken >= 0) {
            all.groups[taken] = __builtin_nan("");
        }
        synchronize_warp();
    }
    for (int e = lane(); e < by.experts; e += WARP) {
        const double rank = all.groups[e / size];
        if (rank == rank) {
            all.ranks[e] = -__builtin_inf();
        }
    }
}

// A number for a logit, higher for higher ones, the same for both zeros, and 0 for what is no number.
DEVICE unsigned key_of(float logit) {
    const unsigned bits = to_bits(logit + 0.0f);
    return logit == logit ? bits ^ ((bits & 0x80000000u) != 0 ? 0xffffffffu : 0x80000000u) : 0;
}

// choose_experts where logits rank and a warp keeps them in registers: takes the highest as often as experts are chosen.
constexpr int MOST_KEYS = 4;

DEVICE void choose_by_logits(Choice &all, const Router &by) {
    unsigned keys[MOST_KEYS];
    for (int i = 0; i < MOST_KEYS; i++) {
        const int e = lane() + i * WARP;
        keys[i] = e < by.experts ? key_of(all.logits[e]) : 0;
    }
#pragma unroll 1
    for (int j = 0; j < by.top_k; j++) {
        unsigned best = 0;
        for (int i = 0; i < MOST_KEYS; i++) {
            best = keys[i] > best ? keys[i] : best;
        }
        best = highest_of_warp(best);
        unsigned first = MOST_EXPERTS;
        for (int i = MOST_KEYS - 1; i >= 0; i--) {
            first = keys[i] == best ? lane() + i * WARP : first;
        }
        const int taken = (int)lowest_of_warp(first);
        for (int i = 0; i < MOST_KEYS; i++) {
            keys[i] = lane() + i * WARP == taken ? 0 : keys[i];
        }
        if (lane() == 0) {
            // Without enough logits that are numbers the scores are none either, and poison the weights.
            all.experts[j] = best > 0 ? taken : 0;
        }
    }
}

// How many threads count together what is before an expert: a power of two, neighbours in a warp.
DEVICE int counters_of(int experts) {
    int counters = 1;
    while (counters < WARP && 2 * counters * experts <= (int)blockDim.x) {
        counters *= 2;
    }
    return counters;
}

// Finds the experts of the highest ranks, of equal ones the first: threads count for each how many are before it. A softmax
// ranks as its logits do. The logits were not written by the kernel right before, or there was a wait for it.
DEVICE void choose_experts(Choice &all, const Router &by, const float *logits) {
    const bool by_logits = by.kind != SIGMOID && by.chosen_groups == by.groups && by.experts <= MOST_KEYS * WARP;
    for (int e = threadIdx.x; e < by.experts; e += blockDim.x) {
        const float logit = read_earlier(logits + e);
        all.logits[e] = logit;
        if (!by_logits) {
            all.ranks[e] = by.kind == SIGMOID ? sigmoid(logit) + by.correction[e] : logit;
        }
    }
    if (by_logits) {
        synchronize_block();
        if (warp() == 0) {
            choose_by_logits(all, by);
        }
        synchronize_block();
        return;
    }
    for (int j = threadIdx.x; j < by.top_k; j += blockDim.x) {
        // Without enough ranks that are numbers the scores are none either, and poison the weights.
        all.experts[j] = 0;
    }
    synchronize_block();
    if (by.chosen_groups < by.groups) {
        if (warp() == 0) {
            drop_groups(all, by);
        }
        synchronize_block();
    }
    const int counters = counters_of(by.experts);
    const int own_counter = lane() & (counters - 1);
    const int of_warp = WARP / counters; // experts
    // All lanes come along, as they add up.
    for (int first = warp() * of_warp; first < by.experts; first += warps() * of_warp) {
        const int e = first + lane() / counters;
        const double own = e < by.experts ? all.ranks[e] : __builtin_nan("");
        int place = own == own ? 0 : by.top_k;
        auto count = [&](int from, int to, auto is_before) {
#pragma unroll 8
            for (int other = from + own_counter; other < to; other += counters) {
                place += is_before(all.ranks[other], other) ? 1 : 0;
            }
        };
        const int behind = first + of_warp < by.experts ? first + of_warp : by.experts;
        count(0, first, [&](double rank, int) { return rank >= own; });
        count(first, behind, [&](double rank, int other) { return rank > own || (rank == own && other < e); });
        count(behind, by.experts, [&](double rank, int) { return rank > own; });
        for (int distance = 1; distance < counters; distance *= 2) {
            place += shuffle_xor(place, distance);
        }
        if (place < by.top_k && own_counter == 0) {
            all.experts[place] = e;
        }
    }
    synchronize_block();
}

// Of all experts the highest logit, and the sum of what softmax divides by.
struct Partition {
    double highest;
    double sum;
};

DEVICE Partition partition(const Choice &all, int experts) {
    double highest = -__builtin_inf();
    for (int e = lane(); e < experts; e += WARP) {
        highest = all.logits[e] > highest ? all.logits[e] : highest;
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        const double other = shuffle_xor(highest, distance);
        highest = other > highest ? other : highest;
    }
    double sum = 0;
    for (int e = lane(); e < experts; e += WARP) {
        sum += exp(all.logits[e] - highest);
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        sum += shuffle_xor(sum, distance);
    }
    return {highest, sum};
}

// The weights of the chosen experts, by the first warp.
DEVICE void weigh_experts(float *weights, Choice &all, const Router &by) {
    if (warp() != 0) {
        return;
    }
    const Partition of = by.kind == SOFTMAX ? partition(all, by.experts) : Partition{0, 1};
    for (int j = lane(); j < by.top_k; j += WARP) {
        const float logit = all.logits[all.experts[j]];
        all.groups[j] = by.kind == SOFTMAX ? exp(logit - of.highest) / of.sum : sigmoid(logit);
    }
    synchronize_warp();
    double sum = by.eps;
    for (int j = 0; by.share != 0 && j < by.top_k; j++) {
        sum += all.groups[j];
    }
    for (int j = lane(); j < by.top_k; j += WARP) {
        const double score = all.groups[j];
        weights[j] = (float)(by.share != 0 ? score / sum * by.scale : score * by.scale);
    }
}

#define ROUTER_PARAMETERS                                                                                              \
    int kind, const float *correction, int experts, int top_k, int groups, int chosen_groups, int share, double eps,   \
        double scale
#define ROUTER {kind, correction, experts, top_k, groups, chosen_groups, share, eps, scale}
