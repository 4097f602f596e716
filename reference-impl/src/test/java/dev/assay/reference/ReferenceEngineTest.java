package dev.assay.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.golden.Goldens;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReferenceEngineTest {
    private static final Pattern EXPERT = Pattern.compile("model\\.layers\\.\\d+\\.mlp\\.experts\\.\\d+");

    private final Engine engine = new ReferenceEngine();

    static List<ModelConfig> configs() {
        return TinyModels.all();
    }

    @Test
    void identifiesItself() {
        assertThat(engine.info().id()).isEqualTo("reference");
        assertThat(engine.info().compute()).isEqualTo(ComputeType.FLOAT32);
        assertThat(engine.info().version()).isNotBlank();
    }

    @Test
    void theModuleProvidesTheEngine() throws IOException {
        // Tests run on the class path, where the service loader does not read module descriptors.
        String classes = ReferenceEngine.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toString();
        try (InputStream in = URI.create(classes + "module-info.class").toURL().openStream()) {
            assertThat(ModuleDescriptor.read(in).provides()).singleElement().satisfies(service -> {
                assertThat(service.service()).isEqualTo(Engine.class.getName());
                assertThat(service.providers()).containsExactly(ReferenceEngine.class.getName());
            });
        }
    }

    /// One golden case of each `model_type`.
    static List<ModelConfig> goldenConfigs() {
        Map<String, String> ids = new TreeMap<>();
        for (String id : Goldens.ids()) {
            ids.putIfAbsent(Goldens.modelTypeOf(id).orElseThrow(), id);
        }
        return ids.values().stream().map(id -> Goldens.bundled(id).config()).toList();
    }

    @ParameterizedTest
    @MethodSource("goldenConfigs")
    void supportsEveryArchitectureFully(ModelConfig config) {
        assertThat(engine.supports(config))
                .isEqualTo(new Support.Supported(Set.of(
                        Capability.FULL_LOGITS,
                        Capability.ALL_POSITIONS,
                        Capability.TAPS,
                        Capability.ROUTED_EXPERTS,
                        Capability.CHUNKED_PREFILL,
                        Capability.CONCURRENT_SESSIONS,
                        Capability.KV_CACHE_BYTES)));
    }

    @Test
    void saysWhatRuns() {
        try (Checkpoint checkpoint = TinyModels.checkpoint(TinyModels.QWEN_3);
                Model model = engine.load(checkpoint, LoadOptions.ofThreads(4))) {
            assertThat(model.execution().backend()).isEqualTo("scalar");
            assertThat(model.execution().vectorBits()).isZero();
            assertThat(model.execution().threads()).isEqualTo(1);
            assertThat(model.execution().decisions()).anyMatch(decision -> decision.contains("4 allowed"));
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void everyTensorOfTheCheckpointIsUsedButThoseOfExpertsNotChosen(ModelConfig config) {
        Set<String> chosen = new TreeSet<>();
        TapListener taps = new TapListener() {
            @Override
            public void on(TapPoint point, float[][] rows) {}

            @Override
            public void onRoutedExperts(int layer, int[][] experts) {
                for (int[] ofToken : experts) {
                    for (int expert : ofToken) {
                        chosen.add("model.layers." + layer + ".mlp.experts." + expert);
                    }
                }
            }
        };
        try (Recording checkpoint = new Recording(TinyModels.checkpoint(config));
                Model model = engine.load(checkpoint, LoadOptions.defaults())) {
            int[] prompt = TinyModels.prompt(20);
            try (Session session =
                    model.newSession(SessionOptions.ofContext(prompt.length).withTaps(taps))) {
                session.prefill(prompt);
            }
            Set<String> names = new TreeSet<>();
            long elements = 0;
            for (TensorInfo info : checkpoint.tensors()) {
                Matcher expert = EXPERT.matcher(info.name());
                if (!expert.lookingAt() || chosen.contains(expert.group())) {
                    names.add(info.name());
                    elements += info.elements();
                }
            }
            assertThat(checkpoint.asked).isEqualTo(names);
            assertThat(model.footprint().weightBytes()).isEqualTo(elements * Float.BYTES);
        }
    }

    @Test
    void aClosedModelHoldsNothingAndOpensNoSession() {
        try (Checkpoint checkpoint = TinyModels.checkpoint(TinyModels.QWEN_3)) {
            Model model = engine.load(checkpoint, LoadOptions.defaults());
            try (Session session = model.newSession(SessionOptions.ofContext(1))) {
                session.decode(0);
            }
            assertThat(model.footprint().weightBytes()).isPositive();
            model.close();
            model.close();
            assertThat(model.footprint().weightBytes()).isZero();
            assertThatThrownBy(() -> model.newSession(SessionOptions.ofContext(1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the model is closed");
        }
    }

    /// Remembers the names it is asked for.
    private record Recording(Checkpoint checkpoint, Set<String> asked) implements Checkpoint {
        Recording(Checkpoint checkpoint) {
            this(checkpoint, new TreeSet<>());
        }

        @Override
        public ModelConfig config() {
            return checkpoint.config();
        }

        @Override
        public String source() {
            return checkpoint.source();
        }

        @Override
        public List<TensorInfo> tensors() {
            return checkpoint.tensors();
        }

        @Override
        public boolean contains(String name) {
            return checkpoint.contains(name);
        }

        @Override
        public Tensor tensor(String name, int... shape) {
            asked.add(name);
            return checkpoint.tensor(name, shape);
        }

        @Override
        public List<SkippedTensor> skipped() {
            return checkpoint.skipped();
        }

        @Override
        public void close() {
            checkpoint.close();
        }
    }
}
