"""Facts about hardware, and what puts them into it."""
