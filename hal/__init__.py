"""Everything that touches a wire. Knows no call policy and imports none of our other code."""
