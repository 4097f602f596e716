package dev.assay.conformance.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.Gpt2Config;
import dev.assay.config.ModelConfig;
import dev.assay.conformance.suite.Profile;
import dev.assay.conformance.suite.Selection;
import dev.assay.engine.Capability;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.reference.ReferenceEngine;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;

/// What authors of engines see: test classes of theirs, run by JUnit.
@Timeout(300)
class EngineConformanceTest {
    private static final String CASE = "gpt2-base";

    @AfterEach
    void forgetTheProperties() {
        List.of("assay.case", "assay.rule", "assay.architecture").forEach(System::clearProperty);
    }

    /// What they write, on one case so that it is quick.
    static class Right extends EngineConformance {
        @Override
        protected Engine engine() {
            return new ReferenceEngine();
        }

        @Override
        protected Selection selection() {
            return Selection.all().ofCases(CASE);
        }
    }

    @Test
    void aRightEngineHasAPassedTestForEveryRule() {
        EngineExecutionResults run = run(Right.class);

        assertThat(run.testEvents().failed().count()).isZero();
        assertThat(run.testEvents().aborted().count()).isZero();
        assertThat(names(run.testEvents().succeeded().list()))
                .contains(CASE + " one-shot", CASE + " repetition", "evidence: full logits with taps")
                .hasSizeGreaterThan(12);
        assertThat(names(run.containerEvents().started().list())).contains(CASE);
    }

    /// The only registered engine is the reference.
    static class Registered extends EngineConformance {
        @Override
        protected Selection selection() {
            return super.selection().ofCases(CASE).ofRules("one-shot");
        }
    }

    @Test
    void aRegisteredEngineNeedNotBeNamed() {
        assertThat(names(run(Registered.class).testEvents().succeeded().list()))
                .containsExactly(CASE + " one-shot", "evidence: full logits with taps");
    }

    /// Leaves out the division of the attention scores.
    static class Wrong extends EngineConformance {
        @Override
        protected Engine engine() {
            return new Changed(new ReferenceEngine()) {
                @Override
                public Model load(Checkpoint checkpoint, LoadOptions options) {
                    return super.load(new Unscaled(checkpoint), options);
                }
            };
        }

        @Override
        protected Selection selection() {
            return Selection.all().ofCases(CASE).ofRules("one-shot", "causality");
        }
    }

    @Test
    void aWrongEngineFailsWithLayerTapTokenNumbersAndCommand() {
        EngineExecutionResults run = run(Wrong.class);

        assertThat(names(run.testEvents().failed().list())).containsExactly(CASE + " one-shot");
        assertThat(names(run.testEvents().succeeded().list()))
                .containsExactly(CASE + " causality", "evidence: full logits with taps");
        assertThat(failure(run))
                .startsWith("gpt2-base one-shot: FAIL\n  first divergence: layer 0, context.0 (attention: scale, "
                        + "position encoding, mask, softmax, values), prompt len")
                .containsPattern(
                        "token [0-9]+, channel [0-9]+\n  expected -?[0-9.]+, found -?[0-9.]+: [0-9.e+]+ times of what is allowed there\n  worst: ")
                .endsWith("reproduce: mvn test -Dtest=Wrong -Dassay.case=gpt2-base -Dassay.rule=one-shot");
    }

    static class Narrow extends EngineConformance {
        @Override
        protected Engine engine() {
            return new Changed(new ReferenceEngine()) {
                @Override
                public Support supports(ModelConfig config) {
                    return config.architecture().id().equals("gpt2")
                            ? new Support.Supported(Set.of(Capability.FULL_LOGITS))
                            : new Support.Unsupported("GPT-2 only");
                }
            };
        }

        @Override
        protected Selection selection() {
            return Selection.all().ofCases(CASE, "qwen3-base").ofRules("token-by-token", "one-shot");
        }
    }

    @Test
    void whatIsDeclaredUnsupportedIsAbortedWithTheReason() {
        EngineExecutionResults run = run(Narrow.class);

        assertThat(run.testEvents().failed().count()).isZero();
        assertThat(names(run.testEvents().succeeded().list()))
                .containsExactly(CASE + " token-by-token", "evidence: full logits");
        assertThat(names(run.testEvents().aborted().list()))
                .containsExactly(CASE + " one-shot", "qwen3-base one-shot", "qwen3-base token-by-token");
        assertThat(messages(run.testEvents().aborted().list()))
                .first()
                .asString()
                .contains("UNSUPPORTED\n  the engine does not declare [ALL_POSITIONS]");
        assertThat(messages(run.testEvents().aborted().list()))
                .last()
                .asString()
                .contains("UNSUPPORTED\n  GPT-2 only");
    }

    static class Lying extends EngineConformance {
        @Override
        protected Engine engine() {
            return new Changed(new ReferenceEngine()) {
                @Override
                public Model load(Checkpoint checkpoint, LoadOptions options) {
                    throw new UnsupportedModelException("no such kernel");
                }
            };
        }

        @Override
        protected Selection selection() {
            return Selection.all().ofCases(CASE).ofRules("one-shot");
        }
    }

    @Test
    void aCapabilityLieFails() {
        assertThat(failure(run(Lying.class)))
                .contains("CAPABILITY_LIE\n  declared supported, refused to load: no such kernel");
    }

    static class Refusing extends EngineConformance {
        @Override
        protected Engine engine() {
            return new Changed(new ReferenceEngine()) {
                @Override
                public Support supports(ModelConfig config) {
                    return new Support.Unsupported("no device");
                }
            };
        }

        @Override
        protected Selection selection() {
            return Selection.all().ofCases(CASE).ofRules("one-shot");
        }
    }

    @Test
    void anEngineThatRanNothingFails() {
        assertThat(failure(run(Refusing.class))).isEqualTo("reference: the engine ran none of its 1 checks: no device");
    }

    static class Nothing extends EngineConformance {
        @Override
        protected Engine engine() {
            return new ReferenceEngine();
        }

        @Override
        protected Selection selection() {
            return Selection.all().ofCases(CASE).ofRules("one-shot").withProfile(Profile.CORE);
        }
    }

    @Test
    void aSelectionOfNothingIsAnError() {
        EngineExecutionResults run = run(Nothing.class);

        assertThat(run.testEvents().started().count()).isZero();
        assertThat(messages(run.containerEvents().failed().list()))
                .singleElement()
                .asString()
                .contains("no rule is selected by profile CORE, rules [one-shot]");
    }

    @Test
    void aPartIsChosenBySystemProperties() {
        System.setProperty("assay.case", "gpt2-base, gpt2-prefix");
        System.setProperty("assay.architecture", "gpt2");
        System.setProperty("assay.rule", "causality");

        assertThat(names(run(Right.class).testEvents().succeeded().list()))
                .containsExactly(
                        "gpt2-base causality",
                        "gpt2-prefix causality",
                        "evidence: no comparison with the oracle, cannot be called conformant");
    }

    @Test
    void aNameThatDoesNotExistIsAnError() {
        System.setProperty("assay.rule", "one-shoot");
        assertThat(messages(run(Right.class).containerEvents().failed().list()))
                .singleElement()
                .asString()
                .contains("no rule is named one-shoot; there are one-shot, ");
    }

    private static EngineExecutionResults run(Class<? extends EngineConformance> type) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(type))
                .execute();
    }

    private static List<String> names(List<Event> events) {
        return events.stream()
                .map(event -> event.getTestDescriptor().getDisplayName())
                .toList();
    }

    private static List<String> messages(List<Event> events) {
        return events.stream()
                .flatMap(event -> event.getPayload(TestExecutionResult.class).stream())
                .map(TestExecutionResult::getThrowable)
                .flatMap(Optional::stream)
                .map(throwable -> String.valueOf(throwable.getMessage()))
                .toList();
    }

    private static String failure(EngineExecutionResults run) {
        List<String> messages = messages(run.testEvents().failed().list());
        assertThat(messages).hasSize(1);
        return messages.getFirst();
    }

    /// An engine as another is; tests override what they want changed.
    private static class Changed implements Engine {
        private final Engine engine;

        Changed(Engine engine) {
            this.engine = engine;
        }

        @Override
        public EngineInfo info() {
            return engine.info();
        }

        @Override
        public Support supports(ModelConfig config) {
            return engine.supports(config);
        }

        @Override
        public Model load(Checkpoint checkpoint, LoadOptions options) {
            return engine.load(checkpoint, options);
        }
    }

    /// A checkpoint whose configuration says that attention scores are not divided.
    private record Unscaled(Checkpoint right) implements Checkpoint {
        @Override
        public ModelConfig config() {
            Gpt2Config config = (Gpt2Config) right.config();
            return new Gpt2Config(
                    config.vocabSize(),
                    config.hiddenSize(),
                    config.intermediateSize(),
                    config.numHiddenLayers(),
                    config.numAttentionHeads(),
                    false,
                    config.scaleAttnByInverseLayerIdx(),
                    config.activationFunction(),
                    config.maxPositionEmbeddings(),
                    config.layerNormEpsilon(),
                    config.tieWordEmbeddings());
        }

        @Override
        public String source() {
            return right.source();
        }

        @Override
        public List<TensorInfo> tensors() {
            return right.tensors();
        }

        @Override
        public boolean contains(String name) {
            return right.contains(name);
        }

        @Override
        public Tensor tensor(String name, int... shape) {
            return right.tensor(name, shape);
        }

        @Override
        public List<SkippedTensor> skipped() {
            return right.skipped();
        }

        @Override
        public void close() {
            right.close();
        }
    }
}
