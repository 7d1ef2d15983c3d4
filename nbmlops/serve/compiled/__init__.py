"""Pipelines of scikit-learn as plain functions of NumPy: the same operations in the same order, nothing around them.

For one row nearly all of scikit-learn's time goes into checks of what it is given, which was checked already when it
was read. Only classes whose arithmetic is known are compiled, as they are, never their subclasses; what they compute is
held against `predict` before it is used.
"""
