"""The link to the RP2040 on the HAT. `frames`, `link` and `words` run on both ends, so they are plain
Python."""
