package dev.assay.cuda.driver;

/// Which images of the kernels are loaded.
public enum Images {
    /// Cubins where there are those of the device's compute capability, else PTX. The default.
    CUBIN,
    /// PTX everywhere, as on devices that have no cubins: for comparing the two.
    PTX;

    /// The property that chooses, `cubin` or `ptx`.
    public static final String PROPERTY = "assay.cuda.images";

    /// Those that the property asks for.
    ///
    /// @throws IllegalArgumentException if it asks for none of them
    public static Images ofProperty() {
        return PropertyChoice.of(PROPERTY, Images.class);
    }
}
