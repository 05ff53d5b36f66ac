"""The one place where SIP meets sockets and the clock: `driver` (timer, turns), `endpoint` (UDP, TCP)."""
