"""What was asked and answered, kept for whoever watches over a model: sampled, bounded, and only where it is wanted."""
