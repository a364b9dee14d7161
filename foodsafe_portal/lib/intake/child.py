"""The guarded child process: one open file, the order on standard input, columns on standard output, and nothing else allowed.

Started as a plain script in isolated mode (``python -I child.py``). It imports its readers first, then gives up every
right it no longer needs — no further file or socket may be opened, memory and processor time are bounded — and only then,
when the order has come, touches the file. A reader that aborts takes this process with it and nothing else.
"""

from __future__ import annotations

import codecs
import gc
import marshal
import os
import resource
import sys
import types
from pathlib import Path
from typing import Any


def stand_in_for_packages() -> None:
    """Let neighbours be imported without running the packages' own start-up code."""
    here = Path(__file__).resolve().parent
    folders = {
        "foodsafe_portal": here.parents[1],
        "foodsafe_portal.lib": here.parent,
        "foodsafe_portal.lib.intake": here,
    }
    for name, folder in folders.items():
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def give_up_rights(rights: dict[str, Any]) -> None:
    """Bound memory and processor time; refuse every new file, socket and process."""
    for encoding in ("gb18030", "utf-16", "utf-16-le", "utf-8-sig", "cp437", "ascii"):
        codecs.lookup(encoding)  # loaded now: no file can be opened later
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (rights["memory"], rights["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (rights["cpu"], rights["cpu"] + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def main() -> int:
    """Read the file with the descriptor and the rights of the first argument as the order says, and answer by ``marshal``."""
    gc.disable()  # a short life, and nothing here runs in circles
    rights = marshal.loads(bytes.fromhex(sys.argv[1]))
    stand_in_for_packages()
    from foodsafe_portal.lib.intake import reading

    source = os.fdopen(rights["file"], "rb")
    give_up_rights(rights)
    order = sys.stdin.buffer.read()
    if not order:  # the file was refused without being read
        return 0
    try:
        for message in reading.read(source.read(), marshal.loads(order)):
            send(message)
    except reading.Refused as refusal:
        send({"what": "refused", "why": list(refusal.args)})
    except MemoryError:
        return 3
    return 0


def send(message: dict[str, Any]) -> None:
    """Write one message behind its length in eight bytes."""
    data = marshal.dumps(message, 2)
    sys.stdout.buffer.write(len(data).to_bytes(8, "little"))
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
