package dev.assay.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One of several parts of a run: part `index` of `count`, counted from 1.
record Shard(int index, int count) {
    private static final Pattern FORM = Pattern.compile("([1-9][0-9]{0,8})/([1-9][0-9]{0,8})");

    Shard {
        if (index < 1 || index > count) {
            throw new IllegalArgumentException("shard " + index + " of " + count);
        }
    }

    /// Reads `I/N`.
    ///
    /// @throws UsageException if it is not of that form, or I is beyond N
    static Shard parse(String text) {
        Matcher parts = FORM.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group(1)) > Integer.parseInt(parts.group(2))) {
            throw new UsageException("--shard: expected I/N with 1 <= I <= N, such as 2/4, found '" + text + "'");
        }
        return new Shard(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)));
    }

    /// Every `count`-th element from the `index`-th on: the parts of a list have no element in common and all of
    /// them together.
    <T> List<T> of(List<T> all) {
        List<T> part = new ArrayList<>();
        for (int i = index - 1; i < all.size(); i += count) {
            part.add(all.get(i));
        }
        return part;
    }

    @Override
    public String toString() {
        return index + "/" + count;
    }
}
