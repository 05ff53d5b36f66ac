"""A telephone line bought from a SIP provider, as one more kind of trunk.

| file | job |
|---|---|
| `account.py` | what the administrator knows of it: servers, user, numbers, how callers are shown |
| `identity.py` | numbers in headers: who calls and what was dialled, in; what we show, out |
| `link.py` | registered at one of its servers, watched, failing over. Sans-IO |
| `leg.py` | one call over it, as a `Leg` |
| `line.py` | puts them together: `ProviderLine(account, media, host)` |

    call control ◄── on_incoming(leg, "02087654321") ── line ◄── agent ◄── UDP/TCP/TLS ◄── provider
         └── line.leg_to("13800138000") ── ring(caller) ──► INVITE, challenged, with caller id
"""
