"""The work around the calls: letters, and callers nobody talked with."""
