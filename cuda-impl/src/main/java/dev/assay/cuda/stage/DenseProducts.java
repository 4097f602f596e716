package dev.assay.cuda.stage;

import dev.assay.cuda.driver.PropertyChoice;

/// What multiplies matrices that all tokens share, in passes of many tokens.
public enum DenseProducts {
    /// Kernels of our own. The default.
    OWN,
    /// [cuBLAS][dev.assay.cuda.driver.Cublas], where weights are bfloat16 or float16: for comparing speeds with a
    /// library that others use. Other weights, experts and a single token keep our own kernels.
    CUBLAS;

    /// Compute capability that [#CUBLAS] needs, as major · 10 + minor: older devices have no kernels that prepare
    /// its inputs.
    public static final int CUBLAS_CAPABILITY = TileLauncher.TENSOR_CORES;

    /// The property that chooses, `own` or `cublas`.
    public static final String PROPERTY = "assay.cuda.products";

    /// Those that the property asks for.
    ///
    /// @throws IllegalArgumentException if it asks for none of them
    public static DenseProducts ofProperty() {
        return PropertyChoice.of(PROPERTY, DenseProducts.class);
    }
}
