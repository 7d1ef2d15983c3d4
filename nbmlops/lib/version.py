"""The version of this package, where nothing needs to be installed to know it."""

VERSION = "0.1.0"
