"""Modules that are imported when they are first used: the box answers phones before it can draw or post.

if TYPE_CHECKING:
    import numpy as np
else:
    np = LateModule("numpy")
"""

from __future__ import annotations

import importlib
from typing import Any


class LateModule:
    """Stands for a module until something of it is asked for.

    Args:
        name: As in an import statement. It must be installed: this puts the cost off, not the failure.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """Import the module, once whoever asks first, and hand on what it has of that name.

        Raises:
            ImportError: It isn't installed.
            AttributeError: It has nothing of that name.
        """
        # importlib holds a lock per module, so threads that ask at once all get the finished one.
        found = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, found)
        return found
