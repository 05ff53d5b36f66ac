"""SIPp scenarios written in Python, for the many small dialogs that differ in a line or two.

    Caller("prack").invites(require="100rel").hears(180).pracks().hears(200).acknowledges().hangs_up()
    Called("forks").is_invited().says(180, tag="a").says(180, tag="b").says(200, tag="b").hears("ACK") …

`write(folder)` makes the file that `tests.interop.sipp` runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

_SDP = """v=0
o=sipp 1 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP {codec} 101
a=rtpmap:{codec} {name}/8000
a=rtpmap:101 telephone-event/8000
a={direction}
"""
_CODECS = {0: "PCMU", 8: "PCMA"}
_COPIED = ["[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]"]
_CONTACT = "Contact: <sip:{user}@[local_ip]:[local_port];transport=[transport]>"


class _Script:
    """What both sides share."""

    user = "[user]"
    _reference = ""
    """SIPp refuses a scenario with a variable that nothing uses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._steps: list[str] = []
        self._cseq = 0
        self._invited = 0

    def write(self, folder: Path) -> Path:
        """Write the scenario; return its file."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.xml"
        body = "\n".join(self._steps)
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{self.name}">\n'
            f"{body}\n{self._reference}</scenario>\n"
        )
        return path

    def waits(self, milliseconds: int) -> Self:
        self._steps.append(f'<pause milliseconds="{milliseconds}"/>')
        return self

    def hears(
        self, what: int | str, *, optional: bool = False, header: str = "", value: str = "", of: str = ""
    ) -> Self:
        """Wait for a response or a request; one of its headers must match `value`, a regular expression."""
        kind = "response" if isinstance(what, int) else "request"
        extra = ' optional="true"' if optional else ""
        extra += ' rrs="true"' if what in (180, 183, 200) else ""
        extra += f' response_txn="{of}"' if of else ""
        check = ""
        if header:
            where = 'search_in="body"' if header == "body" else f'search_in="hdr" header="{header}:"'
            check = (
                f'<action><ereg regexp="{value}" {where} check_it="true" assign_to="9"/>'
                '<log message="[$9]"/></action>'
            )
        self._steps.append(f'<recv {kind}="{what}"{extra}>{check}</recv>')
        return self

    def refuses(self, status: str) -> Self:
        """Refuse the request that was heard last: "491 Request Pending"."""
        return self._send(f"SIP/2.0 {status}", _COPIED, (), body=False, repeats=True)

    def answers(self, *lines: str, body: bool = False, direction: str = "sendrecv") -> Self:
        """Say 200 to the request that was heard last."""
        return self._send(
            "SIP/2.0 200 OK",
            _COPIED,
            lines,
            body=body,
            direction=direction,
        )

    def _send(
        self,
        start: str,
        heads: list[str],
        lines: tuple[str, ...],
        *,
        body: bool,
        direction: str = "sendrecv",
        repeats: bool = False,
        contact: str | None = None,
        codec: int = 8,
        transaction: str = "",
    ) -> Self:
        contact = contact or _CONTACT.format(user=self.user)
        said = _SDP.format(version=self._cseq, direction=direction, codec=codec, name=_CODECS[codec])
        sdp = said if body else ""
        kind = ["Content-Type: application/sdp"] if body else []
        head = "\n".join([start, *heads, contact, *lines, *kind, "Content-Length: [len]"])
        retrans = ' retrans="500"' if repeats else ""
        retrans += f' start_txn="{transaction}"' if transaction else ""
        self._steps.append(f"<send{retrans}>\n<![CDATA[\n{head}\n\n{sdp}\n]]>\n</send>")
        return self


class Caller(_Script):
    """A phone that calls the box, authenticating itself."""

    def invites(self, *lines: str, offer: bool = True) -> Self:
        """Call: INVITE, 401, ACK, INVITE with credentials."""
        self._request("INVITE", lines, body=offer, within=False)
        self.hears(100, optional=True)
        self._steps.append('<recv response="401" auth="true"/>')
        self._ack(within=False)
        self._request("INVITE", ("[authentication]", *lines), body=offer, within=False)
        return self.hears(100, optional=True)

    def acknowledges(self, *, answer: bool = False) -> Self:
        return self._ack(within=True, body=answer)

    def refused(self) -> Self:
        """Acknowledge the refusal of the INVITE."""
        return self._ack(within=False)

    def pracks(self) -> Self:
        """Acknowledge a reliable provisional response, which must have been the first."""
        return self._request("PRACK", (f"RAck: 1 {self._cseq} INVITE",)).hears(200)

    def asks(
        self, method: str, *lines: str, body: bool = False, direction: str = "sendrecv", codec: int = 8
    ) -> Self:
        """Send a request within the dialog."""
        return self._request(method, lines, body=body, direction=direction, codec=codec)

    def hangs_up(self) -> Self:
        # SIPp would take a repeated answer to its INVITE for that to its BYE.
        return self._request("BYE", (), transaction="bye").hears(200, of="bye")

    def _request(
        self,
        method: str,
        lines: tuple[str, ...],
        *,
        body: bool = False,
        within: bool = True,
        direction: str = "sendrecv",
        codec: int = 8,
        transaction: str = "",
    ) -> Self:
        self._cseq += 1
        if method == "INVITE":
            self._invited = self._cseq
        target = "[next_url]" if within else "sip:[service]@[remote_ip]:[remote_port]"
        return self._send(
            f"{method} {target} SIP/2.0",
            self._heads(f"{self._cseq} {method}", within=within),
            lines,
            body=body,
            direction=direction,
            repeats=True,
            codec=codec,
            transaction=transaction,
        )

    def _ack(self, *, within: bool, body: bool = False) -> Self:
        target = "[next_url]" if within else "sip:[service]@[remote_ip]:[remote_port]"
        branch = "[branch]" if within else "[branch-3]"
        heads = self._heads(f"{self._invited} ACK", within=True, branch=branch)
        return self._send(f"ACK {target} SIP/2.0", heads, (), body=body)

    def _heads(self, cseq: str, *, within: bool, branch: str = "[branch]") -> list[str]:
        return [
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}",
            "From: <sip:[user]@[remote_ip]>;tag=[pid]c[call_number]",
            f"To: <sip:[service]@[remote_ip]:[remote_port]>{'[peer_tag_param]' if within else ''}",
            "Call-ID: [call_id]",
            f"CSeq: {cseq}",
            "Max-Forwards: 70",
        ]


class Called(_Script):
    """A phone that the box calls."""

    user = "phone"
    _reference = '<Reference variables="1,2,3,4"/>\n'

    def is_invited(self) -> Self:
        """Take the INVITE, and remember who sent it."""
        self._steps.append(
            '<recv request="INVITE" rrs="true"><action>'
            '<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="1"/>'
            '<ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="2"/>'
            '<ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="3"/>'
            '<ereg regexp="[^ ].*" search_in="hdr" header="Via:" assign_to="4"/>'
            "</action></recv>"
        )
        return self

    def says(
        self,
        status: int,
        *lines: str,
        tag: str = "a",
        body: bool = False,
        text: str = "OK",
        contact: str | None = None,
    ) -> Self:
        """Respond to the INVITE; `tag` tells the branches of a fork apart, `contact` names another place."""
        heads = ["Via: [$4]", "From: [$2]", f"To: [$3];tag=[pid]{tag}[call_number]"]
        heads += ["[last_Call-ID:]", "CSeq: 1 INVITE"]
        start = f"SIP/2.0 {status} {text}"
        return self._send(start, heads, lines, body=body, repeats=status >= 200, contact=contact)

    def asks(
        self, method: str, *lines: str, tag: str = "a", body: bool = False, direction: str = "sendrecv"
    ) -> Self:
        """Send a request within the dialog."""
        self._cseq += 1
        heads = [
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
            f"From: [$3];tag=[pid]{tag}[call_number]",
            "To: [$2]",
            "Call-ID: [call_id]",
            f"CSeq: {self._cseq} {method}",
            "Max-Forwards: 70",
        ]
        repeats = method != "ACK"
        return self._send(
            f"{method} [$1] SIP/2.0", heads, lines, body=body, direction=direction, repeats=repeats
        )

    def acknowledges(self, *, tag: str = "a") -> Self:
        """Acknowledge the 2xx of a re-INVITE."""
        self._cseq -= 1
        return self.asks("ACK", tag=tag)
