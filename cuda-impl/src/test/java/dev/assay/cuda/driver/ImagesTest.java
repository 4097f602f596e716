package dev.assay.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Reads the property.
class ImagesTest {
    @AfterEach
    void clear() {
        System.clearProperty(Images.PROPERTY);
    }

    @Test
    void areCubinsUnlessPtxIsAskedFor() {
        assertThat(Images.ofProperty()).isEqualTo(Images.CUBIN);

        System.setProperty(Images.PROPERTY, "cubin");
        assertThat(Images.ofProperty()).isEqualTo(Images.CUBIN);

        System.setProperty(Images.PROPERTY, "ptx");
        assertThat(Images.ofProperty()).isEqualTo(Images.PTX);
    }

    @Test
    void namesThePropertyThatAsksForOthers() {
        System.setProperty(Images.PROPERTY, "PTX");
        assertThatIllegalArgumentException()
                .isThrownBy(Images::ofProperty)
                .withMessage("the property assay.cuda.images is \"PTX\", expected cubin or ptx");
    }
}
