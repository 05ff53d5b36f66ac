"""The words every other part shares: ids, time, causes, legs, media and records. Imports none of our code."""
