"""Checks of your own: a gate of kind `check` names one as `steps.checks.<module>.<function>`. None is here until asked.

A check is a function of the held-out rows (all columns of the contract), the truth and the model's `Predictions`, and
returns one number, which the gate holds against its threshold:

    def worst_miss(rows: pd.DataFrame, truth: Truth, predicted: Predictions) -> float:

What is no finite number does not pass. A check that raises is a crash of the step, and nothing is deployed either.
"""
