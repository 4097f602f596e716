package dev.assay.cuda.stage;

import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;

/// Where launches of a session go, and how kernels get their arguments. For the device's thread.
record Launches(KernelImage kernels, Stream stream, SessionMemory memory) {
    static final int WARP = 32;
    /// Numbers that a lane reads at a time.
    static final int EIGHT = 8;

    void launch(String file, String name, int x, int y, int z, int threads, int sharedBytes, long[] arguments) {
        stream.launch(kernels.launch(file, name, x, y, z, threads, sharedBytes, arguments));
    }

    /// Address and stride.
    long[] rows(View view) {
        return new long[] {memory.address(view), memory.stride(view)};
    }

    /// Joins arguments: single ones, which are numbers, and several at once, which are arrays of `long`.
    static long[] args(Object... parts) {
        int count = 0;
        for (Object part : parts) {
            count += part instanceof long[] several ? several.length : 1;
        }
        long[] all = new long[count];
        int at = 0;
        for (Object part : parts) {
            if (part instanceof long[] several) {
                System.arraycopy(several, 0, all, at, several.length);
                at += several.length;
            } else {
                all[at++] = ((Number) part).longValue();
            }
        }
        return all;
    }
}
