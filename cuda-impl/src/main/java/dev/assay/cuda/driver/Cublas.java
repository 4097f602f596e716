package dev.assay.cuda.driver;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// cuBLAS, NVIDIA's library of products of matrices. It comes with the toolkit and with packages for Python, not with
/// the driver, and nothing needs it. Its [handles][CublasHandle] do the work.
public final class Cublas {
    /// Names the library, where it is in none of the usual places.
    public static final String LIBRARY_PROPERTY = "assay.cuda.cublas";

    private static final List<String> LIBRARIES = List.of(
            "libcublas.so.13",
            "libcublas.so.12",
            "/usr/local/cuda/lib64/libcublas.so",
            "cublas64_13.dll",
            "cublas64_12.dll");

    private static final List<String> NAMES = List.of(
            "cublasCreate_v2",
            "cublasDestroy_v2",
            "cublasGemmEx",
            "cublasGetStatusName",
            "cublasGetVersion_v2",
            "cublasSetStream_v2",
            "cublasSetWorkspace_v2");

    private static @Nullable Cublas first;
    private static @Nullable String reason;

    private final NativeLibrary library;
    private final String version;

    private Cublas(NativeLibrary library) {
        this.library = library;
        try (CublasHandle handle = new CublasHandle(this)) {
            // 13.2.1 is 130201.
            int number = handle.version();
            this.version = number / 10_000 + "." + number / 100 % 100 + "." + number % 100;
        }
    }

    /// The library, opened and tried when first asked for.
    ///
    /// @throws AbsentException if there is none that works on the device; asked again, for the same reason
    public static synchronized Cublas first(Device device) throws AbsentException {
        if (first != null) {
            return first;
        }
        if (reason != null) {
            throw new AbsentException(reason);
        }
        try {
            Cublas opened = device.callWhileOpening(Cublas::open);
            first = opened;
            return opened;
        } catch (AbsentException e) {
            reason = String.valueOf(e.getMessage());
            throw e;
        }
    }

    private static Cublas open() throws AbsentException {
        String given = System.getProperty(LIBRARY_PROPERTY);
        return new Cublas(NativeLibrary.open("cuBLAS", given == null ? LIBRARIES : List.of(given), NAMES));
    }

    /// As people write it, `13.2.1`.
    public String version() {
        return version;
    }

    /// Calls a function.
    ///
    /// @param name one of [#NAMES]
    /// @throws CudaException if it fails
    void call(String name, long... arguments) {
        int code = library.function(name).call(arguments);
        if (code != 0) {
            String status =
                    NativeLibrary.string(library.function("cublasGetStatusName").callForAddress(code));
            throw new CudaException(name, code, status);
        }
    }
}
