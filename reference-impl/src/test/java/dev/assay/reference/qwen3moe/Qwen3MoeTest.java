package dev.assay.reference.qwen3moe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.ModelConfig;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.golden.Goldens;
import dev.assay.reference.ReferenceEngine;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class Qwen3MoeTest {
    /// The golden case has every second layer, where counting from −1 would be the same as counting from 1.
    @Test
    void everyThirdLayerHasExpertsCountedFromOne() {
        String json = Goldens.bundled("qwen3-moe-sparse-step").configJson();
        ModelConfig config = ModelConfig.parse(
                json.replace("\"decoder_sparse_step\": 2", "\"decoder_sparse_step\": 3"), "every third layer");
        List<Integer> layersWithExperts = new ArrayList<>();
        TapListener taps = new TapListener() {
            @Override
            public void on(TapPoint point, float[][] rows) {}

            @Override
            public void onRoutedExperts(int layer, int[][] chosen) {
                layersWithExperts.add(layer);
            }
        };
        try (Checkpoint checkpoint =
                        SyntheticWeights.forShape(config, ElementType.BF16, 1).checkpoint(config);
                Model model = new ReferenceEngine().load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(1).withTaps(taps))) {
            session.decode(1);
        }
        assertThat(layersWithExperts).as("of 6 layers").containsExactly(2, 5);
    }
}
