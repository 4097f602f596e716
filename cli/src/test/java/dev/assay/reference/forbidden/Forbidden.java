package dev.assay.reference.forbidden;

import dev.assay.engine.Session;
import dev.assay.reference.neighbour.Neighbour;
import dev.assay.report.Outcome;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;

/// Does everything that an architecture of the reference must not do, so that each rule is seen to fail. The rules
/// go by package, so it lies in a package of the reference, but in the tests, which the rules leave out.
public final class Forbidden {
    private Forbidden() {}

    static double fusesMultiplyAndAdd(double a, double b, double c) {
        return Math.fma(a, b, c);
    }

    static double streams(double... x) {
        return DoubleStream.of(x).sum();
    }

    static Object startsThreads(Callable<Object> work) throws Exception {
        return work.call();
    }

    static void prints() {
        System.out.println();
    }

    static int knowsEngines(Session session) {
        return session.length();
    }

    static Outcome knowsReports() {
        return Outcome.PASS;
    }

    static int knowsAnotherArchitecture() {
        return Neighbour.knowsForbidden();
    }
}
