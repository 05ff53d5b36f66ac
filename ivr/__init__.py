"""What a caller hears: scripts and prompts."""
