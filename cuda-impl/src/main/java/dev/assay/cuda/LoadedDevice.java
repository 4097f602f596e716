package dev.assay.cuda;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Cublas;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The device with the kernels in it.
///
/// @param cublas the library that multiplies instead of some of them
record LoadedDevice(Device device, KernelImage kernels, Optional<Cublas> cublas) {
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
            LoadedDevice opened = new LoadedDevice(device, KernelImage.load(device), Optional.empty());
            first = opened;
            return opened;
        } catch (AbsentException e) {
            reason = String.valueOf(e.getMessage());
            throw e;
        }
    }

    /// The same with cuBLAS.
    ///
    /// @throws AbsentException if it is not there, or does not work
    LoadedDevice withCublas() throws AbsentException {
        return new LoadedDevice(device, kernels, Optional.of(Cublas.first(device)));
    }
}
