"""Registries over the OCI distribution protocol: who we are, what is there, what moves.

registry = Registry("ghcr.io")
push(layout, parse("ghcr.io/team/wine:v1"), registry)
pull(registry, parse("ghcr.io/team/wine:v1"), layout)
"""
