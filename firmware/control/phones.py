"""Phones' devices, their set-up, who is kept out: requests and replies."""

from __future__ import annotations

import msgspec

from firmware.control.base import BaseReply, BaseRequest


class InvitationNow(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that holds; its address was told to whoever made it, and to nobody since."""

    serial: int
    """Which one: each that is made has another."""
    seconds_left: int
    fetched_s_ago: int | None
    """Since a phone has taken the password with it; None while none has."""


class DeviceNow(msgspec.Struct, frozen=True, kw_only=True):
    """One phone account, without its secret."""

    extension: str
    name: str
    """Of the person."""
    account: str
    """What it registers as; the extension's own number for a person's first phone."""
    label: str
    make: str
    mac: str
    srtp: bool
    server: str
    """What to enter as SIP server where it is set up by hand: "192.168.1.5:5060"; TLS's where it encrypts."""
    contacts: list[str]
    """Where it is registered from, as "address transport"; empty when it isn't."""
    user_agents: list[str]
    """What each calls itself."""
    invitation: InvitationNow | None = None
    """How its invitation is; None without one."""


class ListDevices(BaseRequest, frozen=True, tag="devices", kw_only=True):
    """Ask for every phone account."""

    host: str = ""
    """The address by which the one who asks reached the box; the box's own idea when empty."""


class DevicesReply(BaseReply, frozen=True, tag="devices", kw_only=True):
    devices: list[DeviceNow]
    provisioning: bool
    """Whether phones can fetch their configuration now."""
    tls_port: int
    """0 while there is no TLS."""


class InviteDevice(BaseRequest, frozen=True, tag="invite_device", kw_only=True):
    """Let a phone fetch its configuration, with its secret, once: an administrator's act."""

    account: str
    make: str = ""
    """For an account whose device isn't in the settings: `linphone` or `generic`; the settings' else."""
    host: str = ""
    """The address by which the one who asks reached the box; the box's own idea when empty."""


class InvitationReply(BaseReply, frozen=True, tag="invitation", kw_only=True):
    make: str
    """Whose file it leads to: `yealink`, `linphone`, …"""
    url: str
    """The folder to enter in the phone, or for DHCP option 66."""
    qr: str
    """What a QR code for a softphone holds: the file's own address."""
    secure_url: str
    """The same folder over HTTPS, for phones that trust the box's authority; empty without TLS."""
    valid_hours: float


class WithdrawInvitation(BaseRequest, frozen=True, tag="withdraw_invitation", kw_only=True):
    """Void the invitation of an account."""

    account: str


class ShowSecret(BaseRequest, frozen=True, tag="show_secret", kw_only=True):
    """Ask for an account's password, to be typed into its phone: an administrator's act."""

    account: str


class SecretReply(BaseReply, frozen=True, tag="secret", kw_only=True):
    secret: str

    def __repr__(self) -> str:
        return "SecretReply(secret=***)"


class GetAuthority(BaseRequest, frozen=True, tag="authority"):
    """Ask for the certificate authority that phones with TLS must trust; no secret."""


class AuthorityReply(BaseReply, frozen=True, tag="authority", kw_only=True):
    pem: str
    fingerprint: str
    """SHA-256, to compare by eye."""


class ListBans(BaseRequest, frozen=True, tag="bans"):
    """Ask who is kept out for wrong passwords."""


class BanNow(msgspec.Struct, frozen=True):
    host: str
    """Empty for an account that is attacked from many hosts."""
    account: str
    """Empty for a host that tried many accounts."""
    seconds_left: int


class BansReply(BaseReply, frozen=True, tag="bans", kw_only=True):
    bans: list[BanNow]


class LiftBans(BaseRequest, frozen=True, tag="lift_bans", kw_only=True):
    """Let a host in again."""

    host: str


class DoneReply(BaseReply, frozen=True, tag="phones_done", kw_only=True):
    """It was done."""
