package dev.assay.config;

/// Rows and columns of a weight block that shares one scale.
public record BlockSize(int rows, int columns) {}
