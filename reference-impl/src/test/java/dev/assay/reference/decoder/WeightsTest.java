package dev.assay.reference.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.golden.Goldens;
import dev.assay.reference.TinyModels;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WeightsTest {
    private static final int HIDDEN_SIZE = TinyModels.QWEN_3.hiddenSize();

    private final Checkpoint checkpoint = TinyModels.checkpoint(TinyModels.QWEN_3);
    private final Weights weights = new Weights(checkpoint);

    @AfterEach
    void close() {
        checkpoint.close();
    }

    @Test
    void matricesHaveTheElementsOfTheCheckpoint() {
        float[][] matrix = weights.matrix("model.embed_tokens.weight", TinyModels.VOCAB_SIZE, HIDDEN_SIZE); // [V][D]
        assertThat(matrix)
                .isDeepEqualTo(checkpoint
                        .tensor("model.embed_tokens.weight", TinyModels.VOCAB_SIZE, HIDDEN_SIZE)
                        .toMatrix());
    }

    @Test
    void prefixesAddUp() {
        float[] vector = weights.under("model.layers.1.").under("self_attn.").vector("q_norm.weight", 6);
        assertThat(vector)
                .isEqualTo(checkpoint
                        .tensor("model.layers.1.self_attn.q_norm.weight", 6)
                        .toVector());
    }

    @Test
    void aTensorIsDecodedOnceForAllViews() {
        float[] vector = weights.vector("model.norm.weight", HIDDEN_SIZE);
        assertThat(weights.under("model.").vector("norm.weight", HIDDEN_SIZE)).isSameAs(vector);
        float[][] matrix = weights.matrix("model.embed_tokens.weight", TinyModels.VOCAB_SIZE, HIDDEN_SIZE);
        assertThat(weights.under("model.").matrix("embed_tokens.weight", TinyModels.VOCAB_SIZE, HIDDEN_SIZE))
                .isSameAs(matrix);
        assertThat(weights.bytes()).isEqualTo((TinyModels.VOCAB_SIZE + 1L) * HIDDEN_SIZE * 4);
    }

    @Test
    void slicesAreTheMatricesOfAStackedTensor() {
        try (Checkpoint stacked = Goldens.bundled("llama4-scout").weights().open()) {
            TensorInfo info = stacked.tensors().stream()
                    .filter(tensor -> tensor.name().endsWith("experts.down_proj"))
                    .findFirst()
                    .orElseThrow();
            int count = info.shape().get(0);
            int rows = info.shape().get(1);
            int columns = info.shape().get(2);
            Weights experts = new Weights(stacked);
            float[][] last = experts.slice(info.name(), count - 1, count, rows, columns); // [rows][columns]
            assertThat(last).hasDimensions(rows, columns);
            Tensor tensor = stacked.tensor(info.name(), count, rows, columns);
            assertThat(last[0][0]).isEqualTo(tensor.at((count - 1L) * rows * columns));
            assertThat(last[rows - 1][columns - 1]).isEqualTo(tensor.at((long) count * rows * columns - 1));
            assertThat(experts.slice(info.name(), count - 1, count, rows, columns))
                    .isSameAs(last);
            assertThat(experts.bytes()).isEqualTo((long) rows * columns * Float.BYTES);
        }
    }

    @Test
    void clearForgetsWhatWasDecoded() {
        float[] vector = weights.vector("model.norm.weight", HIDDEN_SIZE);
        float[][] matrix = weights.matrix("model.embed_tokens.weight", TinyModels.VOCAB_SIZE, HIDDEN_SIZE);
        weights.clear();
        assertThat(weights.bytes()).isZero();
        assertThat(weights.vector("model.norm.weight", HIDDEN_SIZE))
                .isNotSameAs(vector)
                .isEqualTo(vector);
        assertThat(weights.matrix("model.embed_tokens.weight", TinyModels.VOCAB_SIZE, HIDDEN_SIZE))
                .isNotSameAs(matrix);
    }

    @Test
    void anotherShapeIsRefusedEvenIfTheTensorIsDecoded() {
        weights.vector("model.norm.weight", HIDDEN_SIZE);
        assertThatThrownBy(() -> weights.vector("model.norm.weight", HIDDEN_SIZE + 1))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.norm.weight");
        weights.matrix("model.embed_tokens.weight", TinyModels.VOCAB_SIZE, HIDDEN_SIZE);
        assertThatThrownBy(() -> weights.matrix("model.embed_tokens.weight", HIDDEN_SIZE, TinyModels.VOCAB_SIZE))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.embed_tokens.weight");
    }

    @Test
    void aMissingTensorIsNamed() {
        assertThatThrownBy(() -> weights.under("model.").vector("nothing.weight", 1))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model.nothing.weight");
    }
}
