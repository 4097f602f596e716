package dev.assay.cli;

import dev.assay.config.ModelConfig;
import dev.assay.golden.CaseIdentity;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import java.nio.file.Path;
import java.util.List;

/// Where golden cases come from.
interface GoldenSource {
    /// Ids of the bundled cases, sorted.
    List<String> ids();

    /// Reads a bundled case.
    GoldenCase bundled(String id);

    /// The configuration of a bundled case, without what it expects.
    default ModelConfig configOf(String id) {
        return bundled(id).config();
    }

    /// The identity of a bundled case, without what it expects.
    default CaseIdentity identityOf(String id) {
        GoldenCase golden = bundled(id);
        return new CaseIdentity(golden.id(), golden.sha256());
    }

    /// Reads the case in a folder.
    default GoldenCase read(Path folder) {
        return Goldens.read(folder);
    }

    /// The cases of this installation.
    static GoldenSource ofInstallation() {
        return new GoldenSource() {
            @Override
            public List<String> ids() {
                return Goldens.ids();
            }

            @Override
            public GoldenCase bundled(String id) {
                return Goldens.bundled(id);
            }

            @Override
            public ModelConfig configOf(String id) {
                return Goldens.configOf(id);
            }

            @Override
            public CaseIdentity identityOf(String id) {
                return Goldens.identityOf(id);
            }
        };
    }
}
