package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.assay.engine.ComputeType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Reads the property.
class ActivationsTest {
    @AfterEach
    void clear() {
        System.clearProperty(Activations.PROPERTY);
    }

    @Test
    void areFloat32UnlessTheyAreAskedForOtherwise() {
        assertThat(Activations.ofProperty()).isEqualTo(Activations.FLOAT32);

        System.setProperty(Activations.PROPERTY, "float32");
        assertThat(Activations.ofProperty()).isEqualTo(Activations.FLOAT32);

        System.setProperty(Activations.PROPERTY, "bfloat16");
        assertThat(Activations.ofProperty().compute()).isEqualTo(ComputeType.BFLOAT16);
    }

    @Test
    void namesThePropertyThatAsksForOthers() {
        System.setProperty(Activations.PROPERTY, "bfloat");
        assertThatIllegalArgumentException()
                .isThrownBy(Activations::ofProperty)
                .withMessage("the property assay.cuda.activations is \"bfloat\", expected float32 or bfloat16");
    }
}
