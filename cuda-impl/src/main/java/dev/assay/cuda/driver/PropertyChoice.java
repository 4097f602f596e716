package dev.assay.cuda.driver;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// What a property of the JVM chooses among the values of an enum, by their names in lower case.
public final class PropertyChoice {
    private PropertyChoice() {}

    /// The chosen one; the first where the property is not set.
    ///
    /// @throws IllegalArgumentException if it names none of them
    public static <E extends Enum<E>> E of(String property, Class<E> choices) {
        E[] all = choices.getEnumConstants();
        String asked = System.getProperty(property, name(all[0]));
        return Arrays.stream(all)
                .filter(choice -> name(choice).equals(asked))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the property " + property + " is \"" + asked
                        + "\", expected "
                        + Arrays.stream(all).map(PropertyChoice::name).collect(Collectors.joining(" or "))));
    }

    private static String name(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }
}
