package dev.assay.cuda.driver;

/// A call of the driver or of cuBLAS that failed. The message names the call, the code and its name.
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// `CUDA_ERROR_OUT_OF_MEMORY`.
    private static final int OUT_OF_MEMORY = 2;

    private static final int FIRST_FAULT = 700;
    private static final int LAST_FAULT = 799;
    /// `CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES`: a launch was refused, which harms nothing.
    private static final int REFUSED_LAUNCH = 701;

    private final int code;

    CudaException(String call, int code, String name) {
        super(call + " failed with " + code + " " + name);
        this.code = code;
    }

    /// As it was given.
    public int code() {
        return code;
    }

    public boolean isOutOfMemory() {
        return code == OUT_OF_MEMORY;
    }

    /// Whether a kernel faulted: from then on every call of this process fails with the same code.
    public boolean isSticky() {
        return code >= FIRST_FAULT && code <= LAST_FAULT && code != REFUSED_LAUNCH;
    }
}
