"""Whole pipelines where others execute them. Each speaks one REST API; compilers write what is submitted."""
