"""A Kubernetes cluster as a place of runs: what its API is asked, and how its Workflows are read."""
