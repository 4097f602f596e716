package dev.assay.perf.run;

import dev.assay.perf.ceiling.CeilingEffort;
import java.time.Duration;
import java.util.List;

/// How to measure.
///
/// @param threads that the engine may use, and that the ceilings are measured on
/// @param repetitions timed, at least 1
/// @param warmUpLimit after which the timed repetitions begin although the speed still rises
/// @param ceilings how much a measurement of the ceilings reads and computes
/// @param checkedPositions that the reference computes, at most
/// @param referenceLimit after which the reference begins no further position
/// @param loads measured beside the closed loop of one session, of each kind at most one
public record Settings(
        int threads,
        int repetitions,
        Duration warmUpLimit,
        CeilingEffort ceilings,
        int checkedPositions,
        Duration referenceLimit,
        List<Load> loads) {
    /// Positions that the reference computes. It is scalar, and each costs it seconds on a model of a billion
    /// parameters.
    public static final int CHECKED_POSITIONS = 4;

    public Settings {
        if (threads < 1 || repetitions < 1 || checkedPositions < 1) {
            throw new IllegalArgumentException("expected at least one thread, repetition and checked position, found "
                    + threads + ", " + repetitions + " and " + checkedPositions);
        }
        loads = List.copyOf(loads);
    }

    /// Settings for models of published size.
    public static Settings of(int threads, int repetitions, List<Load> loads) {
        return new Settings(
                threads,
                repetitions,
                Duration.ofMinutes(1),
                CeilingEffort.STANDARD,
                CHECKED_POSITIONS,
                Duration.ofMinutes(1),
                loads);
    }

    /// Settings for short runs of small models, of which a comparison needs many: less effort for the ceilings,
    /// two seconds of warm-up at most.
    public static Settings quick(int threads, int repetitions, List<Load> loads) {
        return new Settings(
                threads,
                repetitions,
                Duration.ofSeconds(2),
                CeilingEffort.QUICK,
                CHECKED_POSITIONS,
                Duration.ofMinutes(1),
                loads);
    }

    /// Sessions that are open at once, the one that runs alone among them.
    public int openSessions() {
        int open = 1;
        for (Load load : loads) {
            open += switch (load) {
                case Load.Sessions sessions -> sessions.count();
                case Load.OpenLoop _ -> 0;
            };
        }
        return open;
    }
}
