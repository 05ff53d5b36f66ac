"""The switchboard's own processes: call control, media, records, and what is built on them."""
