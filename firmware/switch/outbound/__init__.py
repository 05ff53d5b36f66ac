"""Calls to the outside: who may make them, which line they take, what they may cost; emergency before all."""
