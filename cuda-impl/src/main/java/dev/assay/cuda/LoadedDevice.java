package dev.assay.cuda;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import org.jspecify.annotations.Nullable;

/// The device with the kernels in it.
record LoadedDevice(Device device, KernelImage kernels) {
    private static @Nullable LoadedDevice first;
    private static @Nullable String reason;

    /// The first device of this machine, opened when first asked for.
    ///
    /// @throws AbsentException if there is none, or it takes none of the kernels; asked again, for the same reason
    static synchronized LoadedDevice first() throws AbsentException {
        if (first != null) {
            return first;
        }
        if (reason != null) {
            throw new AbsentException(reason);
        }
        try {
            Device device = Device.first();
            LoadedDevice opened = new LoadedDevice(device, KernelImage.load(device));
            first = opened;
            return opened;
        } catch (AbsentException e) {
            reason = String.valueOf(e.getMessage());
            throw e;
        }
    }
}
