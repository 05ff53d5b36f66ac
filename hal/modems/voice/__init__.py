"""PSTN voice modems (ITU-T V.253): one driver, a data profile per model."""
