package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Reads the property.
class DenseProductsTest {
    @AfterEach
    void clear() {
        System.clearProperty(DenseProducts.PROPERTY);
    }

    @Test
    void areOurOwnUnlessCublasIsAskedFor() {
        assertThat(DenseProducts.ofProperty()).isEqualTo(DenseProducts.OWN);

        System.setProperty(DenseProducts.PROPERTY, "own");
        assertThat(DenseProducts.ofProperty()).isEqualTo(DenseProducts.OWN);

        System.setProperty(DenseProducts.PROPERTY, "cublas");
        assertThat(DenseProducts.ofProperty()).isEqualTo(DenseProducts.CUBLAS);
    }

    @Test
    void namesThePropertyThatAsksForOthers() {
        System.setProperty(DenseProducts.PROPERTY, "cuBLASLt");
        assertThatIllegalArgumentException()
                .isThrownBy(DenseProducts::ofProperty)
                .withMessage("the property assay.cuda.products is \"cuBLASLt\", expected own or cublas");
    }
}
