package dev.assay.checkpoint;

/// A tensor to synthesise: approximately normal numbers of that mean and standard deviation, none further from the
/// mean than 3.47 standard deviations.
///
/// @param info of type F32, BF16, F16 or F8_E4M3
/// @param valuesOf the name that the numbers follow from: the tensor's own, or that of the tensor it is a copy of
public record SyntheticTensor(TensorInfo info, double mean, double std, String valuesOf) {
    public SyntheticTensor {
        switch (info.type()) {
            case F32, F16, BF16, F8_E4M3 -> {}
            case F64, I64, I32 ->
                throw new IllegalArgumentException(
                        info.name() + ": expected F32, F16, BF16 or F8_E4M3, found " + info.type());
        }
        if (!Double.isFinite(mean) || !Double.isFinite(std) || std < 0) {
            throw new IllegalArgumentException(info.name()
                    + ": expected a finite mean and a standard deviation of at least 0, found " + mean + " and " + std);
        }
    }

    /// A tensor with numbers of its own.
    public SyntheticTensor(TensorInfo info, double mean, double std) {
        this(info, mean, std, info.name());
    }
}
