"""Opens a database as somebody who may not write its file: `read_only_file.py DATABASE`. Prints why that fails."""

from __future__ import annotations

import os
import sys

from coursewire.errors import Unavailable
from coursewire.storage.sqlite import SQLiteDatabase

NOBODY = 65_534


if __name__ == "__main__":
    if os.getuid() == 0:  # who may write everything
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        SQLiteDatabase(f"sqlite:///{sys.argv[1]}").writer()
    except Unavailable as error:
        sys.stdout.write(f"{error}\n")
