package dev.assay.vector.stage;

/// The experts of the tokens of a pass, and room to choose them.
public final class Routing {
    /// Chosen experts and their weights, `[tokens][k]`, best first.
    final int[][] experts;
    final float[][] weights;
    /// Scores of a token's experts, and what they are chosen by, `[experts]`.
    final double[] scores;
    final double[] ranks;
    /// What groups of experts are chosen by.
    final double[] groupRanks;
    /// Tokens of an expert, and the place of the expert among each one's choices.
    final int[] tokens;
    final int[] places;

    public Routing(int batch, int experts, int topK) {
        boolean routed = experts > 0;
        this.experts = new int[routed ? batch : 0][topK];
        this.weights = new float[routed ? batch : 0][topK];
        this.scores = new double[experts];
        this.ranks = new double[experts];
        this.groupRanks = new double[experts];
        this.tokens = new int[routed ? batch : 0];
        this.places = new int[routed ? batch : 0];
    }
}
