"""The transaction layer (RFC 3261 §17, RFC 6026): a file per machine, and the layer that matches messages.

Read in this order: `base`, `server`, `client`, `invite_server`, `invite_client`, `layer`.
"""
