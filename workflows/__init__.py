"""Says, checks and runs the workflows of `retrain`; only YAML joins the half that says with the half that runs."""
