"""`python -m firmware.cli` is the `zongji` command."""

import sys

from firmware.cli import main

sys.exit(main())
