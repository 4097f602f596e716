package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 10, 11, 20})
    void partsAreDisjointAndComplete(int count) {
        List<Integer> all = IntStream.range(0, 10).boxed().toList();
        List<Integer> parts = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            List<Integer> part = new Shard(i, count).of(all);
            assertThat(part.size()).isBetween(10 / count, Math.ceilDiv(10, count));
            parts.addAll(part);
        }
        assertThat(parts).containsExactlyInAnyOrderElementsOf(all);
    }

    @Test
    void readsItsForm() {
        assertThat(Shard.parse("2/4")).isEqualTo(new Shard(2, 4)).hasToString("2/4");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "/",
                "1/",
                "/1",
                "0/1",
                "2/1",
                "01/2",
                "1/02",
                "1 / 2",
                "1/2 ",
                "a/b",
                "+1/2",
                "1/10000000000"
            })
    void refusesAnyOtherForm(String text) {
        assertThatThrownBy(() -> Shard.parse(text))
                .isInstanceOf(UsageException.class)
                .hasMessageEndingWith("found '" + text + "'");
    }
}
