"""The command that serves the portal's pages on this machine. Standard library only."""

from __future__ import annotations

import sys


def web_command(port: int, *options: str, python: str = sys.executable) -> list[str]:
    """The web server on a port of 127.0.0.1, with further options of gunicorn."""
    return [
        python, "-m", "gunicorn", "foodsafe_portal.wsgi:application", "--bind", f"127.0.0.1:{port}", *options
    ]  # fmt: skip
