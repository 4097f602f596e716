package com.example.gpt2;

import dev.assay.conformance.junit.EngineConformance;
import dev.assay.conformance.suite.Selection;
import dev.assay.engine.Engine;

/// Every golden case of GPT-2 and every rule, a test each.
class SmallGpt2ConformanceTest extends EngineConformance {
    @Override
    protected Engine engine() {
        return new SmallGpt2();
    }

    @Override
    protected Selection selection() {
        return Selection.all().ofArchitectures("gpt2");
    }
}
