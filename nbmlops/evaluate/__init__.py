"""How good a model is on data that it has not seen: figures with their uncertainty, slices, calibration, a gate."""
