package dev.assay.vector.stage;

/// One step of a pass over some tokens. Stages hold weights and no state, so sessions share them.
interface Stage {
    void run(Pass pass);
}
