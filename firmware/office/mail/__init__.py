"""Letters (e-mail): queued durably, sent through the office's mail server, failures shown."""

from firmware.office.mail.sender import Mail
from firmware.office.mail.smtp import Server

__all__ = ["Mail", "Server"]
