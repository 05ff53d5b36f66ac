"""The whole switchboard on one computer: the real processes, and the fakes of `hal/fake` for the wires."""
