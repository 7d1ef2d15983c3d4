"""A small summary of a table, a column at a time, that can be merged with others: of files, days, replicas."""
