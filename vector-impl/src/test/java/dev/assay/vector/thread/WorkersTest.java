package dev.assay.vector.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WorkersTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void everyThreadDoesItsShareEveryTime(int threads) {
        try (Workers workers = new Workers(threads)) {
            int[] counts = new int[threads];
            for (int round = 0; round < 1000; round++) {
                workers.run((int[] mine, int thread, int of) -> mine[thread] += of, counts);
            }
            assertThat(counts).containsOnly(1000 * threads);
        }
    }

    @Test
    void threadsThatHaveParkedWakeUp() throws InterruptedException {
        try (Workers workers = new Workers(2)) {
            int[] counts = new int[2];
            for (int round = 0; round < 3; round++) {
                workers.run((int[] mine, int thread, int of) -> mine[thread]++, counts);
                Thread.sleep(50);
            }
            assertThat(counts).containsExactly(3, 3);
        }
    }

    @Test
    void whatAWorkerThrowsReachesTheCallerAndNothingIsLost() {
        try (Workers workers = new Workers(2)) {
            Workers.Task<int[]> failing = (_, thread, _) -> {
                if (thread == 1) {
                    throw new IllegalArgumentException("from a worker");
                }
            };
            assertThatThrownBy(() -> workers.run(failing, new int[1])).hasMessageContaining("from a worker");
            int[] counts = new int[2];
            workers.run((int[] mine, int thread, int of) -> mine[thread]++, counts);
            assertThat(counts).containsExactly(1, 1);
        }
    }

    @Test
    void aSecondThreadIsRefusedWhileOneIsWithin() throws InterruptedException {
        try (Workers workers = new Workers(1)) {
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            Thread other = new Thread(() -> workers.run(
                    (Object _, int _, int _) -> {
                        entered.countDown();
                        try {
                            leave.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    },
                    new Object()));
            other.start();
            entered.await();
            assertThatThrownBy(() -> workers.run((Object _, int _, int _) -> {}, new Object()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("in use by another thread");
            leave.countDown();
            other.join();
        }
    }

    @Test
    void closedWorkersRefuseWork() {
        Workers workers = new Workers(2);
        workers.close();
        workers.close();
        assertThatThrownBy(() -> workers.run((Object _, int _, int _) -> {}, new Object()))
                .hasMessageContaining("closed");
    }

    @Test
    void fixedSharesAndPiecesCoverAllUnitsOnce() {
        for (int threads : new int[] {1, 2, 3, 64}) {
            for (int units : new int[] {0, 1, 5, 63, 1024, 151_936}) {
                int next = Split.fixed(units);
                assertThat(next).isBetween(units / 2, units);
                for (int piece = 0; piece < Split.pieces(threads); piece++) {
                    assertThat(Split.pieceStart(units, piece, threads)).isEqualTo(next);
                    next = Split.pieceStart(units, piece + 1, threads);
                }
                assertThat(next).isEqualTo(units);
            }
        }
    }

    @Test
    void everyNumberIsClaimedOnceAndFromZeroInEveryTask() {
        try (Workers workers = new Workers(2)) {
            for (int round = 0; round < 100; round++) {
                int[] claims = new int[50];
                workers.run(
                        (int[] mine, int _, int _) -> {
                            for (int claim = workers.claim(); claim < mine.length; claim = workers.claim()) {
                                mine[claim]++;
                            }
                        },
                        claims);
                assertThat(claims).containsOnly(1);
            }
        }
    }

    /// The split that 64 threads would get, without 64 processors.
    @Test
    void sharesCoverAllUnitsAndDifferByOne() {
        for (int threads : new int[] {1, 2, 3, 7, 16, 64}) {
            for (int units : new int[] {0, 1, 5, 63, 64, 65, 1024, 151_936}) {
                int covered = 0;
                for (int thread = 0; thread < threads; thread++) {
                    int start = Split.start(units, thread, threads);
                    int share = Split.start(units, thread + 1, threads) - start;
                    assertThat(start).isEqualTo(covered);
                    assertThat(share).isBetween(units / threads, Math.ceilDiv(units, threads));
                    covered += share;

                    int group = 6;
                    int first = Split.start(units, group, thread, threads);
                    assertThat(first == units || first % group == 0).isTrue();
                }
                assertThat(covered).isEqualTo(units);
                assertThat(Split.start(units, 6, threads, threads)).isEqualTo(units);
            }
        }
    }
}
