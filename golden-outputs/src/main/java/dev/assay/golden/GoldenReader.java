package dev.assay.golden;

import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SafetensorsFile;
import dev.assay.checkpoint.SyntheticTensor;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import dev.assay.engine.TapPoint;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads one golden case. Every digest is checked before the content is used.
final class GoldenReader {
    static final String GOLDEN_JSON = "golden.json";
    private static final String FORMAT = "assay-golden/1";
    private static final String CONFIG = "config.json";
    private static final String TENSORS = "golden.safetensors";
    private static final String MODEL = "model.safetensors";
    private static final String MODEL_INDEX = "model.safetensors.index.json";
    private static final String EXPERTS = "experts.";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final CaseFiles files;
    private final String name;

    GoldenReader(CaseFiles files) {
        this.files = files;
        this.name = files.nameOf(GOLDEN_JSON);
    }

    static JsonNode json(byte[] bytes, String name) {
        try {
            return JSON.readTree(bytes);
        } catch (JacksonException e) {
            throw new GoldenException(name + ": not JSON: " + e.getOriginalMessage(), e);
        }
    }

    GoldenCase read() {
        byte[] bytes = readDescription();
        JsonNode root = root(bytes);
        checkDigests(root);

        String configJson = new String(files.read(CONFIG), StandardCharsets.UTF_8);
        ModelConfig config = ModelConfig.parse(configJson, files.nameOf(CONFIG));
        List<GoldenPrompt> prompts = new ArrayList<>();
        Map<TapPoint, FloatError> yardsticks = tapErrors(root);
        try (SafetensorsFile tensors = files.openTensors(TENSORS)) {
            Set<String> unread = new TreeSet<>();
            tensors.tensors().forEach(info -> unread.add(info.name()));
            for (JsonNode prompt : array(root, "prompts")) {
                prompts.add(prompt(prompt, config, tensors, unread));
            }
            if (!unread.isEmpty()) {
                throw new GoldenException(files.nameOf(TENSORS) + ": tensor "
                        + unread.iterator().next() + " belongs to no prompt of " + GOLDEN_JSON);
            }
        }
        requirePrompts(prompts);
        addLogitsYardstick(root, config, prompts, yardsticks);
        return new GoldenCase(
                text(root, "case"),
                files.source(),
                config,
                configJson,
                oracle(root),
                root.path("notes").asString(""),
                prompts,
                yardsticks,
                Digests.sha256(bytes),
                weights(root, config));
    }

    /// Reads the configuration alone, by its digest: for whoever asks what a case is, not whether it can be
    /// believed.
    ModelConfig readConfig() {
        JsonNode root = root(readDescription());
        checkDigest(object(root, "sha256"), CONFIG);
        return ModelConfig.parse(new String(files.read(CONFIG), StandardCharsets.UTF_8), files.nameOf(CONFIG));
    }

    /// Reads the identity alone.
    CaseIdentity readIdentity() {
        byte[] bytes = readDescription();
        return new CaseIdentity(text(root(bytes), "case"), Digests.sha256(bytes));
    }

    private byte[] readDescription() {
        if (!files.has(GOLDEN_JSON)) {
            throw new GoldenException(name + ": missing; a golden case is a folder with " + CONFIG + ", " + GOLDEN_JSON
                    + " and " + TENSORS);
        }
        return files.read(GOLDEN_JSON);
    }

    private JsonNode root(byte[] bytes) {
        JsonNode root = json(bytes, name);
        String format = text(root, "format");
        if (!format.equals(FORMAT)) {
            throw wrong("format", FORMAT, format);
        }
        return root;
    }

    /// Checks every digest, and that nothing that will be read lacks one.
    private void checkDigests(JsonNode root) {
        JsonNode digests = object(root, "sha256");
        Set<String> listed = new HashSet<>(digests.propertyNames());
        for (String file : List.of(CONFIG, TENSORS, MODEL, MODEL_INDEX)) {
            boolean required = file.equals(CONFIG) || file.equals(TENSORS);
            if ((required || files.has(file)) && !listed.contains(file)) {
                throw wrong("sha256", "a digest of " + file, "none");
            }
        }
        boolean synthetic = root.has("synthetic");
        for (String file : listed) {
            if (file.contains("/") || file.contains("\\") || file.equals("..")) {
                throw wrong("sha256", "files of the case's own folder", file);
            }
            if (file.equals(MODEL) && synthetic && !files.has(MODEL)) {
                continue; // The digest of what the weights would be as a file.
            }
            checkDigest(digests, file);
        }
    }

    private void checkDigest(JsonNode digests, String file) {
        String expected = text(digests, file);
        if (!files.has(file)) {
            throw new GoldenException(files.nameOf(file) + ": missing; " + name + " lists it");
        }
        String found = files.sha256(file);
        if (!found.equalsIgnoreCase(expected)) {
            throw new GoldenException(files.nameOf(file) + ": expected SHA-256 " + expected + ", found " + found);
        }
    }

    private Oracle oracle(JsonNode root) {
        JsonNode oracle = object(root, "oracle");
        return new Oracle(
                text(oracle, "library"), text(oracle, "version"), text(oracle, "dtype"), text(oracle, "attention"));
    }

    private Map<TapPoint, FloatError> tapErrors(JsonNode root) {
        Map<TapPoint, FloatError> errors = new HashMap<>();
        root.path("tap_f32_error")
                .forEachEntry(
                        (key, value) -> errors.put(tapPoint(key, name), floatError(value, "tap_f32_error." + key)));
        return errors;
    }

    /// Pools the float32 errors of the prompts: one token alone would make a yardstick of luck.
    private void addLogitsYardstick(
            JsonNode root, ModelConfig config, List<GoldenPrompt> prompts, Map<TapPoint, FloatError> yardsticks) {
        double squares = 0;
        double max = 0;
        long elements = 0;
        for (int i = 0; i < prompts.size(); i++) {
            JsonNode node = root.path("prompts").path(i).path("f32_error");
            if (node.isMissingNode()) {
                return;
            }
            FloatError error =
                    floatError(node, "f32_error of prompt " + prompts.get(i).id());
            long count = (long) prompts.get(i).tokens().length * config.vocabSize();
            squares += error.rms() * error.rms() * count;
            max = Math.max(max, error.max());
            elements += count;
        }
        yardsticks.put(TapPoint.LOGITS, new FloatError(Math.sqrt(squares / elements), max));
    }

    private FloatError floatError(JsonNode node, String where) {
        double rms = number(node, "rms", where);
        double max = number(node, "max", where);
        if (!(rms >= 0 && max >= rms && max < Double.POSITIVE_INFINITY)) {
            throw wrong(where, "0 <= rms <= max", "rms " + rms + ", max " + max);
        }
        return new FloatError(rms, max);
    }

    private GoldenPrompt prompt(JsonNode node, ModelConfig config, SafetensorsFile tensors, Set<String> unread) {
        String id = text(node, "id");
        int[] tokens = tokens(node, "tokens", id, config);
        if (tokens.length == 0) {
            throw wrong("tokens of prompt " + id, "at least one token", "none");
        }
        int[] greedy = node.has("greedy") ? tokens(node, "greedy", id, config) : new int[0];
        double[] gaps = new double[node.path("greedy_gap").size()];
        for (int i = 0; i < gaps.length; i++) {
            gaps[i] = node.path("greedy_gap").path(i).asDouble(Double.NaN);
        }
        if (gaps.length != greedy.length) {
            throw wrong("greedy_gap of prompt " + id, greedy.length + " numbers", Integer.toString(gaps.length));
        }

        String prefix = id + "/";
        double[][] logits = null;
        NavigableMap<TapPoint, double[][]> taps = new TreeMap<>();
        Map<Integer, int[][]> experts = new TreeMap<>();
        for (TensorInfo info : tensors.tensors()) {
            if (!info.name().startsWith(prefix)) {
                continue;
            }
            unread.remove(info.name());
            String tap = info.name().substring(prefix.length());
            Tensor tensor = tensors.tensor(info.name());
            if (tap.startsWith(EXPERTS)) {
                experts.put(layer(tap, info), integers(tensor, tokens.length));
            } else {
                TapPoint point = tapPoint(tap, files.nameOf(TENSORS));
                int width = width(point, info, config);
                double[][] rows = rows(tensor, tokens.length, width);
                if (point.equals(TapPoint.LOGITS)) {
                    logits = rows;
                } else {
                    taps.put(point, rows);
                }
            }
        }
        if (logits == null) {
            throw new GoldenException(files.nameOf(TENSORS) + ": tensor " + prefix + "logits is missing");
        }
        return new GoldenPrompt(id, tokens, greedy, gaps, logits, taps, experts);
    }

    private int layer(String tap, TensorInfo info) {
        try {
            return Integer.parseInt(tap.substring(EXPERTS.length()));
        } catch (NumberFormatException e) {
            throw new GoldenException(files.nameOf(TENSORS) + ": no tap is named " + info.name(), e);
        }
    }

    private static TapPoint tapPoint(String text, String file) {
        try {
            return TapPoint.parse(text);
        } catch (IllegalArgumentException e) {
            throw new GoldenException(file + ": " + e.getMessage(), e);
        }
    }

    /// Columns of a tap: fixed by the configuration where it says, else whatever the file has.
    private static int width(TapPoint point, TensorInfo info, ModelConfig config) {
        return switch (point.tap()) {
            case LOGITS -> config.vocabSize();
            case HIDDEN, ATTENTION_INPUT, ATTENTION, FEED_FORWARD_INPUT, FEED_FORWARD -> config.hiddenSize();
            case CONTEXT, ROUTER_LOGITS ->
                info.shape().isEmpty() ? 0 : info.shape().getLast();
        };
    }

    private double[][] rows(Tensor tensor, int rows, int columns) {
        TensorInfo info = tensor.info();
        requireShape(info, rows, columns);
        if (info.type() != ElementType.F64 && info.type() != ElementType.F32) {
            throw new GoldenException(
                    files.nameOf(TENSORS) + ": tensor " + info.name() + ": expected F64 or F32, found " + info.type());
        }
        double[][] values = new double[rows][columns]; // [T][width]
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < columns; i++) {
                long index = (long) t * columns + i;
                double value = info.type() == ElementType.F64
                        ? tensor.data().get(DOUBLE, index * Double.BYTES)
                        : tensor.at(index);
                if (!Double.isFinite(value)) {
                    throw new GoldenException(files.nameOf(TENSORS) + ": tensor " + info.name() + "[" + t + "][" + i
                            + "]: expected a finite number, found " + value);
                }
                values[t][i] = value;
            }
        }
        return values;
    }

    private int[][] integers(Tensor tensor, int rows) {
        TensorInfo info = tensor.info();
        int columns = info.shape().isEmpty() ? 0 : info.shape().getLast();
        requireShape(info, rows, columns);
        if (info.type() != ElementType.I32) {
            throw new GoldenException(
                    files.nameOf(TENSORS) + ": tensor " + info.name() + ": expected I32, found " + info.type());
        }
        int[][] values = new int[rows][columns]; // [T][k]
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < columns; i++) {
                values[t][i] = tensor.data().get(INT, ((long) t * columns + i) * Integer.BYTES);
            }
        }
        return values;
    }

    private void requireShape(TensorInfo info, int rows, int columns) {
        List<Integer> expected = List.of(rows, columns);
        if (columns == 0 || !info.shape().equals(expected)) {
            throw new GoldenException(files.nameOf(TENSORS) + ": tensor " + info.name() + ": expected shape " + expected
                    + ", found " + info.shape());
        }
    }

    private int[] tokens(JsonNode prompt, String key, String id, ModelConfig config) {
        JsonNode array = array(prompt, key);
        int[] tokens = new int[array.size()];
        for (int i = 0; i < tokens.length; i++) {
            JsonNode token = array.path(i);
            if (!token.isInt() || token.asInt() < 0 || token.asInt() >= config.vocabSize()) {
                throw wrong(key + " of prompt " + id, "ids from 0 to " + (config.vocabSize() - 1), token.toString());
            }
            tokens[i] = token.asInt();
        }
        return tokens;
    }

    private void requirePrompts(List<GoldenPrompt> prompts) {
        if (prompts.isEmpty()) {
            throw wrong("prompts", "at least one prompt", "none");
        }
        Set<String> ids = new HashSet<>();
        for (GoldenPrompt prompt : prompts) {
            if (!ids.add(prompt.id())) {
                throw wrong("prompts", "ids that differ", prompt.id() + " twice");
            }
        }
    }

    private WeightSource weights(JsonNode root, ModelConfig config) {
        if (files instanceof FolderFiles(var folder) && (files.has(MODEL) || files.has(MODEL_INDEX))) {
            return new WeightSource.InFolder(folder);
        }
        if (!root.has("synthetic")) {
            throw new GoldenException(files.nameOf(MODEL) + ": missing, and " + name + " does not say how to"
                    + " synthesise the weights");
        }
        String sha256 = text(object(root, "sha256"), MODEL);
        return new WeightSource.Synthesised(config, synthetic(object(root, "synthetic")), sha256);
    }

    private SyntheticWeights synthetic(JsonNode node) {
        String algorithm = text(node, "algorithm");
        if (!algorithm.equals(SyntheticWeights.ALGORITHM)) {
            throw wrong("synthetic.algorithm", SyntheticWeights.ALGORITHM, algorithm);
        }
        JsonNode seed = node.path("seed");
        if (!seed.isIntegralNumber() || !seed.canConvertToLong()) {
            throw wrong("synthetic.seed", "a 64-bit integer", seed.toString());
        }
        List<SyntheticTensor> tensors = new ArrayList<>();
        for (JsonNode tensor : array(node, "tensors")) {
            String tensorName = text(tensor, "name");
            List<Integer> shape = new ArrayList<>();
            for (JsonNode size : array(tensor, "shape")) {
                if (!size.isInt() || size.asInt() < 1) {
                    throw wrong("shape of " + tensorName, "sizes of at least 1", size.toString());
                }
                shape.add(size.asInt());
            }
            double mean = number(tensor, "mean", tensorName);
            double std = number(tensor, "std", tensorName);
            String valuesOf = tensor.has("values_of") ? text(tensor, "values_of") : tensorName;
            try {
                TensorInfo info = new TensorInfo(tensorName, ElementType.valueOf(text(tensor, "dtype")), shape);
                tensors.add(new SyntheticTensor(info, mean, std, valuesOf, rounding(tensor, tensorName)));
            } catch (IllegalArgumentException e) {
                throw new GoldenException(name + ": synthetic tensor " + tensorName + ": " + e.getMessage(), e);
            }
        }
        try {
            return new SyntheticWeights(seed.asLong(), tensors);
        } catch (IllegalArgumentException e) {
            throw new GoldenException(name + ": synthetic: " + e.getMessage(), e);
        }
    }

    private SyntheticTensor.Rounding rounding(JsonNode tensor, String tensorName) {
        if (!tensor.has("rounded_to")) {
            return SyntheticTensor.Rounding.TO_TYPE;
        }
        String format = text(tensor, "rounded_to");
        if (!format.equals("Q8_0")) {
            throw wrong("rounded_to of " + tensorName, "Q8_0", format);
        }
        return SyntheticTensor.Rounding.TO_Q8_0;
    }

    private JsonNode object(JsonNode node, String key) {
        JsonNode value = node.path(key);
        if (!value.isObject()) {
            throw wrong(key, "an object", value.isMissingNode() ? "nothing" : value.toString());
        }
        return value;
    }

    private JsonNode array(JsonNode node, String key) {
        JsonNode value = node.path(key);
        if (!value.isArray()) {
            throw wrong(key, "an array", value.isMissingNode() ? "nothing" : value.toString());
        }
        return value;
    }

    private String text(JsonNode node, String key) {
        JsonNode value = node.path(key);
        if (!value.isString()) {
            throw wrong(key, "a string", value.isMissingNode() ? "nothing" : value.toString());
        }
        return value.asString();
    }

    private double number(JsonNode node, String key, String where) {
        JsonNode value = node.path(key);
        if (!value.isNumber()) {
            throw wrong(where + "." + key, "a number", value.isMissingNode() ? "nothing" : value.toString());
        }
        return value.asDouble();
    }

    private GoldenException wrong(String key, String expected, String found) {
        String shown = found.length() > 80 ? found.substring(0, 80) + "…" : found;
        return new GoldenException(name + ": " + key + ": expected " + expected + ", found " + shown);
    }
}
