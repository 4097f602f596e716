package dev.assay.perf.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class QuietHostTest {
    @Test
    void aMachineWhoseProcessorsAllSpinIsNotQuiet() throws InterruptedException {
        AtomicBoolean done = new AtomicBoolean();
        List<Thread> spinning = new ArrayList<>();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            spinning.add(Thread.ofPlatform().daemon().start(() -> {
                while (!done.get()) {
                    Thread.onSpinWait();
                }
            }));
        }
        try {
            assertThat(QuietHost.disturbance())
                    .hasValueSatisfying(text -> assertThat(text)
                            .matches("other programs used [0-9]+ % of the processors between the runs"));
        } finally {
            done.set(true);
            for (Thread thread : spinning) {
                thread.join();
            }
        }
    }
}
