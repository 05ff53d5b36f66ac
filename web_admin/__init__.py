"""The admin's web pages: a client of the control socket."""
