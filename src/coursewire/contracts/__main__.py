"""`python -m coursewire.contracts [--check]`: write the generated files, or fail when they are stale."""

from __future__ import annotations

import sys
from pathlib import Path

from coursewire.contracts import files


def main(arguments: list[str]) -> int:
    """Run in the root of the repository; return the exit status: 1 when `--check` finds a stale file."""
    root = Path.cwd()
    if "--check" in arguments:
        for path in files.stale(root):
            sys.stderr.write(f"stale: {path} (run `make contracts`)\n")
        return int(bool(files.stale(root)))
    for path in files.write(root):
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
