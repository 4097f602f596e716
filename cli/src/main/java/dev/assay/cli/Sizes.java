package dev.assay.cli;

import java.util.Locale;

/// Numbers for people.
final class Sizes {
    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB"};

    private Sizes() {}

    /// A number of bytes in the largest unit that leaves at least 1.
    static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
    }

    /// A whole number with commas between the thousands.
    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /// A number and a noun in the right number.
    static String plural(long number, String noun) {
        return count(number) + " " + noun + (number == 1 ? "" : "s");
    }
}
