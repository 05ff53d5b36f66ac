"""Who may see and change what: passwords, sessions, brakes, the audit log, and the gate before every page."""
