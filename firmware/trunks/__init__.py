"""Phone lines as legs of calls, and which line an outgoing call takes."""
