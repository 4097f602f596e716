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

    /// The model that a user named after `--shape`.
    ///
    /// @throws UsageException if there is none, or no plan of it is made
    static PublishedModel runnable(String shape) {
        List<String> runnable = PublishedModel.all().stream()
                .filter(model -> model.factsOnly() == null)
                .map(PublishedModel::name)
                .toList();
        PublishedModel found = Names.find(shape, names())
                .map(Published::named)
                .orElseThrow(() -> new UsageException("no published model is named '" + shape + "'"
                        + Names.suggestion(shape, runnable) + Names.listing("models", runnable)));
        if (found.factsOnly() != null) {
            throw new UsageException("--shape: " + found.name() + " cannot be run: " + found.factsOnly()
                    + Names.listing("models", runnable));
        }
        return found;
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
