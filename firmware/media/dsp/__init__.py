"""Signal processing units of the media plane: pure numpy, no sockets, no clocks, no threads."""
