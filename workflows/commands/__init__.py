"""The commands of the `retrain` console script, a verb a file."""
