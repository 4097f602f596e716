package dev.assay.cuda.driver;

/// A launch of a kernel, as [KernelImage#launch] makes it.
///
/// @param function handle of the kernel
/// @param threads of a block
/// @param sharedBytes dynamic shared memory of a block
/// @param arguments one for each parameter of the kernel: integers and addresses as they are, a `float` as its bits
public record Launch(long function, int gridX, int gridY, int gridZ, int threads, int sharedBytes, long... arguments) {
    /// A `float` as an argument.
    public static long of(float value) {
        return Integer.toUnsignedLong(Float.floatToRawIntBits(value));
    }

    /// A `double` as an argument.
    public static long of(double value) {
        return Double.doubleToRawLongBits(value);
    }
}
