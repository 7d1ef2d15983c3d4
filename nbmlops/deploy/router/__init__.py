"""Between one port and many replicas: who answers which request."""
