package dev.assay.engine;

/// Receives intermediate values while a session computes.
@FunctionalInterface
public interface TapListener {
    /// Receives nothing, so that an engine need not compute or copy anything for it.
    TapListener NONE = (_, _) -> {};

    /// A value of the tokens of this call. `rows` is `[T][width]`, is valid during the call only and must not be
    /// changed.
    void on(TapPoint point, float[][] rows);

    /// The routed experts of the tokens of this call, `[T][k]`, in descending order of the score they were chosen
    /// by; valid during the call only.
    default void onRoutedExperts(int layer, int[][] experts) {}
}
