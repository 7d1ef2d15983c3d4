"""Which columns a model's answers come from, over all rows and for one."""
