"""A pipeline document drafted from a sample of the data. `retrain new` calls it; nothing in a container does."""
