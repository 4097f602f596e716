package dev.assay.adapter.llamacpp;

import dev.assay.checkpoint.gguf.GgufType;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// In which number format the matrices of the temporary GGUF file are: what `ASSAY_LLAMACPP_TYPE` says, else F32.
///
/// A golden holds for any format that its weights survive. With Q8_0 llama.cpp rounds activations to 8 bits as well,
/// and is judged as if it did not.
sealed interface MatrixType {
    /// Names the format.
    String VARIABLE = "ASSAY_LLAMACPP_TYPE";

    /// One that is written.
    record Known(GgufType type) implements MatrixType {}

    /// The variable says something else.
    ///
    /// @param reason one sentence
    record Unknown(String reason) implements MatrixType {}

    /// What the variable's value means.
    ///
    /// @param name null if it is not set
    static MatrixType of(@Nullable String name) {
        if (name == null) {
            return new Known(GgufType.F32);
        }
        return Arrays.stream(GgufType.values())
                .filter(type -> type.name().equals(name))
                .<MatrixType>map(Known::new)
                .findFirst()
                .orElseGet(() -> new Unknown(VARIABLE + ": expected one of "
                        + Arrays.stream(GgufType.values()).map(GgufType::name).collect(Collectors.joining(", "))
                        + ", found " + name));
    }
}
