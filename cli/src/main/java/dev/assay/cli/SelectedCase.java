package dev.assay.cli;

import dev.assay.config.Architecture;
import dev.assay.config.ConfigException;
import dev.assay.golden.CaseIdentity;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenException;
import dev.assay.golden.Goldens;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/// A golden case that the user chose and that is not read yet.
///
/// @param name what stands after `--case`: the id of a bundled case, or a folder
/// @param identity reads what tells it from others
/// @param reader reads the case; both throw as [dev.assay.golden.Goldens#read] does
record SelectedCase(String name, Supplier<CaseIdentity> identity, Supplier<GoldenCase> reader) {
    /// The cases named, or all bundled ones if none is; sorted by name, none twice.
    ///
    /// @throws UsageException if a name is neither a bundled case nor a folder
    static List<SelectedCase> of(List<String> names, GoldenSource goldens) {
        List<String> ids = goldens.ids();
        TreeMap<String, SelectedCase> selected = new TreeMap<>();
        for (String name : names.isEmpty() ? ids : names) {
            SelectedCase one = of(name, ids, goldens);
            selected.put(one.name(), one);
        }
        return List.copyOf(selected.values());
    }

    /// One case by its name.
    static SelectedCase of(String name, GoldenSource goldens) {
        return of(name, goldens.ids(), goldens);
    }

    private static SelectedCase of(String name, List<String> ids, GoldenSource goldens) {
        Optional<String> id = Names.find(name, ids);
        if (id.isPresent()) {
            return new SelectedCase(id.get(), () -> goldens.identityOf(id.get()), () -> goldens.bundled(id.get()));
        }
        if (isFolder(name)) {
            return new SelectedCase(name, () -> Goldens.identityOf(Path.of(name)), () -> goldens.read(Path.of(name)));
        }
        throw new UsageException("'" + name + "' is neither a bundled golden case nor a folder"
                + Names.suggestion(name, ids) + Names.listing("cases", ids));
    }

    private static boolean isFolder(String name) {
        try {
            return Files.isDirectory(Path.of(name));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    /// Those cases whose architecture is among the named ones; all of them if no name is given. A case that cannot
    /// be read stays: nobody knows what it is, and whoever runs it will say why.
    ///
    /// @throws UsageException if an architecture is unknown, or none of the cases is left
    static List<SelectedCase> ofArchitectures(List<SelectedCase> cases, List<String> names) {
        if (names.isEmpty()) {
            return cases;
        }
        List<String> ids =
                Arrays.stream(Architecture.values()).map(Architecture::id).toList();
        Set<String> wanted = new TreeSet<>();
        names.forEach(name -> wanted.add(Names.require("architecture", name, ids)));
        List<SelectedCase> left = new ArrayList<>();
        Set<Architecture> found = EnumSet.noneOf(Architecture.class);
        for (SelectedCase selected : cases) {
            try {
                Architecture architecture = selected.reader().get().config().architecture();
                found.add(architecture);
                if (wanted.contains(architecture.id())) {
                    left.add(selected);
                }
            } catch (GoldenException | ConfigException e) {
                left.add(selected);
            }
        }
        if (left.isEmpty()) {
            Collection<String> known = found.stream().map(Architecture::id).toList();
            throw new UsageException("no selected case is of architecture " + String.join(" or ", wanted)
                    + Names.listing("architectures of the selected cases", known));
        }
        return left;
    }
}
