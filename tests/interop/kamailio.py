"""Kamailio as a telephone provider: a registrar, digests by 401 and 407, a proxy that stays in the dialog.

    async with Kamailio.running(folder, {"02087654321": secret, …}) as provider:
        ProviderAccount(…, servers=(Server("127.0.0.1", provider.port),), …)

It answers OPTIONS, wants registrations of at least `MIN_EXPIRES_S` (423), challenges REGISTER and INVITE,
and hands calls to whoever registered the number dialled, by Record-Route.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Self

from tests.interop.baresip import free_port

MIN_EXPIRES_S = 120
_READY_WITHIN_S = 15.0
_MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules:/usr/lib/aarch64-linux-gnu/kamailio/modules"
_CONFIG = """#!KAMAILIO
debug=1
log_stderror=yes
children=1
auto_aliases=no
tcp_children=1
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
        sl_send_reply("404", "Not here");
        exit;
    }}
    t_check_trans();
    if (is_method("OPTIONS") && $rU == $null) {{ sl_send_reply("200", "OK"); exit; }}
    $var(secret) = "";
{secrets}
    if ($var(secret) == "") {{ sl_send_reply("403", "Who?"); exit; }}
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("provider.test", "$var(secret)", "0")) {{
            www_challenge("provider.test", "0");
            exit;
        }}
        if ($hdr(Expires) != $null && $(hdr(Expires){{s.int}}) > 0 && $(hdr(Expires){{s.int}}) < {least}) {{
            append_to_reply("Min-Expires: {least}\\r\\n");
            sl_send_reply("423", "Interval Too Brief");
            exit;
        }}
        save("location");
        exit;
    }}
    if (!pv_proxy_authenticate("provider.test", "$var(secret)", "0")) {{
        proxy_challenge("provider.test", "0");
        exit;
    }}
    consume_credentials();
    record_route();
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    t_relay();
}}
"""


class Kamailio:
    """One running provider."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, folder: Path, secrets: Mapping[str, str], port: int = 0) -> AsyncIterator[Self]:
        """Start a provider and stop it at the end.

        Args:
            folder: Where its files go.
            secrets: Its customers' secrets by number, which is the user name, too.
            port: UDP and TCP port; a free one when 0.
        """
        provider = cls(folder, port or free_port())
        folder.mkdir(parents=True, exist_ok=True)
        known = "\n".join(
            f'    if ($fU == "{number}") $var(secret) = "{secret}";' for number, secret in secrets.items()
        )
        (folder / "kamailio.cfg").write_text(
            _CONFIG.format(port=provider.port, modules=_MODULES, secrets=known, least=MIN_EXPIRES_S)
        )
        try:
            await provider._start()
            yield provider
        finally:
            await provider.stop()

    async def stop(self) -> None:
        """End it, at once and without a word to anybody. Repeatable."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    async def _start(self) -> None:
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "/usr/sbin/kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(self._folder),
                "-f", str(self._folder / "kamailio.cfg"),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(_READY_WITHIN_S):
            while not await self._answers():
                if self._process.returncode is not None:
                    raise AssertionError(f"kamailio did not start:\n{self.log()[-2000:]}")
                await asyncio.sleep(0.1)

    async def _answers(self) -> bool:
        """Ask it whether it is there."""
        options = (
            f"OPTIONS sip:127.0.0.1:{self.port} SIP/2.0\r\n"
            "Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKup\r\n"
            "From: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ).encode()
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.bind(("127.0.0.1", 0))
            await loop.sock_sendto(asking, options, ("127.0.0.1", self.port))
            with contextlib.suppress(TimeoutError, OSError):
                answer = await asyncio.wait_for(loop.sock_recv(asking, 65_535), 0.3)
                return answer.startswith(b"SIP/2.0 200")
        return False
