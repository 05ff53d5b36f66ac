"""What a browser would send of a form, read off the page."""

from __future__ import annotations

from html.parser import HTMLParser


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._form: dict[str, list[str]] | None = None
        self._select = ""
        self._chosen: list[str] = []
        self._first: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action", ""), {})
        if self._form is None:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind not in ("checkbox", "radio") or "checked" in given:
                self._form.setdefault(name, []).append(given.get("value", "on"))
        elif tag == "select":
            self._select, self._chosen, self._first = name, [], None
        elif tag == "option" and self._select:
            value = given.get("value", "")
            self._first = value if self._first is None else self._first
            if "selected" in given:
                self._chosen.append(value)
        elif tag == "textarea":
            self._area = name
            self._form[name] = [""]

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._area is not None:
            self._form[self._area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select" and self._select and self._form is not None:
            chosen = self._chosen or ([] if self._first is None else [self._first])
            self._form.setdefault(self._select, []).extend(chosen)
            self._select = ""


def filled(page: str, action: str, **changes: str | list[str] | None) -> dict[str, list[str]]:
    """Return what the form of a page that is sent to `action` holds, with some fields changed.

    Args:
        changes: Field (`.` written as `__`) → value; None takes it away, as unticking does.
    """
    reader = _Forms()
    reader.feed(page)
    form = dict(reader.forms[action])
    for key, value in changes.items():
        name = key.replace("__", ".")
        if value is None:
            form.pop(name, None)
        else:
            form[name] = value if isinstance(value, list) else [value]
    return form
