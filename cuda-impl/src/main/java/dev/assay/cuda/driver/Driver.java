package dev.assay.cuda.driver;

import java.util.List;

/// The driver's library: its functions under the names they have in the library, which are not always those of its
/// header (`cuMemAlloc` is `cuMemAlloc_v2`).
final class Driver {
    /// Names a library to use instead of the driver's, as tests do.
    static final String LIBRARY_PROPERTY = "assay.cuda.library";

    /// Where the driver is: on the library path, or where WSL and containers have it.
    private static final List<String> LIBRARIES = List.of(
            "libcuda.so.1",
            "/usr/lib/wsl/lib/libcuda.so.1",
            "/usr/local/nvidia/lib64/libcuda.so.1",
            "/usr/lib/x86_64-linux-gnu/libcuda.so.1",
            "nvcuda.dll");

    private static final List<String> NAMES = List.of(
            "cuCtxSetCurrent",
            "cuDeviceGet",
            "cuDeviceGetAttribute",
            "cuDeviceGetCount",
            "cuDeviceGetName",
            "cuDevicePrimaryCtxRetain",
            "cuDriverGetVersion",
            "cuEventCreate",
            "cuEventDestroy_v2",
            "cuEventElapsedTime",
            "cuEventRecord",
            "cuFuncSetAttribute",
            "cuGetErrorName",
            "cuGraphDestroy",
            "cuGraphExecDestroy",
            "cuGraphInstantiateWithFlags",
            "cuGraphLaunch",
            "cuInit",
            "cuLaunchKernelEx",
            "cuMemAlloc_v2",
            "cuMemFreeHost",
            "cuMemFree_v2",
            "cuMemGetInfo_v2",
            "cuMemHostAlloc",
            "cuMemcpyDtoHAsync_v2",
            "cuMemcpyHtoDAsync_v2",
            "cuMemcpyHtoD_v2",
            "cuMemsetD8Async",
            "cuModuleGetFunction",
            "cuModuleLoadDataEx",
            "cuStreamBeginCapture_v2",
            "cuStreamCreate",
            "cuStreamDestroy_v2",
            "cuStreamEndCapture",
            "cuStreamSynchronize");

    private final NativeLibrary library;

    private Driver(NativeLibrary library) {
        this.library = library;
    }

    /// The driver of this machine.
    ///
    /// @throws AbsentException if there is none that can be used
    static Driver open() throws AbsentException {
        String given = System.getProperty(LIBRARY_PROPERTY);
        return new Driver(NativeLibrary.open("CUDA driver", given == null ? LIBRARIES : List.of(given), NAMES));
    }

    /// Calls a function.
    ///
    /// @param name one of [#NAMES]
    /// @throws CudaException if it fails
    void call(String name, long... arguments) {
        int code = tryCall(name, arguments);
        if (code != 0) {
            throw new CudaException(name, code, errorName(code));
        }
    }

    /// Calls a function and returns its code, 0 for success.
    int tryCall(String name, long... arguments) {
        return library.function(name).call(arguments);
    }

    /// Calls a function whose first argument is where it writes a `long` or a handle, and returns that.
    long get(String name, long... arguments) {
        return NativeLibrary.read(address -> {
            long[] all = new long[arguments.length + 1];
            all[0] = address;
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            call(name, all);
        });
    }

    /// As [#get], of a function that writes an `int`.
    int getInt(String name, long... arguments) {
        return (int) get(name, arguments);
    }

    /// Name of an error, `CUDA_ERROR_...`.
    String errorName(int code) {
        long[] failed = new long[1];
        long name = NativeLibrary.read(address -> failed[0] = tryCall("cuGetErrorName", code, address));
        return failed[0] == 0 ? NativeLibrary.string(name) : "(no name)";
    }
}
