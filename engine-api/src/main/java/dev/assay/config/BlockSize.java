package dev.assay.config;

/// Rows and columns of a weight block that shares one scale.
public record BlockSize(int rows, int columns) {
    public BlockSize {
        Rules.positive("weight_block_size", rows);
        Rules.positive("weight_block_size", columns);
    }
}
