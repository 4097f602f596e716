package dev.assay.cuda.stage;

import dev.assay.cuda.FakeDriver;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.Images;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;
import dev.assay.engine.KvCacheType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Function;

/// The device that [FakeDriver] offers, with kernels loaded.
record FakeDevice(Device device, KernelImage kernels) {
    static FakeDevice first() throws AbsentException {
        FakeDriver.use();
        Device device = Device.first();
        return new FakeDevice(device, KernelImage.load(device, Images.CUBIN));
    }

    /// Launches kernels with so many bytes of memory.
    <T> T call(long bytes, Function<Run, T> work) {
        return device.call(() -> {
            try (DeviceMemory memory = new DeviceMemory(device, bytes);
                    Stream stream = new Stream(device)) {
                return work.apply(new Run(device, kernels, memory, stream));
            }
        });
    }

    /// What launches need. For the device's thread.
    record Run(Device device, KernelImage kernels, DeviceMemory memory, Stream stream) {
        /// The address of room for so many float32.
        long takeFloats(long count) {
            return memory.take(count * Float.BYTES);
        }

        /// The address of these numbers, which are there when it returns.
        long write(float... numbers) {
            try (Arena arena = Arena.ofConfined()) {
                return write(arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers));
            }
        }

        long write(int... numbers) {
            try (Arena arena = Arena.ofConfined()) {
                return write(arena.allocateFrom(ValueLayout.JAVA_INT, numbers));
            }
        }

        /// The address of a cache's ring that the positions from `first` to before `end` were written to, in
        /// order; what was never written is not a number.
        ///
        /// @param rows `[end][width]`, cut off to the type
        long writeRing(KvCacheType type, int capacity, int width, float[] rows, int first, int end) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment ring = arena.allocate((long) capacity * width * type.bytes(), Float.BYTES);
                ring.fill((byte) 0xff);
                for (int i = first * width; i < end * width; i++) {
                    long at = (long) (i / width % capacity) * width + i % width;
                    int bits = Float.floatToRawIntBits(rows[i]);
                    switch (type) {
                        case FLOAT32 -> ring.setAtIndex(ValueLayout.JAVA_INT, at, bits);
                        case BFLOAT16 -> ring.setAtIndex(ValueLayout.JAVA_SHORT, at, (short) (bits >>> 16));
                    }
                }
                return write(ring);
            }
        }

        private long write(MemorySegment from) {
            long to = memory.take(from.byteSize());
            memory.write(to, from);
            memory.finishWrites();
            return to;
        }

        /// So many float32, when all launches are done.
        float[] read(long from, int count) {
            try (Arena arena = Arena.ofConfined()) {
                return copyOut(from, count, arena).toArray(ValueLayout.JAVA_FLOAT);
            }
        }

        int[] readInts(long from, int count) {
            try (Arena arena = Arena.ofConfined()) {
                return copyOut(from, count, arena).toArray(ValueLayout.JAVA_INT);
            }
        }

        private MemorySegment copyOut(long from, int count, Arena arena) {
            MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, count);
            stream.copyOut(numbers, from);
            stream.synchronize();
            return numbers;
        }
    }
}
