"""The words that spoken values are put together from, by language and key.

A language has the atoms its own grammar needs: Mandarin a 万, English a "thousand". What is said in one
breath is one atom ("twenty-six", 五百): the fewer seams, the more natural, and tones change inside a word.
"""

from __future__ import annotations

from ivr.prompts.spoken.seam import Noun

PAUSE = "pause"
"""The key of a short silence: between the groups of a telephone number."""

_HAN = "零一二三四五六七八九"
_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_NTH = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"}


def _han_below_100(value: int) -> str:
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_HAN[tens]}十"
    return head + (_HAN[ones] if ones or not tens else "")


def _english_below_100(value: int) -> str:
    if value < 20:
        return _SMALL[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")


def _english_nth(value: int) -> str:
    tens, ones = divmod(value, 10)
    if value in _NTH:
        return _NTH[value]
    if value < 20:
        return f"{_SMALL[value]}th"
    if ones == 0:
        return f"{_TENS[tens - 2].removesuffix('y')}ieth"
    return f"{_TENS[tens - 2]}-{_english_nth(ones)}"


def _mandarin() -> dict[str, str]:
    atoms = {f"say-{value}": _han_below_100(value) for value in range(100)}
    atoms |= {f"say-teen-{value}": f"一{_han_below_100(value)}" for value in range(10, 20)}
    atoms |= {f"say-{digit}00": f"{_HAN[digit]}百" for digit in range(1, 10)}
    atoms |= {f"say-{digit}000": f"{'两' if digit == 2 else _HAN[digit]}千" for digit in range(1, 10)}
    atoms |= {f"say-month-{month}": f"{_han_below_100(month)}月" for month in range(1, 13)}
    atoms |= {f"say-day-{day}": f"{_han_below_100(day)}号" for day in range(1, 32)}
    atoms |= {f"say-weekday-{day}": f"星期{name}" for day, name in enumerate("一二三四五六天", 1)}
    atoms |= {f"say-hour-{hour}": f"{_han_below_100(hour)}点" for hour in range(13)}
    atoms["say-hour-2"] = "两点"
    atoms |= {
        "say-liang": "两",
        "say-yao": "幺",
        "say-wan": "万",
        "say-nth": "第",
        "say-point": "点",
        "say-minus": "负",
        "say-plus": "加",
        "say-star": "星号",
        "say-hash": "井号",
        "say-day-before-yesterday": "前天",
        "say-yesterday": "昨天",
        "say-today": "今天",
        "say-tomorrow": "明天",
        "say-day-after-tomorrow": "后天",
        "say-year": "年",
        "say-small-hours": "凌晨",
        "say-early": "早上",
        "say-forenoon": "上午",
        "say-noon": "中午",
        "say-afternoon": "下午",
        "say-evening": "晚上",
        "say-minute-mark": "分",
        "say-days": "天",
        "say-hours": "小时",
        "say-minutes": "分钟",
        "say-seconds": "秒",
        "say-CNY": "元",
        "say-CNY-jiao": "角",
        "say-CNY-coin": "分",
        "say-USD": "美元",
        "say-USD-coin": "美分",
        "say-EUR": "欧元",
        "say-EUR-coin": "欧分",
        "say-GBP": "英镑",
        "say-GBP-coin": "便士",
        "say-HKD": "港元",
        "say-HKD-coin": "港分",
        "say-JPY": "日元",
        "say-KRW": "韩元",
    }
    nouns = {
        Noun.MESSAGE: "条留言",
        Noun.NEW_MESSAGE: "条新留言",
        Noun.SAVED_MESSAGE: "条已保存的留言",
        Noun.URGENT_MESSAGE: "条紧急留言",
        Noun.MISSED_CALL: "个未接来电",
        Noun.CALLER_AHEAD: "位来电者",
    }
    return atoms | {f"say-{noun}": text for noun, text in nouns.items()}


def _english() -> dict[str, str]:
    atoms = {f"say-{value}": _english_below_100(value) for value in range(100)}
    atoms |= {f"say-{digit}00": f"{_SMALL[digit]} hundred" for digit in range(1, 10)}
    atoms |= {f"say-month-{month}": name for month, name in enumerate(_MONTHS, 1)}
    atoms |= {f"say-nth-{value}": _english_nth(value) for value in range(1, 32)}
    atoms |= {f"say-weekday-{day}": name for day, name in enumerate(_WEEKDAYS, 1)}
    atoms |= {
        "say-hundred": "hundred",
        "say-thousand": "thousand",
        "say-number": "number",
        "say-and": "and",
        "say-oh": "oh",
        "say-point": "point",
        "say-minus": "minus",
        "say-plus": "plus",
        "say-star": "star",
        "say-hash": "pound",
        "say-yesterday": "yesterday",
        "say-today": "today",
        "say-tomorrow": "tomorrow",
        "say-am": "A M",
        "say-pm": "P M",
        "say-noon": "noon",
        "say-midnight": "midnight",
    }
    pairs = {
        "day": ("day", "days"),
        "hour": ("hour", "hours"),
        "minute": ("minute", "minutes"),
        "second": ("second", "seconds"),
        "CNY": ("yuan", "yuan"),
        "CNY-coin": ("fen", "fen"),
        "USD": ("dollar", "dollars"),
        "USD-coin": ("cent", "cents"),
        "EUR": ("euro", "euros"),
        "EUR-coin": ("cent", "cents"),
        "GBP": ("pound sterling", "pounds sterling"),
        "GBP-coin": ("penny", "pence"),
        "HKD": ("Hong Kong dollar", "Hong Kong dollars"),
        "HKD-coin": ("cent", "cents"),
        "JPY": ("yen", "yen"),
        "KRW": ("won", "won"),
        Noun.MESSAGE: ("message", "messages"),
        Noun.NEW_MESSAGE: ("new message", "new messages"),
        Noun.SAVED_MESSAGE: ("saved message", "saved messages"),
        Noun.URGENT_MESSAGE: ("urgent message", "urgent messages"),
        Noun.MISSED_CALL: ("missed call", "missed calls"),
        Noun.CALLER_AHEAD: ("caller", "callers"),
    }
    for key, (one, many) in pairs.items():
        atoms |= {f"say-one-{key}": one, f"say-many-{key}": many}
    return atoms


ATOMS: dict[str, dict[str, str]] = {"zh-CN": _mandarin(), "en": _english()}
"""Language → key → text."""
