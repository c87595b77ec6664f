"""What runs in the containers: one verb a module, started as `python -m steps.<verb>`."""
