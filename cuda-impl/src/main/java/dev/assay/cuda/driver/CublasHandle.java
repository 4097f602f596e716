package dev.assay.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What multiplies by cuBLAS. For the device's thread.
public final class CublasHandle implements AutoCloseable {
    /// Of a workspace: what NVIDIA recommends for compute capability 9.0; older devices need less.
    public static final long WORKSPACE_BYTES = 32L << 20;

    /// `CUBLAS_OP_N` and `CUBLAS_OP_T`.
    private static final int AS_IT_IS = 0;

    private static final int TRANSPOSED = 1;
    /// `CUDA_R_32F`.
    private static final int FLOAT32 = 0;
    /// `CUBLAS_COMPUTE_32F`: sums are float32, and no operand is rounded.
    private static final int SUMS_ARE_FLOAT32 = 68;
    /// `CUBLAS_GEMM_DEFAULT`.
    private static final int ANY_ALGORITHM = -1;

    private final Cublas library;
    private final long handle;
    private final Arena arena = Arena.ofConfined();
    private final long zero; // addresses of a float32 on the host
    private final long one;
    private boolean closed;

    /// Types of what is multiplied.
    public enum Operands {
        /// `CUDA_R_16F`.
        FLOAT16(2),
        /// `CUDA_R_16BF`.
        BFLOAT16(14);

        private final int code;

        Operands(int code) {
            this.code = code;
        }
    }

    public CublasHandle(Cublas library) {
        this.library = library;
        this.handle = NativeLibrary.read(address -> library.call("cublasCreate_v2", address));
        MemorySegment factors = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0, 1);
        this.zero = factors.address();
        this.one = zero + Float.BYTES;
    }

    /// The library's, as one number.
    int version() {
        return (int) NativeLibrary.read(address -> library.call("cublasGetVersion_v2", handle, address));
    }

    /// What [CublasHandle] multiplies: y = W · x of every token, or y += W · x.
    ///
    /// @param operands type of W and x
    /// @param w address of `[rows][columns]`
    /// @param x address of `[tokens][columns]`
    /// @param y address of `[tokens][rows]`, float32, rows `yStride` numbers apart
    /// @param adds whether to what is in y
    public record Product(
            Operands operands, long w, long x, long y, int yStride, int rows, int columns, int tokens, boolean adds) {}

    /// Appends a product.
    ///
    /// @param workspace address of [#WORKSPACE_BYTES] that only this stream uses: results would otherwise depend on
    ///     what other streams do
    /// @throws CudaException if cuBLAS refuses
    public void multiply(Stream stream, long workspace, Product product) {
        // In this order: a stream comes with a workspace of the library's own.
        library.call("cublasSetStream_v2", handle, stream.handle());
        library.call("cublasSetWorkspace_v2", handle, workspace, WORKSPACE_BYTES);
        // Matrices are stored by columns there: yᵀ [rows][tokens] = Wᵀ [columns][rows], transposed · xᵀ
        // [columns][tokens].
        library.call(
                "cublasGemmEx",
                handle,
                TRANSPOSED,
                AS_IT_IS,
                product.rows(),
                product.tokens(),
                product.columns(),
                one,
                product.w(),
                product.operands().code,
                product.columns(),
                product.x(),
                product.operands().code,
                product.columns(),
                product.adds() ? one : zero,
                product.y(),
                FLOAT32,
                product.yStride(),
                SUMS_ARE_FLOAT32,
                ANY_ALGORITHM);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            arena.close();
            library.call("cublasDestroy_v2", handle);
        }
    }
}
