"""The settings document: what can be set, what is refused, and where it is kept."""
