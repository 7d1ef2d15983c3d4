"""ModelKits and other OCI artifacts: written, kept, sent, signed, and taken apart again."""
