package dev.assay.checkpoint;

/// A tensor to synthesise: approximately normal numbers of that mean and standard deviation, none further from the
/// mean than 3.47 standard deviations.
///
/// @param info of type F32, BF16, F16 or F8_E4M3
/// @param valuesOf the name that the numbers follow from: the tensor's own, or that of the tensor it is a copy of
public record SyntheticTensor(TensorInfo info, double mean, double std, String valuesOf, Rounding rounding) {
    /// What numbers are rounded to.
    public enum Rounding {
        /// Once, to the type of the tensor.
        TO_TYPE,
        /// To F32, and on to what [blocks][Q8Blocks] of a row hold: for a checkpoint that is the same in F32
        /// and in Q8_0.
        TO_Q8_0
    }

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
        switch (rounding) {
            case TO_TYPE -> {}
            case TO_Q8_0 -> {
                if (info.type() != ElementType.F32
                        || info.shape().isEmpty()
                        || info.shape().getLast() % Q8Blocks.NUMBERS != 0) {
                    throw new IllegalArgumentException(info.name() + ": expected F32 in rows of whole blocks of "
                            + Q8Blocks.NUMBERS + " to round to Q8_0, found " + info.type() + " " + info.shape());
                }
            }
        }
    }

    /// A tensor with numbers of its own, rounded to its type.
    public SyntheticTensor(TensorInfo info, double mean, double std) {
        this(info, mean, std, info.name(), Rounding.TO_TYPE);
    }
}
