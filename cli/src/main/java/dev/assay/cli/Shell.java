package dev.assay.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Commands as one types them.
final class Shell {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,+@%-]+");

    private Shell() {}

    /// The command line of `assay` with these arguments, quoted for a POSIX shell where needed.
    static String command(String... arguments) {
        List<String> words = new ArrayList<>();
        words.add("./assay");
        for (String argument : arguments) {
            words.add(quote(argument));
        }
        return String.join(" ", words);
    }

    /// A word that the shell takes as it is.
    static String quote(String word) {
        return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
