"""Who may call whom: classes of service, the night lock, and PINs that lend another's rights."""

from __future__ import annotations

import datetime
import hmac
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.core.trace import Said, known
from firmware.core.trace.numbers import Rights as Words
from firmware.switch.numbering import Number, NumberClass

_NATIONAL = (NumberClass.SERVICE, NumberClass.LOCAL, NumberClass.NATIONAL, NumberClass.MOBILE)

Minute = Annotated[str, Meta(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z")]


class ServiceClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What phones of one class may dial. Emergency numbers and extensions go without saying."""

    allowed: Annotated[
        tuple[NumberClass, ...],
        Meta(
            description="Classes of outside numbers that may be dialled; international is out until named.",
            extra={"zh": "允许拨打的号码类别；国际长途默认禁止。"},
        ),
    ] = _NATIONAL
    at_night: Annotated[
        tuple[NumberClass, ...],
        Meta(
            description="Classes that may be dialled while the night lock is on.",
            extra={"zh": "夜间锁定时仍允许拨打的类别。"},
        ),
    ] = ()
    pin_allowed: Annotated[
        bool,
        Meta(
            description="Whether a PIN may lift a bar on these phones.",
            extra={"zh": "是否允许用密码临时解除限制。"},
        ),
    ] = True


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PIN that lends the rights of a class to whoever keys it."""

    pin: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9]{6,12}\Z", description="Six to twelve digits.", extra={"zh": "6 到 12 位数字。"}
        ),
    ]
    owner: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=60,
            description="Whom the calls are put down to.",
            extra={"zh": "话费记在谁名下。"},
        ),
    ]
    service_class: Annotated[
        str,
        Meta(description="The class of service it lends.", extra={"zh": "密码对应的权限等级。"}),
    ] = "everything"

    def __repr__(self) -> str:
        return f"Pin(***, {self.owner!r}, {self.service_class!r})"


class NightLock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When outside calls are locked; both empty for never."""

    begins: Annotated[
        Minute | None,
        Meta(description="Begin of the lock, such as 20:00.", extra={"zh": "锁定开始时间，如 20:00。"}),
    ] = None
    ends: Annotated[
        Minute | None,
        Meta(description="End of the lock, such as 07:30.", extra={"zh": "锁定结束时间，如 07:30。"}),
    ] = None
    weekends: Annotated[
        bool,
        Meta(
            description="Whether Saturday and Sunday are locked all day.",
            extra={"zh": "周六周日是否全天锁定。"},
        ),
    ] = False

    def is_on(self, at: datetime.datetime) -> bool:
        """Tell whether the lock is on at a local moment."""
        if self.weekends and at.isoweekday() >= _SATURDAY:
            return True
        if self.begins is None or self.ends is None or self.begins == self.ends:
            return False
        now = f"{at:%H:%M}"
        if self.begins < self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


class Rights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may dial what; part of the settings."""

    classes: Annotated[
        dict[str, ServiceClass],
        Meta(description="Classes of service by name.", extra={"zh": "权限等级。"}),
    ] = msgspec.field(
        default_factory=lambda: {
            "internal": ServiceClass(allowed=()),
            "national": ServiceClass(),
            "everything": ServiceClass(
                allowed=(*_NATIONAL, NumberClass.INTERNATIONAL),
                at_night=(*_NATIONAL, NumberClass.INTERNATIONAL),
            ),
        }
    )
    default: Annotated[
        str,
        Meta(
            description="Class of service of extensions that name none.",
            extra={"zh": "未指定权限等级的分机所用的等级。"},
        ),
    ] = "national"
    night_lock: Annotated[
        NightLock,
        Meta(description="When outside calls are locked.", extra={"zh": "夜间锁定。"}),
    ] = NightLock()
    pins: Annotated[
        tuple[Pin, ...],
        Meta(max_length=200, description="PINs that lift bars.", extra={"zh": "解除限制的密码。"}),
    ] = ()

    def named(self, name: str) -> ServiceClass:
        """Return a class by name, the default for ""; one that isn't there may dial inside only."""
        return self.classes.get(name or self.default, ServiceClass(allowed=()))

    def pin(self, keyed: str) -> Pin | None:
        """Return the PIN somebody keyed; takes as long for a wrong one as for a right one."""
        found = None
        for pin in self.pins:
            if hmac.compare_digest(pin.pin.encode(), keyed.encode()):
                found = pin
        return found

    def bar(self, service: ServiceClass, number: Number, at: datetime.datetime) -> Said | None:
        """Return why a number may not be dialled, in plain words; None when it may."""
        if number.number_class is NumberClass.EMERGENCY:
            return None
        if number.number_class not in service.allowed:
            return Words.BARRED(kind=known(number.number_class))
        if self.night_lock.is_on(at) and number.number_class not in service.at_night:
            return Words.NIGHT()
        return None


_SATURDAY = 6
