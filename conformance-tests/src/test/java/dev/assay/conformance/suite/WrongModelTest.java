package dev.assay.conformance.suite;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.golden.WeightSource;
import dev.assay.reference.ReferenceEngine;
import dev.assay.report.CheckResult;
import dev.assay.report.Divergence;
import dev.assay.report.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A right engine on a model that is not the golden's: each mistake in a config.json or a checkpoint must be found,
/// and the first place it shows must be named.
class WrongModelTest {
    @ParameterizedTest(name = "{0}: {1} -> {2}")
    @CsvSource(delimiter = '|', textBlock = """
            qwen3-base           | "rope_theta": 10000          | "rope_theta": 9000           | context.0         | 0
            qwen3-base           | "rms_norm_eps": 0.003        | "rms_norm_eps": 0.001        | attention_input.0 | 0
            llama3-base          | "factor": 8.0                | "factor": 4.0                | context.0         | 0
            deepseek-v3-base     | "norm_topk_prob": true       | "norm_topk_prob": false      | feed_forward.1    | 1
            deepseek-v3-base     | "routed_scaling_factor": 2.5 | "routed_scaling_factor": 2.6 | feed_forward.1    | 1
            deepseek-v3-base     | "topk_group": 2              | "topk_group": 3              | feed_forward.1    | 1
            """)
    void aChangedConfigFieldIsFoundWhereItFirstActs(String id, String from, String to, String tap, int layer) {
        Divergence first = requireNonNull(oneShot(withConfig(id, from, to)).firstDivergence());

        assertThat(first.tap()).isEqualTo(tap);
        assertThat(first.layer()).isEqualTo(layer);
        assertThat(first.used()).as("a wrong model is far over budget").isGreaterThan(10);
    }

    @Test
    void aHeadSizeThatDoesNotFitTheWeightsNamesTheFirstTensor() {
        CheckResult result = oneShot(withConfig("qwen3-base", "\"head_dim\": 20", "\"head_dim\": 10"));

        assertThat(result.outcome()).isEqualTo(Outcome.ERROR);
        assertThat(result.message())
                .contains("model.layers.0.self_attn.", "expected [", "the checkpoint has [", "more are wrong");
    }

    @Test
    void swappedNormsAreFoundInTheirLayer() {
        GoldenCase golden = Goldens.bundled("qwen3-base");
        String one = "model.layers.1.input_layernorm.weight";
        String other = "model.layers.1.post_attention_layernorm.weight";
        GoldenCase swapped =
                with(golden, golden.config(), () -> new Swapped(golden.weights().open(), one, other));
        Divergence first = requireNonNull(oneShot(swapped).firstDivergence());

        assertThat(first.tap()).isEqualTo("attention_input.1");
        assertThat(first.layer()).isEqualTo(1);
    }

    private static CheckResult oneShot(GoldenCase golden) {
        return GoldenSuite.run(
                        new ReferenceEngine(),
                        golden,
                        LoadOptions.defaults(),
                        rule -> rule.id().equals("one-shot"),
                        _ -> {})
                .getFirst();
    }

    private static GoldenCase withConfig(String id, String from, String to) {
        GoldenCase golden = Goldens.bundled(id);
        assertThat(golden.configJson()).contains(from);
        ModelConfig config = ModelConfig.parse(golden.configJson().replace(from, to), id);
        WeightSource.Synthesised synthesised = (WeightSource.Synthesised) golden.weights();
        return with(golden, config, new WeightSource.Synthesised(config, synthesised.weights(), synthesised.sha256()));
    }

    private static GoldenCase with(GoldenCase golden, ModelConfig config, WeightSource weights) {
        return new GoldenCase(
                golden.id(),
                golden.source(),
                config,
                golden.configJson(),
                golden.oracle(),
                golden.notes(),
                golden.prompts(),
                golden.yardsticks(),
                golden.sha256(),
                weights);
    }

    /// A checkpoint in which two tensors of the same shape have each other's values.
    private record Swapped(Checkpoint right, String one, String other) implements Checkpoint {
        @Override
        public ModelConfig config() {
            return right.config();
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
            String asked = name.equals(one) ? other : name.equals(other) ? one : name;
            return right.tensor(asked, shape);
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
