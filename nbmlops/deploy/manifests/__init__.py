"""A deployment on a cluster, as documents: for KServe, or for Kubernetes alone."""
