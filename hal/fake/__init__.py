"""The simulated outside world: a mobile network with callers, and modems that obey the real ones' rules."""
