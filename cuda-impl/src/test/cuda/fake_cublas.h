// cuBLAS without a GPU: those of its functions that Assay calls, plainly computed, and refused where an argument is not
// what the library would take. Part of the fake driver, whose memory and streams it uses.
//
// Environment: FAKE_CUBLAS_HANDLES is how many handles there may be at a time; FAKE_CUBLAS_FAILS names a function that
// fails.
#pragma once

namespace fake_cublas {

enum Status {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_NOT_INITIALIZED = 1,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_INVALID_VALUE = 7,
    CUBLAS_STATUS_EXECUTION_FAILED = 13,
    CUBLAS_STATUS_NOT_SUPPORTED = 15
};

constexpr int AS_IT_IS = 0;
constexpr int TRANSPOSED = 1;
constexpr int FLOAT32 = 0;
constexpr int FLOAT16 = 2;
constexpr int BFLOAT16 = 14;
constexpr int COMPUTE_FLOAT32 = 68;
constexpr int DEFAULT_ALGORITHM = -1;
constexpr std::size_t RECOMMENDED_BYTES = 32 << 20;

struct Context {
    Handle stream = 0;
    Handle workspace = 0;
    std::size_t workspace_bytes = 0;
};

static std::map<Handle, Context> contexts;

static bool fails(const char *function) {
    const char *named = std::getenv("FAKE_CUBLAS_FAILS");
    return named != nullptr && std::string(named) == function;
}

static double number(const unsigned short *from, int type) {
    return type == FLOAT16 ? from_f16(*from) : from_bf16(*from);
}

} // namespace fake_cublas

extern "C" {

int cublasCreate_v2(Handle *handle) {
    using namespace fake_cublas;
    if (fails("cublasCreate_v2") || !has_context) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    if (contexts.size() >= environment("FAKE_CUBLAS_HANDLES", 100)) {
        return CUBLAS_STATUS_ALLOC_FAILED;
    }
    static Handle next = 0;
    *handle = ++next;
    contexts[*handle] = {};
    return CUBLAS_STATUS_SUCCESS;
}

int cublasDestroy_v2(Handle handle) {
    using namespace fake_cublas;
    return contexts.erase(handle) == 1 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

int cublasGetVersion_v2(Handle handle, int *version) {
    using namespace fake_cublas;
    *version = 130201;
    return contexts.count(handle) == 1 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

// Takes the workspace away, as the library does.
int cublasSetStream_v2(Handle handle, Handle stream) {
    using namespace fake_cublas;
    auto context = contexts.find(handle);
    if (context == contexts.end()) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    context->second = {stream, 0, 0};
    return CUBLAS_STATUS_SUCCESS;
}

int cublasSetWorkspace_v2(Handle handle, Handle workspace, std::size_t bytes) {
    using namespace fake_cublas;
    auto context = contexts.find(handle);
    if (context == contexts.end()) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    if (workspace % 256 != 0 || !is_device_memory(workspace, bytes)) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    context->second.workspace = workspace;
    context->second.workspace_bytes = bytes;
    return CUBLAS_STATUS_SUCCESS;
}

// c[m] [n] = alpha · aᵀ[m] [k] · b[k] [n] + beta · c, stored by columns. Other products are not made here.
int cublasGemmEx(Handle handle, int a_as, int b_as, int m, int n, int k, const float *alpha, Handle a, int a_type,
                 int a_stride, Handle b, int b_type, int b_stride, const float *beta, Handle c, int c_type, int c_stride,
                 int compute, int algorithm) {
    using namespace fake_cublas;
    auto context = contexts.find(handle);
    if (context == contexts.end()) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    if (fails("cublasGemmEx")) {
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    if (m < 0 || n < 0 || k < 0 || a_stride < k || b_stride < k || c_stride < m) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (a_as != TRANSPOSED || b_as != AS_IT_IS || a_type != b_type || (a_type != FLOAT16 && a_type != BFLOAT16)
        || c_type != FLOAT32 || compute != COMPUTE_FLOAT32 || algorithm != DEFAULT_ALGORITHM) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    const std::size_t a_bytes = ((std::size_t)(m - 1) * a_stride + k) * 2;
    const std::size_t b_bytes = ((std::size_t)(n - 1) * b_stride + k) * 2;
    const std::size_t c_bytes = ((std::size_t)(n - 1) * c_stride + m) * 4;
    if (m == 0 || n == 0 || k == 0 || !is_device_memory(a, a_bytes) || !is_device_memory(b, b_bytes)
        || !is_device_memory(c, c_bytes) || c % 4 != 0 || context->second.workspace_bytes < RECOMMENDED_BYTES) {
        std::fprintf(stderr, "fake cuBLAS: no device memory, no workspace, or nothing to multiply\n");
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    const float alpha_now = *alpha; // from the host, when called
    const float beta_now = *beta;
    return perform(context->second.stream, [=] {
        for (int column = 0; column < n; column++) {
            for (int row = 0; row < m; row++) {
                const unsigned short *x = (const unsigned short *)a + (std::size_t)row * a_stride;
                const unsigned short *y = (const unsigned short *)b + (std::size_t)column * b_stride;
                double sum = 0;
                for (int i = 0; i < k; i++) {
                    sum += number(x + i, a_type) * number(y + i, b_type);
                }
                float *to = (float *)c + (std::size_t)column * c_stride + row;
                *to = (float)(alpha_now * sum + (beta_now == 0 ? 0 : (double)beta_now * *to));
            }
        }
        return (int)CUBLAS_STATUS_SUCCESS;
    });
}

const char *cublasGetStatusName(int status) {
    using namespace fake_cublas;
    switch (status) {
    case CUBLAS_STATUS_NOT_INITIALIZED:
        return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
        return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
        return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED:
        return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_NOT_SUPPORTED:
        return "CUBLAS_STATUS_NOT_SUPPORTED";
    default:
        return "CUBLAS_STATUS_UNKNOWN";
    }
}

} // extern "C"
