"""Phones that set themselves up: a configuration per device, fetched once with its secret.

| file | job |
|---|---|
| `device.py` | one phone: MAC address, make, extension; what a configuration says |
| `makes.py` | the configuration as Yealink, Grandstream, Fanvil, Snom, Linphone and anything else read it |
| `tickets.py` | one-time tickets: a secret leaves the box once per administrator's act. Sans-IO |
| `desk.py` | answers a request for a file: ticket, device, document. Sans-IO |
| `http.py` | the small bounded HTTP server in front of it |

    administrator ── desk.issue(mac) ──► URL, QR ──► phone ── GET /p/TICKET/001565112233.cfg ──► desk
"""
