package dev.assay.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/// One JSON object of a `config.json`, with a record of which keys have been accounted for.
///
/// A key is accounted for once it has been read, declared inert, or held to the one value that is modelled.
/// [#finish] refuses all others, so that no key is ever ignored by oversight.
///
/// For each kind of value there is a method that takes the value of an absent key. JSON `null` counts as absent
/// only in the methods that say so: most HF classes refuse it.
final class ConfigFields {
    private static final int LONGEST_QUOTE = 80;

    private final String source;
    private final String path;
    private final ObjectNode object;
    private final Set<String> accounted = new HashSet<>();
    private final List<ConfigFields> children = new ArrayList<>();

    private ConfigFields(String source, String path, ObjectNode object) {
        this.source = source;
        this.path = path;
        this.object = object;
    }

    /// @param source where the object comes from, for messages
    static ConfigFields root(String source, ObjectNode object) {
        return new ConfigFields(source, "", object);
    }

    /// Whether the key is there, be it with `null`.
    boolean has(String key) {
        return object.has(key);
    }

    /// The name under which a value with two names is given. Where both are there they must agree.
    String alias(String key, String other) {
        if (!has(other)) {
            return key;
        }
        if (!has(key)) {
            return other;
        }
        accounted.add(other);
        if (!Objects.equals(object.get(key), object.get(other))) {
            throw wrong(other, quote(object.get(key)) + ", as \"" + key + "\" says");
        }
        return key;
    }

    /// Takes over a key from the enclosing object, as if it stood here. Where it stands in both they must agree.
    void inherit(String key, ConfigFields enclosing) {
        JsonNode outer = enclosing.take(key);
        if (outer == null) {
            return;
        }
        if (has(key) && !Objects.equals(object.get(key), outer)) {
            throw wrong(key, quote(outer) + ", as the one outside says");
        }
        object.set(key, outer);
    }

    int integer(String key, int absent) {
        JsonNode node = take(key);
        return node == null ? absent : toInt(key, node);
    }

    /// A whole number above 0, for values that defaults of other keys are worked out from.
    int positive(String key, int absent) {
        int value = integer(key, absent);
        return create(() -> {
            Rules.positive(key, value);
            return value;
        });
    }

    /// A whole number that must be there.
    int integer(String key) {
        JsonNode node = take(key);
        if (node == null) {
            throw wrong(key, "a whole number: the HF class has no default");
        }
        return toInt(key, node);
    }

    /// A whole number or `null`.
    @Nullable
    Integer integerOrNull(String key, @Nullable Integer absent) {
        JsonNode node = take(key);
        if (node == null) {
            return absent;
        }
        return node.isNull() ? null : toInt(key, node);
    }

    double number(String key, double absent) {
        JsonNode node = take(key);
        return node == null ? absent : toDouble(key, node);
    }

    /// A number that must be there.
    double number(String key) {
        JsonNode node = take(key);
        if (node == null) {
            throw wrong(key, "a number");
        }
        return toDouble(key, node);
    }

    /// A number; null where the key is absent or `null`.
    @Nullable
    Double numberOrNull(String key) {
        JsonNode node = take(key);
        return node == null || node.isNull() ? null : toDouble(key, node);
    }

    boolean flag(String key, boolean absent) {
        JsonNode node = take(key);
        if (node == null) {
            return absent;
        }
        if (!node.isBoolean()) {
            throw wrong(key, "true or false");
        }
        return node.booleanValue();
    }

    String text(String key, String absent) {
        JsonNode node = take(key);
        return node == null ? absent : toText(key, node);
    }

    /// An object; null where the key is absent or `null`.
    @Nullable
    ConfigFields object(String key) {
        JsonNode node = take(key);
        if (node == null || node.isNull()) {
            return null;
        }
        if (!(node instanceof ObjectNode inner)) {
            throw wrong(key, "an object");
        }
        ConfigFields child = new ConfigFields(source, path + key + ".", inner);
        children.add(child);
        return child;
    }

    /// Whole numbers; null where the key is absent or `null`.
    @Nullable
    List<Integer> integers(String key) {
        return list(key, node -> toInt(key, node));
    }

    /// Whole numbers, or one that counts `length` times.
    List<Integer> integers(String key, int absent, int length) {
        JsonNode node = object.get(key);
        List<Integer> values = node != null && node.isArray() ? integers(key) : null;
        return values != null ? values : Collections.nCopies(length, integer(key, absent));
    }

    /// Numbers; null where the key is absent or `null`.
    @Nullable
    List<Double> numbers(String key) {
        return list(key, node -> toDouble(key, node));
    }

    /// Strings; null where the key is absent or `null`.
    @Nullable
    List<String> texts(String key) {
        return list(key, node -> toText(key, node));
    }

    /// Accepts these keys with any value: they cannot change what the decoder computes.
    void inert(Set<String> keys) {
        accounted.addAll(keys);
    }

    /// Accepts a key only with the value that is modelled.
    void only(String key, boolean modelled) {
        if (flag(key, modelled) != modelled) {
            throw wrong(key, modelled + ": the other is not modelled");
        }
    }

    /// Accepts a key only if it is false or `null`, which HF takes for false.
    void onlyOff(String key) {
        JsonNode node = object.get(key);
        if (node == null || node.isNull()) {
            accounted.add(key);
        } else {
            only(key, false);
        }
    }

    void only(String key, int modelled) {
        only(key, modelled, "no other is modelled");
    }

    /// Accepts a key only with the number that `reason` demands.
    void only(String key, int modelled, String reason) {
        if (number(key, modelled) != modelled) {
            throw wrong(key, modelled + ": " + reason);
        }
    }

    void only(String key, String modelled) {
        if (!text(key, modelled).equals(modelled)) {
            throw wrong(key, quote(StringNode.valueOf(modelled)) + ": no other is modelled");
        }
    }

    /// Accepts a key only with `null`.
    void onlyNull(String key) {
        JsonNode node = take(key);
        if (node != null && !node.isNull()) {
            throw wrong(key, "null: nothing else is modelled");
        }
    }

    /// Accepts a key only with an empty object or `null`.
    void onlyEmpty(String key) {
        JsonNode node = object.get(key);
        if (node != null && node.isObject() && node.isEmpty()) {
            accounted.add(key);
        } else {
            onlyNull(key);
        }
    }

    /// Makes a record from what was read; its complaints get the source and the path of this object.
    <T> T create(Supplier<T> constructor) {
        try {
            return constructor.get();
        } catch (ConfigException broken) {
            throw broken.fromFile(source, path);
        }
    }

    /// Refuses the first key that nobody accounted for, here or in an object below.
    void finish() {
        for (String key : object.propertyNames()) {
            if (!accounted.contains(key)) {
                throw wrong(key, "no such key: what it means for this model_type is not known");
            }
        }
        children.forEach(ConfigFields::finish);
    }

    /// A complaint about the value of a key, or about its absence.
    ConfigException wrong(String key, String expected) {
        JsonNode node = object.get(key);
        return ConfigException.inFile(source, path, key, node == null ? "nothing" : quote(node), expected);
    }

    private @Nullable JsonNode take(String key) {
        accounted.add(key);
        return object.get(key);
    }

    private <T> @Nullable List<T> list(String key, Function<JsonNode, T> element) {
        JsonNode node = take(key);
        if (node == null || node.isNull()) {
            return null;
        }
        if (!node.isArray()) {
            throw wrong(key, "a list");
        }
        List<T> values = new ArrayList<>();
        for (JsonNode one : node) {
            values.add(element.apply(one));
        }
        return List.copyOf(values);
    }

    private int toInt(String key, JsonNode node) {
        if (node.isIntegralNumber() && node.canConvertToInt()) {
            return node.intValue();
        }
        // 1e6 is a whole number, however it is written.
        if (node.isFloatingPointNumber() && node.doubleValue() == (int) node.doubleValue()) {
            return (int) node.doubleValue();
        }
        throw wrong(key, "a whole number within 32 bits");
    }

    private double toDouble(String key, JsonNode node) {
        double value = node.isNumber() ? node.numberValue().doubleValue() : Double.NaN;
        if (!Double.isFinite(value)) {
            throw wrong(key, "a finite number");
        }
        return value;
    }

    private String toText(String key, JsonNode node) {
        if (!node.isString()) {
            throw wrong(key, "a string");
        }
        return node.stringValue();
    }

    private static String quote(JsonNode node) {
        String json = node.isNumber() ? node.numberValue().toString() : node.toString();
        return json.length() <= LONGEST_QUOTE ? json : json.substring(0, LONGEST_QUOTE) + "...";
    }
}
