"""OCI images without a daemon: a base, wheels, an app and a package's model, as layers that are the same each time."""
