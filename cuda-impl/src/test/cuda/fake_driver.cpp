// A CUDA driver without a GPU: exports those functions of libcuda that Assay calls, and runs its kernels on the CPU. For
// tests of the real Java path. What it cannot show: races between kernels that overlap, weakly ordered memory, inline
// PTX, limits of registers.
//
// Environment: FAKE_CUDA_SEED shuffles the order of threads, which exposes a missing barrier; FAKE_CUDA_CAPABILITY, such
// as 75, is the compute capability; FAKE_CUDA_MEMORY the bytes of device memory; FAKE_CUDA_FAULT names a kernel whose
// launch is a sticky fault; FAKE_CUDA_REJECT, `cubin`, `ptx` or both, the kinds of images that are refused;
// FAKE_CUDA_DEVICES is the number of devices, FAKE_CUDA_MULTIPROCESSORS that of the multiprocessors of each,
// FAKE_CUDA_SHARED_BYTES the shared memory that a block may have. It has functions of cuBLAS as well.
#include "fake.h"
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <elf.h>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "../../main/cuda/attention.cu"
#include "../../main/cuda/cublas.cu"
#include "../../main/cuda/experts.cu"
#include "../../main/cuda/flash.cu"
#include "../../main/cuda/linear.cu"
#include "../../main/cuda/prepare.cu"
#include "../../main/cuda/rounded.cu"
#include "../../main/cuda/tiles.cu"
#include "../../main/cuda/tokens.cu"
#include "../../main/cuda/wide.cu"

Index threadIdx, blockIdx, blockDim, gridDim;
alignas(16) float dynamic_shared[227 * 1024 / 4];

// --------------------------------------------------------------------------------------------------------------- fibers

namespace fake {

constexpr std::size_t STACK = 64 * 1024;

#ifndef __x86_64__
#error "the fake driver switches fibers by x86-64 instructions"
#endif

// Saves what a function must keep on the stack it leaves, and takes up another stack.
extern "C" void switch_stack(void **save, void *to);
asm(".text\n"
    "switch_stack:\n"
    "    pushq %rbx\n    pushq %rbp\n    pushq %r12\n    pushq %r13\n    pushq %r14\n    pushq %r15\n"
    "    movq %rsp, (%rdi)\n"
    "    movq %rsi, %rsp\n"
    "    popq %r15\n    popq %r14\n    popq %r13\n    popq %r12\n    popq %rbp\n    popq %rbx\n"
    "    ret\n");

struct Copy {
    void *to;
    const void *from;
    int bytes;
    bool exists;
};

struct Fiber {
    void *stack = nullptr;
    void *top = nullptr; // where it goes on
    int parity = 0;
    std::vector<Copy> copies; // begun, not in a group yet
    std::deque<std::vector<Copy>> copy_groups;
    std::vector<std::function<void()>> products; // likewise
    std::deque<std::vector<std::function<void()>>> product_groups;
};

struct Warp {
    int alive = 0;
    std::vector<int> waiting;
    double doubles[2][32];
    float floats[2][32];
    int ints[2][32];
    float sums[2][32];
    float sum[2];
    TileOperands operands[2];
};

static Fiber fibers[MOST_THREADS];
static Warp warps_of_block[MOST_THREADS / 32];
static std::vector<int> ready, at_barrier;
static void *scheduler;
static int current, alive;
static const std::function<void()> *body;
static std::mt19937 random_order(0);
static bool shuffled = false;

static void leave() { switch_stack(&fibers[current].top, scheduler); }

static void wake(std::vector<int> &waiting) {
    ready.insert(ready.end(), waiting.begin(), waiting.end());
    waiting.clear();
}

static void entry() {
    (*body)();
    Warp &own = warps_of_block[current / 32];
    own.alive--;
    alive--;
    // Threads that wait need not wait for one that has ended.
    if (own.alive > 0 && (int)own.waiting.size() == own.alive) {
        wake(own.waiting);
    }
    if (alive > 0 && (int)at_barrier.size() == alive) {
        wake(at_barrier);
    }
    leave();
}

void wait_for_block() {
    if ((int)at_barrier.size() == alive - 1) {
        wake(at_barrier); // and goes on itself
        return;
    }
    at_barrier.push_back(current);
    leave();
}

static void wait_for_warp() {
    Warp &own = warps_of_block[current / 32];
    if ((int)own.waiting.size() == own.alive - 1) {
        wake(own.waiting); // and goes on itself
        return;
    }
    own.waiting.push_back(current);
    leave();
}

// Two rows in turn: nobody can be two exchanges ahead of a lane that still reads.
#define EXCHANGE(type, rows)                                                                                           \
    const type *exchange(type value) {                                                                                 \
        int parity = fibers[current].parity ^= 1;                                                                      \
        type *row = warps_of_block[current / 32].rows[parity];                                                         \
        row[current % 32] = value;                                                                                     \
        wait_for_warp();                                                                                               \
        return row;                                                                                                    \
    }
EXCHANGE(double, doubles)
EXCHANGE(float, floats)
EXCHANGE(int, ints)

float sum(float value) {
    const int parity = fibers[current].parity ^= 1;
    Warp &own = warps_of_block[current / 32];
    own.sums[parity][current % 32] = value;
    if ((int)own.waiting.size() == own.alive - 1) {
        // Who comes last adds up for all. The butterfly adds the same pairs in every lane.
        float *sums = own.sums[parity];
        for (int distance = 16; distance > 0; distance /= 2) {
            for (int i = 0; i < distance; i++) {
                sums[i] += sums[i + distance];
            }
        }
        own.sum[parity] = sums[0];
    }
    wait_for_warp();
    return own.sum[parity];
}

const TileOperands *exchange(const unsigned (&a)[4], const unsigned (&b)[2]) {
    const int parity = fibers[current].parity ^= 1;
    TileOperands *all = &warps_of_block[current / 32].operands[parity];
    std::memcpy(all->a[current % 32], a, sizeof a);
    std::memcpy(all->b[current % 32], b, sizeof b);
    wait_for_warp();
    return all;
}

// A copy happens as late as it may, so that who does not wait for it reads what was there before.
void copy_later(void *to, const void *from, int bytes, bool exists) {
    fibers[current].copies.push_back({to, from, bytes, exists});
}

void end_copy_group() {
    Fiber &own = fibers[current];
    own.copy_groups.push_back(std::move(own.copies));
    own.copies.clear();
}

void wait_for_copies(int pending) {
    std::deque<std::vector<Copy>> &groups = fibers[current].copy_groups;
    while ((int)groups.size() > pending) {
        for (const Copy &copy : groups.front()) {
            if (copy.exists) {
                std::memcpy(copy.to, copy.from, (std::size_t)copy.bytes);
            } else {
                std::memset(copy.to, 0, (std::size_t)copy.bytes);
            }
        }
        groups.pop_front();
    }
}

void multiply_later(std::function<void()> product) { fibers[current].products.push_back(std::move(product)); }

void end_product_group() {
    Fiber &own = fibers[current];
    own.product_groups.push_back(std::move(own.products));
    own.products.clear();
}

void wait_for_products(int pending) {
    std::deque<std::vector<std::function<void()>>> &groups = fibers[current].product_groups;
    while ((int)groups.size() > pending) {
        for (const std::function<void()> &product : groups.front()) {
            product();
        }
        groups.pop_front();
    }
}

// Runs a block; false if its threads wait for each other for ever.
static bool run_block(int threads, const std::function<void()> &kernel) {
    body = &kernel;
    alive = threads;
    ready.clear();
    at_barrier.clear();
    for (int w = 0; w < (threads + 31) / 32; w++) {
        warps_of_block[w].alive = std::min(32, threads - w * 32);
        warps_of_block[w].waiting.clear();
    }
    for (int t = 0; t < threads; t++) {
        Fiber &fiber = fibers[t];
        if (fiber.stack == nullptr) {
            fiber.stack = std::aligned_alloc(64, STACK);
        }
        fiber.parity = 0;
        fiber.copies.clear();
        fiber.copy_groups.clear();
        fiber.products.clear();
        fiber.product_groups.clear();
        void **top = (void **)((char *)fiber.stack + STACK) - 1; // as after a call: 8 below a multiple of 16
        *--top = (void *)entry;
        for (int i = 0; i < 6; i++) {
            *--top = nullptr;
        }
        fiber.top = top;
        ready.push_back(t);
    }
    std::vector<int> turn;
    while (!ready.empty()) {
        turn.swap(ready);
        ready.clear();
        if (shuffled) {
            std::shuffle(turn.begin(), turn.end(), random_order);
        }
        for (int t : turn) {
            current = t;
            threadIdx = {t, 0, 0};
            switch_stack(&scheduler, fibers[t].top);
        }
    }
    return alive == 0;
}

// -------------------------------------------------------------------------------------------------------------- kernels

struct Entry {
    std::string name;
    int most_threads;
    int parameters;
    std::function<void(void **)> call;
};

static std::vector<Entry> &entries() {
    static std::vector<Entry> all;
    return all;
}

Kernel::Kernel(const char *name, int most_threads, int parameters, std::function<void(void **)> call) {
    entries().push_back({name, most_threads, parameters, std::move(call)});
}

} // namespace fake

// --------------------------------------------------------------------------------------------------------------- driver

using Handle = std::uint64_t;
using Operation = std::function<int()>;

enum Code {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NO_DEVICE = 100,
    INVALID_CONTEXT = 201,
    INVALID_IMAGE = 200,
    NO_BINARY_FOR_GPU = 209,
    UNSUPPORTED_PTX = 222,
    NOT_FOUND = 500,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_FAILED = 719,
    CAPTURE_UNSUPPORTED = 900
};

struct Stream {
    bool capturing = false;
    std::vector<Operation> captured;
};

struct Graph {
    std::vector<Operation> operations;
};

struct Config { // CUlaunchConfig
    unsigned grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes;
    Handle stream;
    const void *attributes;
    unsigned attribute_count;
};
static_assert(sizeof(Config) == 56, "as the driver lays it out");

static thread_local bool has_context = false;
static int sticky = SUCCESS;
static std::map<Handle, std::size_t> allocations;
static std::size_t allocated = 0;

constexpr int MAX_DYNAMIC_SHARED_BYTES = 8;
constexpr int PREFERRED_SHARED_MEMORY_CARVEOUT = 9;
constexpr unsigned DEFAULT_SHARED_BYTES = 48 * 1024;
/// Dynamic shared memory that a kernel may use, where that was set.
static std::map<Handle, int> shared_limits;

static std::size_t environment(const char *name, std::size_t otherwise) {
    const char *value = std::getenv(name);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

static int capability() { return (int)environment("FAKE_CUDA_CAPABILITY", 90); }

static int shared_bytes() { return (int)environment("FAKE_CUDA_SHARED_BYTES", sizeof dynamic_shared); }

static std::size_t memory() { return environment("FAKE_CUDA_MEMORY", (std::size_t)4 << 30); }

// What every call but those about devices begins with.
#define REQUIRE_CONTEXT()                                                                                              \
    if (sticky != SUCCESS) {                                                                                           \
        return sticky;                                                                                                 \
    }                                                                                                                  \
    if (!has_context) {                                                                                                \
        return INVALID_CONTEXT;                                                                                        \
    }

static int perform(Handle stream, Operation operation) {
    Stream *on = (Stream *)stream;
    if (on != nullptr && on->capturing) {
        on->captured.push_back(std::move(operation));
        return SUCCESS;
    }
    return operation();
}

// Whether a range lies in an allocation: what a device would fault on.
static bool is_device_memory(Handle address, std::size_t bytes) {
    auto next = allocations.upper_bound(address);
    if (next == allocations.begin()) {
        return false;
    }
    auto found = std::prev(next);
    return address + bytes <= found->first + found->second;
}

extern "C" {

int cuInit(unsigned) {
    fake::shuffled = std::getenv("FAKE_CUDA_SEED") != nullptr;
    fake::random_order.seed((unsigned)environment("FAKE_CUDA_SEED", 0));
    return SUCCESS;
}

int cuDriverGetVersion(int *version) {
    *version = 13000;
    return SUCCESS;
}

int cuDeviceGetCount(int *count) {
    *count = (int)environment("FAKE_CUDA_DEVICES", 1);
    return SUCCESS;
}

int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return SUCCESS;
}

int cuDeviceGetName(char *name, int length, int) {
    std::snprintf(name, (std::size_t)length, "fake device");
    return SUCCESS;
}

int cuDeviceGetAttribute(int *value, int attribute, int) {
    switch (attribute) {
    case 13: // clock rate, kHz
        *value = 1;
        return SUCCESS;
    case 16: // multiprocessors
        *value = (int)environment("FAKE_CUDA_MULTIPROCESSORS", 7);
        return SUCCESS;
    case 97: // shared memory of a block
        *value = shared_bytes();
        return SUCCESS;
    case 75:
        *value = capability() / 10;
        return SUCCESS;
    case 76:
        *value = capability() % 10;
        return SUCCESS;
    default:
        return INVALID_VALUE;
    }
}

int cuDevicePrimaryCtxRetain(Handle *context, int) {
    *context = 1;
    return SUCCESS;
}

int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }

int cuCtxSetCurrent(Handle context) {
    has_context = context != 0;
    return sticky;
}

int cuMemGetInfo_v2(std::size_t *free, std::size_t *total) {
    REQUIRE_CONTEXT();
    *total = memory();
    *free = memory() - allocated;
    return SUCCESS;
}

int cuMemAlloc_v2(Handle *address, std::size_t bytes) {
    REQUIRE_CONTEXT();
    if (bytes == 0) {
        return INVALID_VALUE;
    }
    if (allocated + bytes > memory()) {
        return OUT_OF_MEMORY;
    }
    void *data = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(data, 0xff, bytes); // NaN, so that what is read before it is written shows
    *address = (Handle)data;
    allocations[*address] = bytes;
    allocated += bytes;
    return SUCCESS;
}

int cuMemFree_v2(Handle address) {
    REQUIRE_CONTEXT();
    auto found = allocations.find(address);
    if (found == allocations.end()) {
        return INVALID_VALUE;
    }
    allocated -= found->second;
    allocations.erase(found);
    std::free((void *)address);
    return SUCCESS;
}

int cuMemHostAlloc(void **pointer, std::size_t bytes, unsigned) {
    REQUIRE_CONTEXT();
    *pointer = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    return SUCCESS;
}

int cuMemFreeHost(void *pointer) {
    REQUIRE_CONTEXT();
    std::free(pointer);
    return SUCCESS;
}

static int copy_bytes(void *to, const void *from, std::size_t bytes, Handle on_device) {
    if (!is_device_memory(on_device, bytes)) {
        return INVALID_VALUE;
    }
    std::memcpy(to, from, bytes);
    return SUCCESS;
}

int cuMemcpyHtoD_v2(Handle to, const void *from, std::size_t bytes) {
    REQUIRE_CONTEXT();
    return copy_bytes((void *)to, from, bytes, to);
}

int cuMemcpyDtoH_v2(void *to, Handle from, std::size_t bytes) {
    REQUIRE_CONTEXT();
    return copy_bytes(to, (const void *)from, bytes, from);
}

int cuMemcpyHtoDAsync_v2(Handle to, const void *from, std::size_t bytes, Handle stream) {
    REQUIRE_CONTEXT();
    return perform(stream, [=] { return copy_bytes((void *)to, from, bytes, to); });
}

int cuMemcpyDtoHAsync_v2(void *to, Handle from, std::size_t bytes, Handle stream) {
    REQUIRE_CONTEXT();
    return perform(stream, [=] { return copy_bytes(to, (const void *)from, bytes, from); });
}

int cuMemsetD8Async(Handle to, unsigned char value, std::size_t bytes, Handle stream) {
    REQUIRE_CONTEXT();
    return perform(stream, [=] {
        if (!is_device_memory(to, bytes)) {
            return INVALID_VALUE;
        }
        std::memset((void *)to, value, bytes);
        return SUCCESS;
    });
}

static bool rejects(const char *kind) {
    const char *kinds = std::getenv("FAKE_CUDA_REJECT");
    return kinds != nullptr && std::strstr(kinds, kind) != nullptr;
}

// Of an image the names of kernels are read, so that a kernel that it lacks is missed here too.
using Module = std::set<std::string>;

static int load_cubin(const char *image, Module &kernels) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)image;
    if (header->e_machine != EM_CUDA) {
        return INVALID_IMAGE;
    }
    const int architecture = header->e_flags >> 8 & 0xff; // as CUDA 13 writes it
    if (rejects("cubin") || architecture != capability()) {
        return NO_BINARY_FOR_GPU;
    }
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(image + header->e_shoff);
    const char *names = image + sections[header->e_shstrndx].sh_offset;
    for (int i = 0; i < header->e_shnum; i++) {
        const std::string name = names + sections[i].sh_name;
        if (name.starts_with(".text.")) {
            kernels.insert(name.substr(6));
        }
    }
    return SUCCESS;
}

static int load_ptx(const std::string &text, Module &kernels) {
    if (rejects("ptx") || text.find(".version ") == std::string::npos) {
        return UNSUPPORTED_PTX;
    }
    // PTX is for its own architecture and later ones, but that with an `a` for its own alone.
    int target = 0;
    char suffix = 0;
    std::sscanf(text.c_str() + text.find(".target "), ".target sm_%d%c", &target, &suffix);
    if (suffix == 'a' ? capability() != target : capability() < target) {
        return NO_BINARY_FOR_GPU;
    }
    const std::string entry = ".entry ";
    for (std::size_t at = text.find(entry); at != std::string::npos; at = text.find(entry, at)) {
        at += entry.size();
        kernels.insert(text.substr(at, text.find('(', at) - at));
    }
    return SUCCESS;
}

int cuModuleLoadDataEx(Handle *module, const void *image, unsigned options, const int *kinds, void **values) {
    REQUIRE_CONTEXT();
    const char *bytes = (const char *)image;
    Module kernels;
    const int code = std::strncmp(bytes, ELFMAG, SELFMAG) == 0 ? load_cubin(bytes, kernels) : load_ptx(bytes, kernels);
    for (unsigned i = 0; i < options && code == UNSUPPORTED_PTX; i++) {
        if (kinds[i] == 5) { // error log
            std::snprintf((char *)values[i], 64, "ptxas fatal : unsupported .version");
        }
    }
    if (code == SUCCESS) {
        *module = (Handle) new Module(std::move(kernels));
    }
    return code;
}

int cuModuleUnload(Handle module) {
    REQUIRE_CONTEXT();
    delete (Module *)module;
    return SUCCESS;
}

int cuModuleGetFunction(Handle *function, Handle module, const char *name) {
    REQUIRE_CONTEXT();
    if (!((Module *)module)->contains(name)) {
        return NOT_FOUND;
    }
    for (const fake::Entry &entry : fake::entries()) {
        if (entry.name == name) {
            *function = (Handle)&entry;
            return SUCCESS;
        }
    }
    return NOT_FOUND;
}

int cuFuncSetAttribute(Handle function, int attribute, int value) {
    if (attribute == PREFERRED_SHARED_MEMORY_CARVEOUT) { // in percent; a hint
        return value < 0 || value > 100 ? INVALID_VALUE : SUCCESS;
    }
    if (attribute != MAX_DYNAMIC_SHARED_BYTES || value < 0 || value > shared_bytes()) {
        return INVALID_VALUE;
    }
    shared_limits[function] = value;
    return SUCCESS;
}

int cuLaunchKernelEx(const Config *config, Handle function, void **parameters, void **) {
    REQUIRE_CONTEXT();
    const fake::Entry *entry = (const fake::Entry *)function;
    const Config shape = *config;
    const unsigned threads = shape.block_x * shape.block_y * shape.block_z;
    if (threads == 0 || threads > (unsigned)entry->most_threads || threads % 32 != 0 || shape.block_y != 1 || shape.block_z != 1
        || shape.grid_x == 0 || shape.grid_y == 0 || shape.grid_y > 65535 || shape.grid_z == 0
        || shape.shared_bytes > sizeof dynamic_shared) {
        return INVALID_VALUE;
    }
    // A kernel may use what it was last allowed, however little that is.
    const auto limit = shared_limits.find(function);
    if (shape.shared_bytes > (limit == shared_limits.end() ? DEFAULT_SHARED_BYTES : (unsigned)limit->second)) {
        return INVALID_VALUE;
    }
    // A launch copies its parameters.
    std::vector<std::uint64_t> copied(entry->parameters);
    for (int i = 0; i < entry->parameters; i++) {
        copied[i] = *(const std::uint64_t *)parameters[i];
    }
    return perform(shape.stream, [=] {
        const char *fault = std::getenv("FAKE_CUDA_FAULT");
        if (fault != nullptr && entry->name == fault) {
            return sticky = ILLEGAL_ADDRESS;
        }
        std::vector<std::uint64_t> own = copied;
        std::vector<void *> pointers;
        for (std::uint64_t &value : own) {
            pointers.push_back(&value);
        }
        const std::function<void()> kernel = [&] { entry->call(pointers.data()); };
        gridDim = {(int)shape.grid_x, (int)shape.grid_y, (int)shape.grid_z};
        blockDim = {(int)threads, 1, 1};
        for (unsigned z = 0; z < shape.grid_z; z++) {
            for (unsigned x = 0; x < shape.grid_x; x++) {
                for (unsigned y = 0; y < shape.grid_y; y++) { // a cluster's blocks follow one another
                    blockIdx = {(int)x, (int)y, (int)z};
                    if (!fake::run_block((int)threads, kernel)) {
                        std::fprintf(stderr, "fake CUDA: %s waits for ever\n", entry->name.c_str());
                        return sticky = LAUNCH_FAILED;
                    }
                }
            }
        }
        return (int)SUCCESS;
    });
}

int cuStreamCreate(Handle *stream, unsigned) {
    REQUIRE_CONTEXT();
    *stream = (Handle) new Stream();
    return SUCCESS;
}

int cuStreamDestroy_v2(Handle stream) {
    REQUIRE_CONTEXT();
    delete (Stream *)stream;
    return SUCCESS;
}

int cuStreamSynchronize(Handle stream) {
    REQUIRE_CONTEXT();
    return stream != 0 && ((Stream *)stream)->capturing ? CAPTURE_UNSUPPORTED : SUCCESS;
}

int cuStreamBeginCapture_v2(Handle stream, int) {
    REQUIRE_CONTEXT();
    ((Stream *)stream)->capturing = true;
    return SUCCESS;
}

int cuStreamEndCapture(Handle stream, Handle *graph) {
    REQUIRE_CONTEXT();
    Stream *on = (Stream *)stream;
    on->capturing = false;
    *graph = (Handle) new Graph{std::move(on->captured)};
    on->captured.clear();
    return SUCCESS;
}

int cuGraphInstantiateWithFlags(Handle *executable, Handle graph, unsigned long long) {
    REQUIRE_CONTEXT();
    *executable = (Handle) new Graph(*(Graph *)graph);
    return SUCCESS;
}

int cuGraphLaunch(Handle executable, Handle) {
    REQUIRE_CONTEXT();
    for (const Operation &operation : ((Graph *)executable)->operations) {
        int code = operation();
        if (code != SUCCESS) {
            return code;
        }
    }
    return SUCCESS;
}

int cuGraphExecDestroy(Handle executable) {
    REQUIRE_CONTEXT();
    delete (Graph *)executable;
    return SUCCESS;
}

int cuGraphDestroy(Handle graph) {
    REQUIRE_CONTEXT();
    delete (Graph *)graph;
    return SUCCESS;
}

int cuEventCreate(Handle *event, unsigned) {
    REQUIRE_CONTEXT();
    *event = 1;
    return SUCCESS;
}

int cuEventRecord(Handle, Handle) {
    REQUIRE_CONTEXT();
    return SUCCESS;
}

int cuEventElapsedTime(float *milliseconds, Handle, Handle) {
    REQUIRE_CONTEXT();
    *milliseconds = 1;
    return SUCCESS;
}

int cuEventDestroy_v2(Handle) {
    REQUIRE_CONTEXT();
    return SUCCESS;
}

int cuGetErrorName(int code, const char **name) {
    switch (code) {
    case INVALID_VALUE:
        *name = "CUDA_ERROR_INVALID_VALUE";
        return SUCCESS;
    case OUT_OF_MEMORY:
        *name = "CUDA_ERROR_OUT_OF_MEMORY";
        return SUCCESS;
    case INVALID_CONTEXT:
        *name = "CUDA_ERROR_INVALID_CONTEXT";
        return SUCCESS;
    case INVALID_IMAGE:
        *name = "CUDA_ERROR_INVALID_IMAGE";
        return SUCCESS;
    case NO_BINARY_FOR_GPU:
        *name = "CUDA_ERROR_NO_BINARY_FOR_GPU";
        return SUCCESS;
    case UNSUPPORTED_PTX:
        *name = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION";
        return SUCCESS;
    case ILLEGAL_ADDRESS:
        *name = "CUDA_ERROR_ILLEGAL_ADDRESS";
        return SUCCESS;
    case LAUNCH_FAILED:
        *name = "CUDA_ERROR_LAUNCH_FAILED";
        return SUCCESS;
    default:
        *name = nullptr;
        return INVALID_VALUE;
    }
}

} // extern "C"

#include "fake_cublas.h"
