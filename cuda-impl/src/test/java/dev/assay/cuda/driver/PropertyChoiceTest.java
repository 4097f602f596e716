package dev.assay.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.assay.cuda.stage.Activations;
import dev.assay.cuda.stage.DenseProducts;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every choice of the engine that a property makes.
class PropertyChoiceTest {
    /// Property, what reads it, and what it may name: the default first.
    static Stream<Arguments> choices() {
        return Stream.of(
                arguments("assay.cuda.activations", read(Activations::ofProperty), "float32", "bfloat16"),
                arguments("assay.cuda.products", read(DenseProducts::ofProperty), "own", "cublas"),
                arguments("assay.cuda.images", read(Images::ofProperty), "cubin", "ptx"));
    }

    private static Supplier<Enum<?>> read(Supplier<Enum<?>> reads) {
        return reads;
    }

    @ParameterizedTest
    @MethodSource("choices")
    void isTheDefaultUnlessThePropertyNamesAnother(
            String property, Supplier<Enum<?>> reads, String usual, String other) {
        assertThat(reads.get().name()).isEqualToIgnoringCase(usual);
        assertThat(with(property, usual, reads).name()).isEqualToIgnoringCase(usual);
        assertThat(with(property, other, reads).name()).isEqualToIgnoringCase(other);
    }

    @ParameterizedTest
    @MethodSource("choices")
    void namesThePropertyThatNamesNone(String property, Supplier<Enum<?>> reads, String usual, String other) {
        String half = other.substring(0, other.length() - 1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> with(property, half, reads))
                .withMessage("the property %s is \"%s\", expected %s or %s", property, half, usual, other);
    }

    private static Enum<?> with(String property, String value, Supplier<Enum<?>> reads) {
        System.setProperty(property, value);
        try {
            return reads.get();
        } finally {
            System.clearProperty(property);
        }
    }
}
