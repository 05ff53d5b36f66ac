"""`python -m firmware.media`: see `process.py`."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # numpy's linear algebra would start a thread per core, each with its own buffers, and none is used here.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ["OMP_NUM_THREADS"] = "1"
    from firmware.media.process import main

    sys.exit(main())
