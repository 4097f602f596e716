package dev.assay.cli;

import dev.assay.golden.PublishedModel;
import java.util.List;
import java.util.NoSuchElementException;

/// Published models by name.
final class Published {
    private Published() {}

    static List<String> names() {
        return PublishedModel.all().stream().map(PublishedModel::name).toList();
    }

    /// The model of exactly that name.
    ///
    /// @throws NoSuchElementException if there is none
    static PublishedModel named(String name) {
        return PublishedModel.all().stream()
                .filter(model -> model.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException("no published model " + name));
    }
}
