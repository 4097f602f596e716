package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.report.Fault;
import java.util.List;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;

class EnginesTest {
    @Test
    void sortsEnginesById() {
        assertThat(Engines.of(List.of(Toy.right("b"), Toy.right("a")), List.of())
                        .byId()
                        .keySet())
                .containsExactly("a", "b");
    }

    @Test
    void twoEnginesWithOneIdAreAFault() {
        Engine first = Toy.right("a");
        Engines engines = Engines.of(List.of(first, Toy.right("a")), List.of());
        assertThat(engines.byId()).containsEntry("a", first);
        assertThat(engines.faults())
                .extracting(Fault::message)
                .singleElement()
                .asString()
                .startsWith("two engines have");
    }

    @Test
    void saysWhyAnEngineCannotBeLoaded() {
        Throwable cause = new IllegalArgumentException("the property x.y is \"z\"");
        assertThat(Engines.fault(new ServiceConfigurationError("Provider x.Y could not be instantiated", cause))
                        .message())
                .isEqualTo("Provider x.Y could not be instantiated: the property x.y is \"z\"");
        assertThat(Engines.fault(new ServiceConfigurationError("Provider x.Y not found"))
                        .message())
                .isEqualTo("Provider x.Y not found");
    }

    @Test
    void anEngineThatDoesNotSayWhoItIsHidesNoOther() {
        Engine nameless = new Engine() {
            @Override
            public EngineInfo info() {
                throw new IllegalStateException("who am I?");
            }

            @Override
            public Support supports(ModelConfig config) {
                return new Support.Unsupported("nameless");
            }

            @Override
            public Model load(Checkpoint checkpoint, LoadOptions options) {
                throw new IllegalStateException("nameless");
            }
        };
        Engines engines = Engines.of(List.of(nameless, Toy.right("a")), List.of());
        assertThat(engines.byId().keySet()).containsExactly("a");
        assertThat(engines.faults())
                .extracting(Fault::message)
                .singleElement()
                .asString()
                .contains("who am I?");
    }
}
