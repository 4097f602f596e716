package dev.assay.vector.weight;

import dev.assay.vector.kernel.Float8Weights;
import dev.assay.vector.kernel.Phases;

/// A vector that weights are multiplied by, in every order that their kernels want it in.
public final class Operand {
    private final float[] two;
    private final float[] four;
    private float[] plain = new float[0];
    private boolean hasTwo;
    private boolean hasFour;

    /// @param longest numbers of the longest vector
    public Operand(int longest) {
        this.two = new float[longest];
        this.four = new float[longest];
    }

    /// Takes the vector; `x` must stay as it is while this is used.
    public void set(float[] x) {
        plain = x;
        hasTwo = false;
        hasFour = false;
    }

    /// Puts the vector in phases, unless it is already. To be called before threads use it.
    public void prepare(int phases, int length) {
        if (phases == 2 && !hasTwo) {
            Phases.split(plain, 0, length, 2, two);
            hasTwo = true;
        } else if (phases == 4 && !hasFour) {
            Float8Weights.prepare(plain, length, four);
            hasFour = true;
        }
    }

    float[] plain() {
        return plain;
    }

    float[] inTwoPhases() {
        return two;
    }

    float[] inFourPhases() {
        return four;
    }
}
