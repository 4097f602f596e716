package dev.assay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import dev.assay.checkpoint.SyntheticTensor.Rounding;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsCheckpointTest {
    private static final String NORM = "model.norm.weight";
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {Fixtures.QWEN_3, Fixtures.LLAMA_3, Fixtures.DEEPSEEK_V3})
    void everyTensorOfTheLayoutIsThere(String config) {
        Fixtures.write(folder, config, Fixtures.weights(config));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.source()).isEqualTo(folder.toString());
            assertThat(checkpoint.config()).isEqualTo(Fixtures.config(config));
            assertThat(checkpoint.skipped()).isEmpty();
            assertThat(checkpoint.tensors())
                    .isSortedAccordingTo((a, b) -> a.name().compareTo(b.name()));
            for (TensorSpec spec : CheckpointLayout.of(checkpoint.config())) {
                int[] shape = spec.shape().stream().mapToInt(Integer::intValue).toArray();
                assertThat(checkpoint.contains(spec.name())).isTrue();
                assertThat(checkpoint.tensor(spec.name(), shape).info().shape()).isEqualTo(spec.shape());
            }
            assertThat(checkpoint.tensors())
                    .hasSameSizeAs(CheckpointLayout.of(checkpoint.config()))
                    .hasSizeGreaterThan(20);
            checkpoint.checkFinite();
        }
    }

    @Test
    void callerLearnsOfAnotherShapeAndOfAMissingTensor() {
        Fixtures.write(folder, Fixtures.QWEN_3, Fixtures.weights(Fixtures.QWEN_3));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThatThrownBy(() -> checkpoint.tensor(NORM, 21))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(folder + ": model.norm.weight: expected [21], the checkpoint has [20]");
            assertThatThrownBy(() -> checkpoint.tensor("x", 2, 3))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(folder + ": x: expected [2][3], the checkpoint has no such tensor");
            assertThat(checkpoint.contains(HEAD)).isFalse();
        }
    }

    @Test
    void closedCheckpointCannotBeRead() {
        Fixtures.write(folder, Fixtures.QWEN_3, Fixtures.weights(Fixtures.QWEN_3));
        Checkpoint checkpoint = Checkpoint.open(folder);
        Tensor norm = checkpoint.tensor(NORM, 20);
        checkpoint.close();
        checkpoint.close();

        assertThatThrownBy(() -> norm.at(0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shardsReadAsOneFile() {
        SyntheticWeights weights = Fixtures.weights(Fixtures.LLAMA_3);
        Path single = Fixtures.write(folder.resolve("single"), Fixtures.LLAMA_3, weights);
        Path sharded = Fixtures.writeSharded(folder.resolve("sharded"), Fixtures.LLAMA_3, weights, 9);
        try (Checkpoint expected = Checkpoint.open(single);
                Checkpoint actual = Checkpoint.open(sharded)) {
            assertThat(actual.tensors()).isEqualTo(expected.tensors());
            for (TensorInfo info : expected.tensors()) {
                int[] shape = info.shape().stream().mapToInt(Integer::intValue).toArray();
                MemorySegment data = expected.tensor(info.name(), shape).data();
                assertThat(actual.tensor(info.name(), shape).data().mismatch(data))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void singleFileWinsOverAnIndexBesideIt() throws IOException {
        Fixtures.writeSharded(folder, Fixtures.QWEN_3, Fixtures.weights(Fixtures.QWEN_3), 5);
        Files.writeString(folder.resolve("model.safetensors.index.json"), "not even JSON");
        Fixtures.weights(Fixtures.QWEN_3).writeSafetensors(folder.resolve("model.safetensors"));

        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.contains(NORM)).isTrue();
        }
    }

    @Test
    void folderWithoutWeightsIsRefused() throws IOException {
        assertRefused("expected model.safetensors or model.safetensors.index.json, found neither");

        assertThatThrownBy(() -> Checkpoint.open(folder.resolve("none")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageEndingWith("none: expected a folder with config.json and model.safetensors");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/etc/passwd",
                "../model-00001-of-00002.safetensors",
                "..",
                ".",
                "''",
                "shards/model-00001-of-00002.safetensors",
                "..\\model.safetensors",
                "C:model.safetensors",
                "\\\\server\\share\\model.safetensors",
            })
    void indexMustNameFilesInItsFolder(String file) {
        sharded();
        edit(Fixtures.shard(1), file.replace("\\", "\\\\"));

        assertRefused(
                "model.safetensors.index.json: weight_map: ",
                ": expected the name of a file in the same folder, found " + file);
    }

    @Test
    void linkOutOfTheFolderIsRefused() throws IOException {
        sharded();
        Path outside = Files.createDirectory(folder.resolveSibling(folder.getFileName() + "-outside"));
        Path shard = folder.resolve(Fixtures.shard(1));
        Path target = Files.move(shard, outside.resolve("elsewhere"));
        Files.createSymbolicLink(shard, target);

        assertRefused(Fixtures.shard(1), ": expected a file in the folder, found a link to ");

        Files.delete(shard);
        Files.move(target, folder.resolve("here"));
        Files.createSymbolicLink(shard, Path.of("here"));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.contains(NORM)).isTrue();
        }
        Files.delete(outside);
    }

    @Test
    void linksOfTheHubCacheAreFollowed() throws IOException {
        Path blobs = Files.createDirectories(folder.resolve("models--x/blobs"));
        Path snapshot = folder.resolve("models--x/snapshots/0123abcd");
        Fixtures.writeSharded(snapshot, Fixtures.QWEN_3, Fixtures.weights(Fixtures.QWEN_3), 5);
        for (String name : List.of("config.json", Fixtures.shard(1), Fixtures.shard(2))) {
            Files.move(snapshot.resolve(name), blobs.resolve("hash of " + name));
            Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs/hash of " + name));
        }

        try (Checkpoint checkpoint = Checkpoint.open(snapshot)) {
            assertThat(checkpoint.contains(NORM)).isTrue();
        }
    }

    @Test
    void missingShardIsRefused() throws IOException {
        sharded();
        Files.delete(folder.resolve(Fixtures.shard(2)));

        assertRefused("index.json: expected shard model-00002-of-00002.safetensors in the folder, it is missing");
    }

    @Test
    void tensorInAnotherShardThanTheIndexSaysIsRefused() {
        sharded();
        edit("\"" + NORM + "\":\"" + Fixtures.shard(2) + "\"", "\"" + NORM + "\":\"" + Fixtures.shard(1) + "\"");

        assertRefused("index.json: model.norm.weight: found in " + Fixtures.shard(2) + ", the index says "
                + Fixtures.shard(1));
    }

    @Test
    void tensorThatTheIndexDoesNotNameIsRefused() {
        sharded();
        edit(",\"" + NORM + "\":\"" + Fixtures.shard(2) + "\"", "");

        assertRefused("index.json: model.norm.weight: found in " + Fixtures.shard(2) + ", the index does not name it");
    }

    @Test
    void tensorThatNoShardHasIsRefused() {
        sharded();
        edit("\"" + NORM + "\":", "\"more\":\"" + Fixtures.shard(2) + "\",\"" + NORM + "\":");

        assertRefused("index.json: more: expected in " + Fixtures.shard(2) + ", which has no such tensor");
    }

    @Test
    void tensorInTwoShardsIsRefused() throws IOException {
        sharded();
        SyntheticWeights weights = Fixtures.weights(Fixtures.LLAMA_3);
        new SyntheticWeights(7, weights.tensors().subList(8, weights.tensors().size()))
                .writeSafetensors(folder.resolve(Fixtures.shard(2)));

        assertRefused("index.json: " + weights.tensors().get(8).info().name() + ": expected in one shard, found in "
                + Fixtures.shard(1) + " and " + Fixtures.shard(2));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                | expected an object, found nothing",
                "[]                                | expected an object, found an array",
                "{}                                | expected a weight_map with tensors, found none",
                "{\"weight_map\": {}}              | expected a weight_map with tensors, found none",
                "{\"weight_map\": []}              | weight_map: expected an object, found an array",
                "{\"weight_map\": {\"a\": 1}}      | weight_map: a: expected a string, found an integer 1",
                "{\"weight_map\": {\"a\": \"b\"}   | expected JSON, found: Unexpected end-of-input",
                "{\"weight_map\": {\"a\": \"b\", \"a\": \"b\"}} | expected JSON, found: Duplicate Object property"
                        + " \"a\"",
                "{\"weight_map\": {\"a\": \"b\"}} 1 | expected nothing after the JSON object",
                "{\"metadata\": [[[[[[[[[[[[[[[[[[[[ | expected JSON, found: Document nesting depth",
            })
    void malformedIndexIsRefused(String index, String message) throws IOException {
        Files.writeString(folder.resolve("model.safetensors.index.json"), index);

        assertRefused("model.safetensors.index.json: ", message);
    }

    @Test
    void missingTensorsAreNamedAndCounted() {
        write(Fixtures.LLAMA_3, tensors -> {
            tensors.removeIf(tensor -> tensor.info().name().startsWith("model.layers.1.self_attn"));
            return tensors;
        });

        assertRefused(folder
                + ": model.layers.1.self_attn.q_proj.weight: expected [24][20], the checkpoint has no such tensor;"
                + " 7 more are wrong");
    }

    @Test
    void untiedModelNeedsItsHead() {
        write(Fixtures.LLAMA_3, tensors -> {
            tensors.removeIf(tensor -> tensor.info().name().equals(HEAD));
            return tensors;
        });

        assertRefused(": lm_head.weight: expected [33][20], the checkpoint has no such tensor");
    }

    @Test
    void wrongShapeIsNamedWithItsFile() {
        write(Fixtures.QWEN_3, tensors -> {
            tensors.replaceAll(tensor -> tensor.info().name().endsWith("q_norm.weight")
                    ? Fixtures.tensor(tensor.info().name(), ElementType.BF16, 5)
                    : tensor);
            return tensors;
        });

        assertRefused(folder.resolve("model.safetensors")
                + ": model.layers.0.self_attn.q_norm.weight: expected [6], the checkpoint has [5]; 1 more are wrong");
    }

    @Test
    void tensorThatNobodyKnowsIsRefused() {
        write(Fixtures.QWEN_3, tensors -> {
            tensors.add(Fixtures.tensor("model.layers.0.self_attn.sinks", ElementType.BF16, 4));
            tensors.add(Fixtures.tensor("model.layers.2.mlp.up_proj.weight", ElementType.BF16, 28, 20));
            return tensors;
        });

        assertRefused("model.safetensors: model.layers.0.self_attn.sinks BF16 [4]: no tensor of Qwen3 with this"
                + " configuration; 1 more are wrong");
    }

    @Test
    void integersAreNoWeights() throws IOException {
        Fixtures.write(folder, Fixtures.QWEN_3, Fixtures.weights(Fixtures.QWEN_3));
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        // A norm of 20 BF16 numbers, called integers of the same size.
        replace(
                bytes,
                "\"model.norm.weight\":{\"dtype\":\"BF16\",\"shape\":[20]",
                "\"model.norm.weight\":{\"dtype\":\"I16\",\"shape\": [20]");
        Files.write(file, bytes);

        assertRefused("model.safetensors: model.norm.weight: expected floating-point elements, found I16");
    }

    @Test
    void otherPartsOfAMultimodalModelAreSkippedWithTheirReason() throws IOException {
        String config = Fixtures.LLAMA_3;
        write(config, tensors -> {
            tensors.replaceAll(
                    tensor -> renamed(tensor, "language_model." + tensor.info().name()));
            tensors.add(Fixtures.tensor("vision_tower.patch_conv.weight", ElementType.F32, 2, 3, 4, 4));
            tensors.add(Fixtures.tensor("multi_modal_projector.linear_1.weight", ElementType.F16, 2, 3));
            tensors.add(Fixtures.tensor("model.audio_tower.conv.weight", ElementType.F32, 1));
            tensors.add(
                    Fixtures.tensor("language_model.model.layers.0.self_attn.rotary_emb.inv_freq", ElementType.F32, 3));
            return tensors;
        });

        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensor(HEAD, 33, 20).info().name()).isEqualTo(HEAD);
            assertThat(checkpoint.contains("language_model." + HEAD)).isFalse();
            assertThat(checkpoint.skipped())
                    .extracting(SkippedTensor::name, SkippedTensor::reason)
                    .containsExactly(
                            tuple(
                                    "language_model.model.layers.0.self_attn.rotary_emb.inv_freq",
                                    "rotary frequencies, which follow from the configuration"),
                            tuple("model.audio_tower.conv.weight", "audio tower"),
                            tuple("multi_modal_projector.linear_1.weight", "multimodal projector"),
                            tuple("vision_tower.patch_conv.weight", "vision tower"));
        }
    }

    @Test
    void laterMultimodalPrefixIsTakenOff() {
        write(Fixtures.QWEN_3, tensors -> {
            tensors.replaceAll(
                    tensor -> renamed(tensor, tensor.info().name().replace("model.", "model.language_model.")));
            return tensors;
        });

        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.contains(NORM)).isTrue();
        }
    }

    @Test
    void sameTensorUnderTwoPrefixesIsRefused() {
        write(Fixtures.QWEN_3, tensors -> {
            tensors.add(Fixtures.tensor("language_model." + NORM, ElementType.BF16, 20));
            return tensors;
        });

        assertRefused(
                folder + ": model.norm.weight: expected once, found as language_model.model.norm.weight in ",
                " and as model.norm.weight in ");
    }

    @Test
    void predictionLayerIsSkippedWhereTheConfigurationHasOne() {
        UnaryOperator<List<SyntheticTensor>> withPrediction = tensors -> {
            tensors.add(Fixtures.tensor("model.layers.2.eh_proj.weight", ElementType.BF16, 20, 40));
            tensors.add(Fixtures.tensor("model.layers.2.shared_head.head.weight", ElementType.BF16, 33, 20));
            return tensors;
        };
        write(Fixtures.DEEPSEEK_V3, withPrediction);

        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.skipped())
                    .hasSize(2)
                    .allMatch(skipped -> skipped.reason().equals("multi-token prediction layer"));
        }

        String without =
                Fixtures.DEEPSEEK_V3.replace("\"num_nextn_predict_layers\": 1", "\"num_nextn_predict_layers\": 0");
        write(without, withPrediction);
        assertRefused("model.layers.2.eh_proj.weight BF16 [20][40]: no tensor of DeepSeek V3");

        write(Fixtures.DEEPSEEK_V3, tensors -> {
            tensors.add(Fixtures.tensor("model.layers.3.eh_proj.weight", ElementType.BF16, 20, 40));
            tensors.add(Fixtures.tensor("model.layers.02x.eh_proj.weight", ElementType.BF16, 20, 40));
            return tensors;
        });
        assertRefused("model.layers.02x.eh_proj.weight", "; 1 more are wrong");
    }

    @Test
    void copyOfATiedEmbeddingIsSkipped() {
        write(Fixtures.QWEN_3, tensors -> {
            SyntheticTensor embedding = find(tensors, EMBEDDING);
            tensors.add(new SyntheticTensor(
                    new TensorInfo(HEAD, ElementType.BF16, List.of(33, 20)),
                    0,
                    embedding.std(),
                    EMBEDDING,
                    Rounding.TO_TYPE));
            return tensors;
        });

        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.contains(HEAD)).isFalse();
            assertThat(checkpoint.skipped())
                    .containsExactly(new SkippedTensor(HEAD, "BF16", List.of(33, 20), "copy of the tied embedding"));
        }
    }

    @ParameterizedTest
    @CsvSource({"BF16, 33, 1", "F32, 33, 1", "BF16, 32, 1"})
    void headThatIsNoCopyOfItsTiedEmbeddingIsRefused(ElementType type, int rows, double std) {
        write(Fixtures.QWEN_3, tensors -> {
            tensors.add(new SyntheticTensor(
                    new TensorInfo(HEAD, type, List.of(rows, 20)), 0, std, EMBEDDING, Rounding.TO_TYPE));
            return tensors;
        });

        assertRefused("model.safetensors: lm_head.weight " + type + " [" + rows
                + "][20]: expected a copy of model.embed_tokens.weight BF16 [33][20], as tie_word_embeddings is"
                + " true, found other values");
    }

    @Test
    void fp8MatrixNeedsScalesOfItsBlocks() {
        String scales = "model.layers.0.mlp.down_proj.weight_scale_inv";
        writeFp8(tensors -> {
            tensors.removeIf(tensor -> tensor.info().name().equals(scales));
            return tensors;
        });
        assertRefused("model.layers.0.mlp.down_proj.weight: expected block scales " + scales
                + ", the checkpoint has no such tensor");

        writeFp8(tensors -> {
            tensors.replaceAll(tensor ->
                    tensor.info().name().equals(scales) ? Fixtures.tensor(scales, ElementType.F32, 3, 1) : tensor);
            return tensors;
        });
        assertRefused("expected block scales F32 [3][2], found " + scales + " F32 [3][1]");

        writeFp8(tensors -> {
            tensors.replaceAll(tensor ->
                    tensor.info().name().equals(scales) ? Fixtures.tensor(scales, ElementType.BF16, 3, 2) : tensor);
            return tensors;
        });
        assertRefused("expected block scales F32 [3][2], found " + scales + " BF16 [3][2]");
    }

    @Test
    void scalesWithoutFp8AreRefused() {
        write(Fixtures.DEEPSEEK_V3, tensors -> {
            tensors.add(Fixtures.tensor("model.layers.0.mlp.down_proj.weight_scale_inv", ElementType.F32, 3, 2));
            return tensors;
        });
        assertRefused("expected F8_E4M3, as model.layers.0.mlp.down_proj.weight_scale_inv exists, found BF16");

        write(Fixtures.DEEPSEEK_V3, tensors -> {
            tensors.add(Fixtures.tensor("model.layers.0.mlp.weight_scale_inv", ElementType.F32, 3, 2));
            return tensors;
        });
        assertRefused("model.layers.0.mlp.weight_scale_inv F32 [3][2]: no tensor of DeepSeek V3");
    }

    @Test
    void fp8IsForMatricesOnly() {
        write(Fixtures.DEEPSEEK_V3, tensors -> {
            tensors.replaceAll(tensor ->
                    tensor.info().name().equals(NORM) ? Fixtures.tensor(NORM, ElementType.F8_E4M3, 20) : tensor);
            return tensors;
        });
        assertRefused(
                "model.norm.weight: expected a type of at least 16 bits, as only matrices of linear layers may be FP8,"
                        + " found F8_E4M3");
    }

    @Test
    void blockScalesOfAModelWithoutBlocksAreRefused() {
        String matrix = "model.layers.0.mlp.down_proj.weight";
        UnaryOperator<List<SyntheticTensor>> unscaled = tensors -> {
            tensors.replaceAll(tensor -> tensor.info().name().equals(matrix)
                    ? Fixtures.tensor(matrix, ElementType.F8_E4M3, 20, 28)
                    : tensor);
            return tensors;
        };
        write(Fixtures.QWEN_3, unscaled);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensor(matrix, 20, 28).scales()).isNull();
        }

        write(Fixtures.QWEN_3, tensors -> {
            tensors.add(Fixtures.tensor(matrix + "_scale_inv", ElementType.F32, 3, 2));
            return unscaled.apply(tensors);
        });
        assertRefused(matrix + ": has block scales, but the configuration has no weight_block_size");
    }

    @Test
    void notFiniteWeightIsNamedWhenAskedFor() throws IOException {
        Fixtures.write(folder, Fixtures.QWEN_3, Fixtures.weights(Fixtures.QWEN_3));
        Path file = folder.resolve("model.safetensors");
        long length = Files.size(file);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            // The last tensor is the final norm; its elements have two bytes.
            bytes.seek(length - 6);
            bytes.write(new byte[] {(byte) 0xc0, 0x7f});
        }

        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThatThrownBy(checkpoint::checkFinite)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(folder + ": model.norm.weight [20]: expected finite elements, element 17 is NaN");
        }
    }

    @Test
    void largeFileOpensWithoutBeingRead() throws IOException {
        // Qwen3-0.6B in F32, 2.4 GB; a sparse file takes no room on the disk.
        String config = Fixtures.resource("/dev/assay/config/published/qwen3-0.6b.json");
        Files.writeString(folder.resolve("config.json"), config);
        assertThat(writeSparse(folder.resolve("model.safetensors"), config)).isEqualTo(4 * 596_049_920L);

        long start = System.nanoTime();
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensor(EMBEDDING, 151_936, 1024).at(151_936L * 1024 - 1))
                    .isZero();
        }
        // Milliseconds on an idle machine; a busy one gets the time it takes to read the file from a disk.
        assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
    }

    /// A file of zeros of the right size, F32.
    private static long writeSparse(Path file, String config) throws IOException {
        StringBuilder header = new StringBuilder("{");
        long offset = 0;
        for (TensorSpec spec : CheckpointLayout.of(Fixtures.config(config))) {
            long end = offset + 4 * spec.elements();
            header.append(offset == 0 ? "" : ",")
                    .append("\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                            .formatted(spec.name(), spec.shape(), offset, end));
            offset = end;
        }
        byte[] head = Fixtures.file(header + "}");
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.write(head);
            bytes.setLength(head.length + offset);
        }
        return offset;
    }

    private void sharded() {
        Fixtures.writeSharded(folder, Fixtures.LLAMA_3, Fixtures.weights(Fixtures.LLAMA_3), 9);
    }

    private void edit(String from, String to) {
        Path index = folder.resolve("model.safetensors.index.json");
        try {
            String text = Files.readString(index);
            assertThat(text).contains(from);
            Files.writeString(index, text.replace(from, to));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void replace(byte[] bytes, String from, String to) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        assertThat(text).contains(from);
        assertThat(to).hasSameSizeAs(from);
        System.arraycopy(to.getBytes(StandardCharsets.ISO_8859_1), 0, bytes, text.indexOf(from), to.length());
    }

    private void write(String config, UnaryOperator<List<SyntheticTensor>> change) {
        Fixtures.write(folder, config, Fixtures.changed(Fixtures.weights(config), change));
    }

    private void writeFp8(UnaryOperator<List<SyntheticTensor>> change) {
        SyntheticWeights weights =
                SyntheticWeights.forShape(Fixtures.config(Fixtures.DEEPSEEK_V3), ElementType.F8_E4M3, 7);
        Fixtures.write(folder, Fixtures.DEEPSEEK_V3, Fixtures.changed(weights, change));
    }

    private static SyntheticTensor find(List<SyntheticTensor> tensors, String name) {
        return tensors.stream()
                .filter(tensor -> tensor.info().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static SyntheticTensor renamed(SyntheticTensor tensor, String name) {
        TensorInfo info = tensor.info();
        return new SyntheticTensor(new TensorInfo(name, info.type(), info.shape()), tensor.mean(), tensor.std());
    }

    private void assertRefused(String... messages) {
        try {
            if (!Files.exists(folder.resolve("config.json"))) {
                Files.writeString(folder.resolve("config.json"), Fixtures.LLAMA_3);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var refusal = assertThatThrownBy(() -> Checkpoint.open(folder)).isInstanceOf(CheckpointException.class);
        for (String message : messages) {
            refusal.hasMessageContaining(message);
        }
    }
}
