"""Drivers of GSM modems: one for all, and a data profile per model."""
