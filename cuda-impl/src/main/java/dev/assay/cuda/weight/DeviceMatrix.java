package dev.assay.cuda.weight;

/// A matrix on the device, `[rows][columns]`, its rows one after another.
///
/// @param data address of the elements
/// @param scales address of `[rows][⌈columns / scaleColumns⌉]` numbers: of [WeightType#F8] what elements are multiplied
/// by,
/// of [WeightType#BF16] the power of two that brings the largest of a row into the range of float16; else 0
/// @param scaleColumns columns that share a scale; 1 where there are none
public record DeviceMatrix(long data, long scales, int scaleColumns, int rows, int columns, WeightType type) {
    /// The matrix of `count` rows from `first` on.
    public DeviceMatrix rows(int first, int count) {
        long ownScales = scales == 0 ? 0 : scales + (long) first * Math.ceilDiv(columns, scaleColumns) * Float.BYTES;
        return new DeviceMatrix(
                data + (long) first * columns * type.bytes(), ownScales, scaleColumns, count, columns, type);
    }
}
