package dev.assay.vector;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.ModelConfig;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.Goldens;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Runs in a JVM of its own, as a model does: what C2 inlines depends on all that ran before, and kernels that tests
/// have called in every way can be compiled so that vectors become objects.
class SteadyStateTest {
    @ParameterizedTest
    @ValueSource(strings = {"qwen3-base", "deepseek-v3-base", "gemma3n-base", "llama4-scout", "qwen3-moe-base"})
    void decodingAllocatesNothingOnceWarm(String caseId) {
        ModelConfig config = Goldens.bundled(caseId).config();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Checkpoint checkpoint =
                        SyntheticWeights.forShape(config, ElementType.BF16, 3).checkpoint(config);
                Model model = new VectorEngine().load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(64)
                        .withLogits(LogitsScope.LAST_POSITION)
                        .withResults(ResultLifetime.UNTIL_NEXT_CALL))) {
            long allocated = Long.MAX_VALUE;
            // C2 compiles in the background, and until then vectors are objects.
            for (int round = 0; round < 3000 && allocated > 0; round++) {
                session.reset();
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int t = 0; t < 60; t++) {
                    session.decode(t % 20);
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocated).as("bytes allocated by 60 tokens").isZero();
        }
    }
}
