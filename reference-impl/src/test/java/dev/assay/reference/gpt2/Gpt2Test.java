package dev.assay.reference.gpt2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.Goldens;
import dev.assay.reference.ReferenceEngine;
import org.junit.jupiter.api.Test;

class Gpt2Test {
    /// The case has 64 positions.
    @Test
    void theLastLearnedPositionIsUsedAndNoneBeyondIt() {
        try (Checkpoint checkpoint = Goldens.bundled("gpt2-base").weights().open();
                Model model = new ReferenceEngine().load(checkpoint, LoadOptions.defaults())) {
            try (Session session = model.newSession(SessionOptions.ofContext(100))) {
                session.prefill(new int[63]);
                session.decode(1);
                assertThat(session.length()).isEqualTo(64);
                assertThatThrownBy(() -> session.decode(1))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("GPT-2 has learned 64 positions, position 64 is none of them");
            }
            try (Session session = model.newSession(SessionOptions.ofContext(100))) {
                session.prefill(new int[60]);
                assertThatThrownBy(() -> session.prefill(new int[6]))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("GPT-2 has learned 64 positions, position 65 is none of them");
            }
        }
    }
}
