package dev.assay.cuda;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Cublas;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.Images;
import dev.assay.cuda.driver.KernelImage;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/// The device with the kernels in it.
///
/// @param cublas the library that multiplies instead of some of them
record LoadedDevice(Device device, KernelImage kernels, Optional<Cublas> cublas) {
    private static final Map<Images, LoadedDevice> FIRST = new EnumMap<>(Images.class);
    private static final Map<Images, String> REASONS = new EnumMap<>(Images.class);

    /// The first device of this machine with kernels from such images, opened when first asked for.
    ///
    /// @throws AbsentException if there is none, or it takes none of the kernels; asked again, for the same reason
    static synchronized LoadedDevice first(Images images) throws AbsentException {
        LoadedDevice first = FIRST.get(images);
        if (first != null) {
            return first;
        }
        String reason = REASONS.get(images);
        if (reason != null) {
            throw new AbsentException(reason);
        }
        try {
            Device device = Device.first();
            LoadedDevice opened = new LoadedDevice(device, KernelImage.load(device, images), Optional.empty());
            FIRST.put(images, opened);
            return opened;
        } catch (AbsentException e) {
            REASONS.put(images, String.valueOf(e.getMessage()));
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
