"""A deployment watched over: windows of its requests, how well it does, what has become of it, who is told."""
