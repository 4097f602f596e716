package dev.assay.cuda.stage;

import dev.assay.cuda.driver.CublasHandle;
import dev.assay.cuda.driver.CublasHandle.Operands;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;

/// Launches products of many tokens by cuBLAS, from inputs that are prepared as for kernels of our own. For the
/// device's thread.
///
/// cuBLAS multiplies numbers of one type. So activations that are not rounded take several products whose results it
/// adds up: with float16 weights of the two float16 planes, with bfloat16 weights of three bfloat16 planes that these
/// become. So it has three products for each useful one where our own kernels have two, and where rounded activations
/// have one. Then come the factors of rows and the bias, by a kernel that reads and writes all results once more.
///
/// What is cut off of an activation is what our own kernels cut off. But tensor cores cut off what they add too, and
/// cuBLAS leaves sums of whole rows to them, as our kernels for rounded activations do, and unlike those for others.
final class CublasLauncher {
    private static final String FILE = "cublas";
    private static final int THREADS = 256;
    /// `PLANES` of tiles.h.
    private static final int FLOAT16_PLANES = 2;
    /// `BFLOAT16_PLANES` of cublas.cu.
    private static final int BFLOAT16_PLANES = 3;
    /// Numbers that a thread of planes_to_bf16 has.
    private static final int EIGHT = 8;

    private final CublasHandle handle;
    private final KernelImage kernels;
    private final Stream stream;
    private final Activations activations;
    private final long workspace;
    private final long bfloat16Planes;

    /// @param room address of [#bytes]
    CublasLauncher(CublasHandle handle, KernelImage kernels, Stream stream, Activations activations, long room) {
        this.handle = handle;
        this.kernels = kernels;
        this.stream = stream;
        this.activations = activations;
        this.workspace = room;
        this.bfloat16Planes = room + CublasHandle.WORKSPACE_BYTES;
    }

    /// Bytes of device memory for a workspace, and for planes.
    ///
    /// @param numbers of the largest input
    static long bytes(long numbers) {
        return CublasHandle.WORKSPACE_BYTES + BFLOAT16_PLANES * numbers * Short.BYTES;
    }

    /// Whether it multiplies weights of a type.
    boolean canMultiply(WeightType type) {
        return switch (type) {
            case BF16, F16 -> true;
            case F8, F32 -> false;
        };
    }

    /// to = W · input + bias.
    ///
    /// @param prepared address of the input as [Activations] have it for these weights: rounded, or two planes
    /// @param factors address of what rows of the planes are to be multiplied by
    void multiply(DeviceMatrix w, long bias, long prepared, long factors, long to, int toStride, int tokens) {
        long numbers = (long) tokens * w.columns();
        switch (w.type()) {
            case BF16 -> {
                switch (activations) {
                    case FLOAT32 -> {
                        launch(
                                "planes_to_bf16",
                                Math.toIntExact(Math.ceilDiv(numbers, EIGHT * THREADS)),
                                1,
                                bfloat16Planes,
                                prepared,
                                numbers);
                        multiplyPlanes(Operands.BFLOAT16, w, bfloat16Planes, BFLOAT16_PLANES, to, toStride, tokens);
                        finish(to, toStride, factors, bias, w.rows(), tokens);
                    }
                    case BFLOAT16 -> {
                        multiplyPlanes(Operands.BFLOAT16, w, prepared, 1, to, toStride, tokens);
                        if (bias != 0) {
                            finish(to, toStride, 0, bias, w.rows(), tokens);
                        }
                    }
                }
            }
            case F16 -> {
                multiplyPlanes(Operands.FLOAT16, w, prepared, FLOAT16_PLANES, to, toStride, tokens);
                finish(to, toStride, factors, bias, w.rows(), tokens);
            }
            case F8, F32 -> throw new IllegalArgumentException("cuBLAS does not multiply " + w.type());
        }
    }

    /// Adds up the products of planes, of which the last are the smallest and come first.
    private void multiplyPlanes(
            Operands operands, DeviceMatrix w, long planes, int count, long to, int toStride, int tokens) {
        long planeBytes = (long) tokens * w.columns() * Short.BYTES;
        for (int p = count - 1; p >= 0; p--) {
            handle.multiply(
                    stream,
                    workspace,
                    new CublasHandle.Product(
                            operands,
                            w.data(),
                            planes + p * planeBytes,
                            to,
                            toStride,
                            w.rows(),
                            w.columns(),
                            tokens,
                            p < count - 1));
        }
    }

    private void finish(long to, int toStride, long factors, long bias, int rows, int tokens) {
        launch("finish_products", Math.ceilDiv(rows, THREADS), tokens, to, toStride, factors, bias, rows);
    }

    private void launch(String name, int x, int y, long... arguments) {
        stream.launch(kernels.launch(FILE, name, x, y, 1, THREADS, 0, arguments));
    }
}
