"""A step of a pipeline in front of its model: what is served takes rows as they come."""
