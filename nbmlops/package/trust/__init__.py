"""Who made a package, from what, and whether it may be used: signatures, provenance, bill of materials, policy."""
