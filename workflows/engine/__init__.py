"""Runs Argo's own documents as local processes; knows nothing but the YAML."""
