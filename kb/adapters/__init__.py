"""What touches the world: one file per outside thing."""
