package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.LENGTH;

import jdk.incubator.vector.FloatVector;

/// Turns the pairs of a head, in place.
public final class Rotation {
    private Rotation() {}

    /// Pairs (j, j + pairs).
    ///
    /// @param cos of each pair, from `angles` on; `sin` as well
    public static void halfSplit(float[] head, int offset, int pairs, float[] cos, float[] sin, int angles) {
        int j = 0;
        for (; j <= pairs - LENGTH; j += LENGTH) {
            FloatVector c = FloatVector.fromArray(FLOATS, cos, angles + j);
            FloatVector s = FloatVector.fromArray(FLOATS, sin, angles + j);
            FloatVector a = FloatVector.fromArray(FLOATS, head, offset + j);
            FloatVector b = FloatVector.fromArray(FLOATS, head, offset + pairs + j);
            a.mul(c).sub(b.mul(s)).intoArray(head, offset + j);
            b.mul(c).add(a.mul(s)).intoArray(head, offset + pairs + j);
        }
        for (; j < pairs; j++) {
            float a = head[offset + j];
            float b = head[offset + pairs + j];
            head[offset + j] = a * cos[angles + j] - b * sin[angles + j];
            head[offset + pairs + j] = b * cos[angles + j] + a * sin[angles + j];
        }
    }

    /// Pairs (2j, 2j + 1).
    public static void interleaved(float[] head, int offset, int pairs, float[] cos, float[] sin, int angles) {
        for (int j = 0; j < pairs; j++) {
            float a = head[offset + 2 * j];
            float b = head[offset + 2 * j + 1];
            head[offset + 2 * j] = a * cos[angles + j] - b * sin[angles + j];
            head[offset + 2 * j + 1] = b * cos[angles + j] + a * sin[angles + j];
        }
    }
}
