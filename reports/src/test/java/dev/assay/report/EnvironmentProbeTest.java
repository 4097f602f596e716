package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EnvironmentProbeTest {
    @Test
    void knowsTheMachine() {
        Environment environment = EnvironmentProbe.probe();
        assertThat(environment.os()).isNotBlank();
        assertThat(environment.architecture()).isNotBlank();
        assertThat(environment.cpu()).isNotBlank();
        assertThat(environment.processors()).isPositive();
        assertThat(environment.memoryBytes()).isGreaterThan(1L << 26);
        assertThat(environment.javaVersion())
                .startsWith(Integer.toString(Runtime.version().feature()));
        assertThat(environment.maxHeapBytes()).isPositive();
        assertThat(environment.jvmFlags()).doesNotContain("/");
    }

    @Test
    void readsTheNameOfTheProcessor() {
        assertThat(EnvironmentProbe.cpu(
                        List.of("processor\t: 0", "model name\t: AMD EPYC 9R14: 96 cores", "model name: b")))
                .isEqualTo("AMD EPYC 9R14: 96 cores");
        assertThat(EnvironmentProbe.cpu(List.of("CPU implementer\t: 0x41", "CPU part\t: 0xd40")))
                .isEqualTo("ARM implementer 0x41 part 0xd40");
        assertThat(EnvironmentProbe.cpu(List.of(""))).isEqualTo("unknown");
    }

    @ParameterizedTest
    @CsvSource({
        "-Xmx4g, true",
        "-XX:+UseSerialGC, true",
        "--add-modules=jdk.incubator.vector, true",
        "-Duser.name=x, false",
        "-XX:AOTCache=/home/x/assay.aot, false",
        "-XX:AOTCache=C:\\x.aot, false"
    })
    void keepsFlagsThatMatter(String flag, boolean matters) {
        assertThat(EnvironmentProbe.matters(flag)).isEqualTo(matters);
    }
}
