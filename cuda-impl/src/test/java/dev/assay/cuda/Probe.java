package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.cuda.driver.CudaException;
import dev.assay.engine.EngineCrashedException;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;

/// What [AvailabilityTest] runs in a JVM of its own: says what the engine says.
final class Probe {
    private Probe() {}

    public static void main(String... arguments) {
        CudaEngine engine = new CudaEngine();
        System.out.println(engine.availability());
        if (arguments.length > 0) {
            int tokens = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
            GoldenCase golden = Goldens.bundled("llama3-even");
            for (int i = 0; i < 2; i++) {
                try (Checkpoint checkpoint = golden.weights().open();
                        Model model = engine.load(checkpoint, LoadOptions.defaults());
                        Session session = model.newSession(SessionOptions.ofContext(Integer.parseInt(arguments[0])))) {
                    session.prefill(new int[tokens]);
                    System.out.println("computed");
                } catch (EngineCrashedException e) {
                    System.out.println("crashed: " + e.getMessage());
                } catch (CudaException e) {
                    System.out.println("failed: " + e.getMessage());
                } catch (IllegalArgumentException e) {
                    System.out.println("refused: " + e.getMessage());
                }
            }
        }
    }
}
