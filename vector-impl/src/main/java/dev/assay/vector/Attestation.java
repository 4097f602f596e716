package dev.assay.vector;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.ThreadMXBean;
import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Rows;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Optional;

/// Proof of what runs: whether vector operations have become instructions, and how wide these are.
///
/// An operation that the compiler did not turn into an instruction makes an object for each vector. So a kernel that
/// allocates nothing after it has been warmed up runs as vectors, whatever flags say; one that still allocates runs
/// through the library's scalar fallback.
final class Attestation {
    private static final int LENGTH = 64 * Lanes.LENGTH;
    /// C2 compiles in the background; a kernel that is not compiled after this long will not be.
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final int CALLS = 100;

    private static Optional<Boolean> proof = Optional.empty();

    private Attestation() {}

    /// Bits of the vectors that really run; 0 where they are emulated.
    static int vectorBits() {
        return isIntrinsic() ? Lanes.BITS : 0;
    }

    static String sentence() {
        if (isIntrinsic()) {
            return "vectors of " + Lanes.BITS + " bits run as instructions: a warm kernel allocates nothing";
        }
        return "vectors of " + Lanes.BITS + " bits are EMULATED, a warm kernel still allocates: " + reason();
    }

    private static String reason() {
        if (flag("UseCompiler").equals("false")
                || System.getProperty("java.vm.info", "").contains("interpreted")) {
            return "this JVM only interprets";
        }
        String tier = flag("TieredStopAtLevel");
        if (!tier.equals("4")) {
            return "this JVM compiles with C1 only, TieredStopAtLevel is " + tier;
        }
        if (flag("EnableVectorSupport").equals("false")) {
            return "EnableVectorSupport is off";
        }
        if (!Lanes.widest()) {
            return "the width was set to " + Lanes.BITS + " bits";
        }
        return "C2 did not compile it within " + PATIENCE.toSeconds() + " seconds";
    }

    private static String flag(String name) {
        try {
            HotSpotDiagnosticMXBean hotSpot = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            return hotSpot == null ? "unknown" : hotSpot.getVMOption(name).getValue();
        } catch (IllegalArgumentException _) {
            // Not a flag of this JVM.
            return "unknown";
        }
    }

    private static synchronized boolean isIntrinsic() {
        if (proof.isEmpty()) {
            proof = Optional.of(prove());
        }
        return proof.get();
    }

    private static boolean prove() {
        if (!(ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads)
                || !threads.isThreadAllocatedMemorySupported()) {
            return false;
        }
        float[] a = new float[LENGTH];
        float[] b = new float[LENGTH];
        long allocated = Long.MAX_VALUE;
        float sum = 0;
        long start = System.nanoTime();
        while (allocated > 0 && System.nanoTime() - start < PATIENCE.toNanos()) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                sum += Rows.dot(a, 0, b, 0, LENGTH);
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        return allocated == 0 && sum == 0;
    }
}
