package dev.assay.reference.gemma3n;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.reference.ReferenceEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class Gemma3nTest {
    /// A window of 8, a vocabulary of 163, 160 of it with an embedding per layer.
    private final GoldenCase golden = Goldens.bundled("gemma3n-base");

    private final Checkpoint checkpoint = golden.weights().open();
    private final Model model = new ReferenceEngine().load(checkpoint, LoadOptions.defaults());

    @AfterEach
    void close() {
        model.close();
        checkpoint.close();
    }

    @Test
    void slidingLayersLetGoOfWhatNoLaterTokenSees() {
        try (Session session = model.newSession(SessionOptions.ofContext(30))) {
            session.prefill(new int[20]);
            assertThat(session.kvCacheBytes()).isEqualTo(golden.config().kvCacheElements(20) * Float.BYTES);
            session.prefill(new int[3]);
            assertThat(session.kvCacheBytes()).isEqualTo(golden.config().kvCacheElements(23) * Float.BYTES);
        }
    }

    @Test
    void tokensWithoutAPerLayerEmbeddingAreRefused() {
        try (Session session = model.newSession(SessionOptions.ofContext(2))) {
            session.decode(159);
            assertThatThrownBy(() -> session.decode(160))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("token 160 has no per-layer embedding: there are 160, the rest of the vocabulary stands"
                            + " for images and sound");
        }
    }
}
