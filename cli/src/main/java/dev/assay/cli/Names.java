package dev.assay.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/// Names that users type.
final class Names {
    private static final int LINE = 100;

    private Names() {}

    /// The name that was given, whatever its case and punctuation: `DeepSeek V3` is `deepseek-v3`. Empty if there
    /// is no such name. Slashes are no punctuation: `./deepseek-v3` is a file.
    static Optional<String> find(String given, Collection<String> valid) {
        return valid.contains(given)
                ? Optional.of(given)
                : valid.stream()
                        .filter(name -> plain(name).equals(plain(given)))
                        .findFirst();
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9/\\\\]", "");
    }

    /// As [#find], for a name that must exist.
    ///
    /// @param kind what is named, for example `engine`
    /// @throws UsageException if it does not; the message lists all that do
    static String require(String kind, String given, Collection<String> valid) {
        return find(given, valid)
                .orElseThrow(() -> new UsageException("no " + kind + " is named '" + given + "'"
                        + suggestion(given, valid) + listing(kind + "s", valid)));
    }

    /// "; did you mean ...?", or nothing if no name is similar.
    static String suggestion(String given, Collection<String> valid) {
        return closest(given, valid).map(name -> "; did you mean " + name + "?").orElse("");
    }

    /// All names in alphabetical order, on lines of their own.
    static String listing(String title, Collection<String> names) {
        StringBuilder text = new StringBuilder("\n" + title + ":");
        int column = text.length() - 1;
        int left = names.size();
        for (String name : names.stream().sorted().toList()) {
            String word = " " + name + (--left > 0 ? "," : "");
            if (column + word.length() > LINE) {
                text.append("\n ");
                column = 1;
            }
            text.append(word);
            column += word.length();
        }
        return names.isEmpty() ? text.append(" none").toString() : text.toString();
    }

    /// The most similar name, if one is similar enough to be meant: it contains what was given, or a third of its
    /// letters differ.
    static Optional<String> closest(String given, Collection<String> valid) {
        String wanted = given.toLowerCase(Locale.ROOT);
        return valid.stream()
                .sorted()
                .filter(name -> edits(wanted, name) <= Math.max(1, name.length() / 3)
                        || (wanted.length() > 2 && name.contains(wanted)))
                .min(Comparator.comparingInt(name -> edits(wanted, name)));
    }

    /// Letters to insert, delete or replace to make one word of the other (Levenshtein's distance).
    private static int edits(String one, String other) {
        int[] row = new int[other.length() + 1]; // edits from the letters of `one` so far to each start of `other`
        for (int j = 0; j <= other.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[other.length()];
    }
}
