package dev.assay.adapter.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineCrashedException;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.golden.Goldens;
import dev.assay.reference.ReferenceEngine;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/// The reference in a JVM of its own, through the protocol, computes to the bit what it computes here.
class HostTest {
    /// A host on the class path of this test, where a service file of its own offers the reference.
    private static List<String> host(String id) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Host.class.getName(),
                id);
    }

    @Test
    void anEngineInAModuleRunsAsOneAndAnyOtherOnTheClassPath() {
        Path module = location(ReferenceEngine.class);
        Path other = location(JsonMapper.class);

        List<String> asModule = Host.command(List.of("-Xmx1g"), List.of(other, module), "reference");
        assertThat(asModule)
                .containsSubsequence("-Xmx1g", "-p", "--add-modules", "dev.assay.reference", "-m")
                .endsWith("dev.assay.adapter.stdio/dev.assay.adapter.stdio.Host", "reference");
        assertThat(asModule.get(asModule.indexOf("-p") + 1))
                .startsWith(other + File.pathSeparator + module + File.pathSeparator);

        assertThat(Host.command(List.of(), List.of(other), "some"))
                .contains("-cp")
                .doesNotContain("-p")
                .endsWith("dev.assay.adapter.stdio.Host", "some");
    }

    private static Path location(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3-moe-base", "deepseek-v3-fp8", "gemma3-wrapper"})
    void anEngineBehindTheProtocolComputesTheSameBits(String caseId) {
        GoldenCase golden = Goldens.bundled(caseId);
        List<String> here = observe(new ReferenceEngine(), golden);
        try (var engine = new StdioEngine(host("reference"), Limits.defaults())) {
            assertThat(engine.info()).isEqualTo(new ReferenceEngine().info());
            assertThat(engine.supports(golden.config())).isEqualTo(new ReferenceEngine().supports(golden.config()));

            List<String> there = observe(engine, golden);

            // Routed experts come after all taps of a call here, in between them there.
            assertThat(there.stream().sorted().toList())
                    .hasSizeGreaterThan(20)
                    .isEqualTo(here.stream().sorted().toList());
        }
    }

    @Test
    void whatAnEngineRefusesIsThrownAsHere() {
        GoldenCase golden = Goldens.bundled("qwen3-base");
        try (var engine = new StdioEngine(host("reference"), Limits.defaults());
                Checkpoint checkpoint = golden.weights().open();
                Model model = engine.load(checkpoint, LoadOptions.defaults())) {
            Session session = model.newSession(SessionOptions.ofContext(4));
            assertThatThrownBy(() -> session.decode(1_000_000)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> session.prefill(new int[0])).isInstanceOf(IllegalArgumentException.class);
            assertThat(session.decode(1).rows()).as("the process lives on").isEqualTo(1);
            session.close();
            assertThatThrownBy(() -> session.decode(1)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void anUnknownEngineIsACrashThatNamesThoseThereAre() {
        assertThatThrownBy(() -> new StdioEngine(host("refrence"), Limits.defaults()))
                .isInstanceOf(EngineCrashedException.class)
                .hasMessageContaining("exit code 2")
                .hasMessageContaining("expected the id of an engine, one of [reference], found [refrence]");
    }

    /// All that an engine says of a case, as text that shows every bit.
    private static List<String> observe(Engine engine, GoldenCase golden) {
        List<String> seen = new ArrayList<>();
        try (Checkpoint checkpoint = golden.weights().open();
                Model model = engine.load(checkpoint, LoadOptions.defaults())) {
            seen.add(model.execution() + " " + model.footprint());
            for (GoldenPrompt prompt : golden.prompts()) {
                int[] tokens = prompt.tokens();
                SessionOptions options =
                        SessionOptions.ofContext(tokens.length + 1).withTaps(new Observer(seen));
                try (Session session = model.newSession(options)) {
                    seen.add(text(session.prefill(tokens)));
                    seen.add(text(session.decode(tokens[0])));
                    seen.add(session.length() + " " + session.kvCacheBytes());
                    session.reset();
                    seen.add(session.length() + " " + session.kvCacheBytes());
                }
                try (Session last = model.newSession(options.withLogits(LogitsScope.LAST_POSITION))) {
                    seen.add(text(last.prefill(tokens)));
                }
            }
        }
        return seen;
    }

    private static String text(Prediction prediction) {
        return prediction instanceof Prediction.Logits(float[][] values) ? text(values) : prediction.toString();
    }

    private static String text(float[][] rows) {
        StringBuilder text = new StringBuilder();
        for (float[] row : rows) {
            for (float value : row) {
                text.append(Integer.toHexString(Float.floatToRawIntBits(value))).append(' ');
            }
        }
        return text.toString();
    }

    private record Observer(List<String> seen) implements TapListener {
        @Override
        public void on(TapPoint point, float[][] rows) {
            seen.add(point + " " + text(rows));
        }

        @Override
        public void onRoutedExperts(int layer, int[][] experts) {
            seen.add("experts " + layer + " " + Arrays.deepToString(experts));
        }
    }
}
