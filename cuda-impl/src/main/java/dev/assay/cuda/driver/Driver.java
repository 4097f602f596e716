package dev.assay.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

    private final Map<String, NativeFunction> functions = new HashMap<>();

    private Driver(SymbolLookup library) throws AbsentException {
        for (String name : NAMES) {
            MemorySegment address = library.find(name)
                    .orElseThrow(() -> new AbsentException("the CUDA driver is too old: it has no " + name));
            functions.put(name, new NativeFunction(name, address));
        }
    }

    /// The driver of this machine.
    ///
    /// @throws AbsentException if there is none that can be used
    @SuppressWarnings("restricted") // The driver is what this is for.
    static Driver open() throws AbsentException {
        String given = System.getProperty(LIBRARY_PROPERTY);
        String failure = "";
        for (String library : given == null ? LIBRARIES : List.of(given)) {
            try {
                // Never unloaded: it has threads of its own.
                return new Driver(SymbolLookup.libraryLookup(library, Arena.global()));
            } catch (IllegalArgumentException e) {
                // The first place is the usual one, so its message says most.
                failure = failure.isEmpty() ? library + ": " + e.getMessage() : failure;
            } catch (IllegalCallerException e) {
                throw new AbsentException("the JVM denies native access: start it with --enable-native-access="
                        + (Driver.class.getModule().isNamed()
                                ? Driver.class.getModule().getName()
                                : "ALL-UNNAMED"));
            }
        }
        throw new AbsentException("no CUDA driver library (" + failure + ")");
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
        NativeFunction function = functions.get(name);
        if (function == null) {
            throw new IllegalArgumentException(name + " is not bound");
        }
        return function.call(arguments);
    }

    /// Calls a function whose first argument is where it writes a `long` or a handle, and returns that.
    long get(String name, long... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
            long[] all = new long[arguments.length + 1];
            all[0] = result.address();
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            call(name, all);
            return result.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// As [#get], of a function that writes an `int`.
    int getInt(String name, long... arguments) {
        return (int) get(name, arguments);
    }

    /// Name of an error, `CUDA_ERROR_...`.
    String errorName(int code) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
            if (tryCall("cuGetErrorName", code, result.address()) != 0) {
                return "(no name)";
            }
            return string(result.get(ValueLayout.JAVA_LONG, 0));
        }
    }

    /// A string of the driver's.
    @SuppressWarnings("restricted") // It ends with a zero.
    private static String string(long address) {
        MemorySegment text = MemorySegment.ofAddress(address).reinterpret(Integer.MAX_VALUE);
        return text.getString(0, StandardCharsets.US_ASCII);
    }
}
