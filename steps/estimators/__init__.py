"""Estimators of our own and of those who use this: what a document may name beside `sklearn.*`.

A class here that is a scikit-learn classifier is allowed by its import path, in documents and in model files.
"""
