package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Logits do not depend on the order in which threads of a block run: a missing barrier would show.
class RandomOrderTest {
    @ParameterizedTest
    @ValueSource(strings = {"deepseek-v3-base", "gemma3n-base", "llama4-scout"})
    void doesNotChangeAnything(String id) throws IOException, InterruptedException {
        String plain = digest(id, Map.of());
        assertThat(plain).matches("[0-9a-f]{64}\n");
        assertThat(digest(id, Map.of("FAKE_CUDA_SEED", "1"))).isEqualTo(plain);
        assertThat(digest(id, Map.of("FAKE_CUDA_SEED", "2"))).isEqualTo(plain);
    }

    private static String digest(String id, Map<String, String> environment) throws IOException, InterruptedException {
        return OwnJvm.onFakeDriver(LogitsDigest.class, environment, List.of(), id);
    }
}
