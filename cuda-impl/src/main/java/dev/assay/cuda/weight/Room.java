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
    }

    /// Copies. For the device's thread.
    record OnDevice(dev.assay.cuda.driver.Device device, DeviceMemory memory, KernelImage kernels, Stream stream)
            implements Room {
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
    }
}
