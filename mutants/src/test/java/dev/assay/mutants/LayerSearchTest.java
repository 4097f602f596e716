package dev.assay.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.mutants.catalogue.Expected;
import dev.assay.mutants.catalogue.Mutant;
import dev.assay.mutants.catalogue.Planted;
import dev.assay.mutants.diagnose.Diagnosis;
import dev.assay.mutants.diagnose.LayerSearch;
import dev.assay.mutants.diagnose.LayerSearch.Found;
import dev.assay.mutants.diagnose.LeadingLayers;
import dev.assay.plan.PlanEngine;
import dev.assay.report.Divergence;
import dev.assay.vector.VectorEngine;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Bugs in an engine that shows logits only are found by models of the first layers.
class LayerSearchTest {
    private static final PlanEngine SOIL = new VectorEngine();

    /// Bugs whose layer the search does not name in the first case that they act in, by what it says instead.
    private static final Map<String, Set<String>> MISSED = Map.of(
            "the longest prompt by itself does not show the fault",
            Set.of("D11", "D15", "D20a", "G07b", "N02", "X09"),
            // A model without any layer is wrong already.
            "outside the layers",
            Set.of("X04", "G07a", "G08", "O03", "Q07"),
            // A model that ends with their layer is within the budget.
            "later by 1",
            Set.of("G09", "G11", "L04b", "L07a", "L07b", "L09b"),
            // It is in the last layer of any model: of one layer, too.
            "earlier by 3",
            Set.of("L08"),
            // It is in layer 0, and no value of that layer shows it.
            "in the first layer or outside",
            Set.of("N10c"));

    /// A bug in an engine that shows logits only. It is planted anew in every model that is loaded, as the engine
    /// has it in any.
    ///
    /// @param hidden what it does not show
    private record Closed(Mutant mutant, GoldenCase golden, Set<Capability> hidden) implements Engine {
        /// Without taps.
        Closed(Mutant mutant, GoldenCase golden) {
            this(mutant, golden, Set.of(Capability.TAPS, Capability.ROUTED_EXPERTS));
        }

        @Override
        public EngineInfo info() {
            return SOIL.info();
        }

        @Override
        public Support supports(ModelConfig config) {
            return switch (SOIL.supports(config)) {
                case Support.Supported(Set<Capability> capabilities) -> {
                    Set<Capability> shown = EnumSet.copyOf(capabilities);
                    shown.removeAll(hidden);
                    yield new Support.Supported(shown);
                }
                case Support.Unsupported unsupported -> unsupported;
            };
        }

        @Override
        public Model load(Checkpoint checkpoint, LoadOptions options) {
            GoldenCase loaded = new GoldenCase(
                    golden.id(),
                    golden.source(),
                    checkpoint.config(),
                    checkpoint.config().toJson(),
                    golden.oracle(),
                    golden.notes(),
                    golden.prompts(),
                    golden.yardsticks(),
                    golden.sha256(),
                    () -> checkpoint);
            return mutant.plant(SOIL, loaded).map(Planted::engine).orElse(SOIL).load(checkpoint, options);
        }
    }

    static List<String> cases() {
        return Goldens.ids();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theFirstLayersComputeWhatTheyDoInTheWholeModel(String id) {
        GoldenCase golden = Goldens.bundled(id);
        int[] tokens = golden.longestPrompt().tokens();
        try (Checkpoint whole = golden.weights().open()) {
            Map<TapPoint, float[][]> all = taps(whole, tokens);
            for (int layers = 1; layers <= golden.config().numHiddenLayers(); layers++) {
                Map<TapPoint, float[][]> part = taps(LeadingLayers.of(whole, layers, Set.of()), tokens);
                // These are behind the final norm, and so of another model.
                part.keySet().removeAll(Set.of(TapPoint.LOGITS, TapPoint.of(Tap.HIDDEN, layers)));
                assertThat(part).isNotEmpty();
                part.forEach((point, rows) -> assertThat(rows).as("%s", point).isDeepEqualTo(all.get(point)));
            }
        }
    }

    @ParameterizedTest(name = "{0} in {1}")
    @CsvSource(delimiter = '|', textBlock = """
            D13  | deepseek-v3-base | InHalf[layer=0, half=ATTENTION]
            D01  | deepseek-v3-base | InHalf[layer=1, half=FEED_FORWARD]
            Q01  | qwen3-moe-base   | InHalf[layer=0, half=FEED_FORWARD]
            G01a | gemma3-base      | InHalf[layer=5, half=ATTENTION]
            L04a | llama4-scout     | InHalf[layer=3, half=ATTENTION]
            S03  | smollm3-base     | InHalf[layer=3, half=ATTENTION]
            N01  | gemma3n-base     | InLayer[layer=4]
            N05  | gemma3n-base     | InFirstLayerOrOutside[]
            G09  | gemma3-base      | Outside[]
            X07  | llama3-base      | Outside[]
            """)
    void findsWhereABugIs(String id, String caseId, String found) {
        GoldenCase golden = Goldens.bundled(caseId);
        try (LayerSearch search = new LayerSearch(golden)) {
            assertThat(search.search(new Closed(mutant(id), golden))).hasToString(found);
        }
    }

    @Test
    void theDiagnosisNamesTheLayerAndTheMethod() {
        GoldenCase golden = Goldens.bundled("smollm3-base");
        Divergence logits = new Divergence("logits", -1, Divergence.Method.TAPS, "len1", 0, 0, 1, 2, 99);

        Diagnosis diagnosis = Diagnosis.of(new Closed(mutant("S03"), golden), golden, logits);

        assertThat(diagnosis.firstDivergence()).isEqualTo(logits.inLayer(3));
        assertThat(diagnosis.firstDivergence().layerInWords()).isEqualTo("layer 3 (by truncated models)");
        assertThat(diagnosis.text())
                .startsWith("the engine reports no taps; models of its first layers are right before the attention of"
                        + " layer 3 and wrong with it\n")
                .doesNotContain("the head");
    }

    @Test
    void ofAnEngineThatReturnsNoLogitsNothingMoreIsKnown() {
        GoldenCase golden = Goldens.bundled("smollm3-base");
        Engine engine = new Closed(mutant("S03"), golden, EnumSet.of(Capability.TAPS, Capability.FULL_LOGITS));
        Divergence seen = new Divergence("log_probabilities", -1, Divergence.Method.TAPS, "len1", 0, 0, 1, 2, 99);

        assertThat(Diagnosis.of(engine, golden, seen))
                .isEqualTo(new Diagnosis(
                        seen,
                        "the engine reports neither taps nor full logits: where it goes wrong, and by which bug, is not"
                                + " known"));
    }

    /// Each bug that has a layer, in the first case that it acts in.
    @Test
    void namesTheLayerOf74Of93Bugs() {
        Set<String> searched = new TreeSet<>();
        Map<String, Set<String>> missed = new TreeMap<>();
        for (String id : Goldens.ids()) {
            GoldenCase golden = Goldens.bundled(id);
            try (LayerSearch search = new LayerSearch(golden)) {
                for (Mutant mutant : Catalogue.mutants()) {
                    Optional<Planted> planted =
                            searched.contains(mutant.id()) ? Optional.empty() : mutant.plant(SOIL, golden);
                    if (planted.isPresent() && mutant.expected() instanceof Expected.First first) {
                        searched.add(mutant.id());
                        TapPoint expected =
                                first.in(planted.get().right(), planted.get().wrong());
                        Found found = search.search(new Closed(mutant, golden));
                        if (!isAt(expected, golden.config().numHiddenLayers(), found)) {
                            missed.computeIfAbsent(said(found, layer(expected)), _ -> new TreeSet<>())
                                    .add(mutant.id());
                        }
                    }
                }
            }
        }

        assertThat(searched).hasSize(93);
        assertThat(missed).isEqualTo(MISSED);
    }

    /// Whether a bug was found in the layer of the place where it shows first.
    private static boolean isAt(TapPoint expected, int layers, Found found) {
        int layer = layer(expected);
        // Behind the last layer is the final norm.
        boolean outside = layer < 0 || expected.equals(TapPoint.of(Tap.HIDDEN, layers));
        return switch (found) {
            case Found.InHalf half -> half.layer() == layer;
            case Found.InLayer(int at) -> at == layer;
            case Found.InFirstLayerOrOutside _ -> outside || layer == 0;
            case Found.Outside _ -> outside;
            case Found.Nothing _ -> false;
        };
    }

    /// The layer that computes a value: the input of a layer comes of the one before it.
    private static int layer(TapPoint point) {
        return point.tap() == Tap.HIDDEN ? point.layer() - 1 : point.layer();
    }

    /// Where a search that does not name this layer takes the bug to be.
    private static String said(Found found, int layer) {
        return switch (found) {
            case Found.InHalf half -> distance(half.layer() - layer);
            case Found.InLayer(int at) -> distance(at - layer);
            case Found.InFirstLayerOrOutside _ -> "in the first layer or outside";
            case Found.Outside _ -> "outside the layers";
            case Found.Nothing(String reason) -> reason;
        };
    }

    private static String distance(int layers) {
        return layers < 0 ? "earlier by " + -layers : "later by " + layers;
    }

    private static Mutant mutant(String id) {
        return Catalogue.mutants().stream()
                .filter(mutant -> mutant.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static Map<TapPoint, float[][]> taps(Checkpoint checkpoint, int[] tokens) {
        Map<TapPoint, float[][]> taps = new TreeMap<>();
        try (Model model = SOIL.load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(tokens.length)
                        .withTaps((point, rows) -> taps.put(point, copy(rows))))) {
            session.prefill(tokens);
        }
        return taps;
    }

    private static float[][] copy(float[][] rows) {
        float[][] copy = new float[rows.length][];
        for (int t = 0; t < rows.length; t++) {
            copy[t] = rows[t].clone();
        }
        return copy;
    }
}
