"""Says with Hera what the manifests hold."""
