"""The fictitious demonstration city 示例市: generated rows, the same for the same seed and last day."""
