package dev.assay.cuda.weight;

import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;

/// Where weights go: first nowhere, to count how much room they take, then into device memory of that size.
public sealed interface Room {
    /// The address of a part that nobody else has.
    long take(long bytes);

    /// Copies to the device.
    void write(long to, MemorySegment from);

    /// Copies the rows from `firstRow` on of a matrix that is stored as `[columns][storedRows]`, as
    /// `[rows][columns]`.
    void writeTransposed(
            long to, MemorySegment from, int storedRows, int firstRow, int rows, int columns, int elementBytes);

    /// Writes the scales of bfloat16 rows, of matrices of one shape, from elements that are there already.
    ///
    /// @param toStride scales from those of a matrix to those of the next
    /// @param stride elements likewise
    void scaleRows(long to, long toStride, long data, long stride, int count, int rows, int columns);

    /// Counts.
    final class Counted implements Room {
        private long bytes;

        /// Bytes taken so far.
        public long bytes() {
            return bytes;
        }

        @Override
        public long take(long size) {
            long part = bytes;
            bytes += DeviceMemory.aligned(size);
            return part;
        }

        @Override
        public void write(long to, MemorySegment from) {}

        @Override
        public void writeTransposed(
                long to, MemorySegment from, int storedRows, int firstRow, int rows, int columns, int elementBytes) {}

        @Override
        public void scaleRows(long to, long toStride, long data, long stride, int count, int rows, int columns) {}
    }

    /// Copies. For the device's thread.
    record OnDevice(dev.assay.cuda.driver.Device device, DeviceMemory memory, KernelImage kernels, Stream stream)
            implements Room {
        private static final int WARP = 32;
        private static final int THREADS = 128;
        /// Rows of a launch: the most that a grid has in its second dimension.
        private static final int ROWS = 65_535;

        @Override
        public long take(long bytes) {
            return memory.take(bytes);
        }

        @Override
        public void write(long to, MemorySegment from) {
            memory.write(to, from);
        }

        @Override
        public void writeTransposed(
                long to, MemorySegment from, int storedRows, int firstRow, int rows, int columns, int elementBytes) {
            try (DeviceMemory stored = new DeviceMemory(device, from.byteSize())) {
                long source = stored.take(from.byteSize());
                stored.write(source, from);
                stored.finishWrites();
                for (int row = 0; row < rows; row += ROWS) {
                    stream.launch(kernels.launch(
                            "tokens",
                            "transpose",
                            Math.ceilDiv(columns, THREADS),
                            Math.min(ROWS, rows - row),
                            1,
                            THREADS,
                            0,
                            to + (long) row * columns * elementBytes,
                            source,
                            storedRows,
                            firstRow + row,
                            columns,
                            elementBytes));
                }
                stream.synchronize();
            }
        }

        @Override
        public void scaleRows(long to, long toStride, long data, long stride, int count, int rows, int columns) {
            memory.finishWrites();
            stream.launch(kernels.launch(
                    "tiles",
                    "scale_rows_bf16",
                    Math.ceilDiv(rows, THREADS / WARP),
                    count,
                    1,
                    THREADS,
                    0,
                    to,
                    toStride,
                    data,
                    stride,
                    columns,
                    rows));
            stream.synchronize();
        }
    }
}
