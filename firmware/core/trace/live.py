"""What somebody did to a call from the pages or through the HTTP interface."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Live:
    HANDED_ON = Message("{who} hands the call on to {to} from the page", "{who} 在页面上把通话转给 {to}")
    PARKED = Message("{who} parks the call from the page", "{who} 在页面上把通话驻留")
    ENDED = Message("{who} ends the call from the page", "{who} 在页面上结束通话")
    PLACED = Message("{who} asks from the page for a call to {to}", "{who} 在页面上请求拨打 {to}")
