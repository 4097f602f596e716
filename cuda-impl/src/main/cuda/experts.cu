// Routers, and what happens between the products of experts.
#include "routers.h"

// From logits `[tokens][experts]` to `chosen` and `weights`, `[tokens][top-k]`. A block has the token blockIdx.y.
KERNEL(route, int *chosen, float *weights, const float *logits, int stride, ROUTER_PARAMETERS) {
    begin();
    SHARED Choice all;
    const Router by = ROUTER;
    choose_experts(all, by, logits + (long)blockIdx.y * stride);
    weigh_experts(weights + (long)blockIdx.y * top_k, all, by);
    for (int j = threadIdx.x; j < top_k; j += blockDim.x) {
        chosen[(long)blockIdx.y * top_k + j] = all.experts[j];
    }
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
// weighted, they are 1. Plus shared[t] and residual[t], which may be null; rows of the residual lie as those of `to`.
KERNEL(sum_experts, float *to, int to_stride, const float *results, int results_stride, const float *weights,
       const float *shared, int shared_stride, const float *residual, int top_k, int width) {
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
        sum = shared == nullptr ? sum : sum + shared[token * shared_stride + i];
        to[token * to_stride + i] = residual == nullptr ? sum : residual[token * to_stride + i] + sum;
    }
}
