"""Typed reading of environment variables, each failure a sentence that says what to write instead."""

from __future__ import annotations

import contextlib
import os
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}


def load_dotenv(path: Path) -> None:
    """Read ``KEY=value`` lines of ``path`` into the environment; what is already set wins."""
    if path.is_file():
        environ.Env.read_env(str(path), overwrite=False)


def text(name: str, default: str | None = None) -> str:
    """The value of ``name``; without a default a missing value is refused."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set {name} in the environment or in .env (see .env.example).")
    return value


def flag(name: str, default: bool) -> bool:
    """A yes/no value: one of 1 0 true false yes no on off."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    word = raw.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is neither yes nor no; write {name}=true or {name}=false.")


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number of at least ``minimum``."""
    raw = os.environ.get(name, str(default))
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(
            f"{name}={raw!r} is not a whole number; write for example {name}={default}."
        ) from None
    if value < minimum:
        raise ImproperlyConfigured(f"{name}={value} is too small; it must be at least {minimum}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list; blanks around the words are dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def networks(name: str, default: str = "") -> list[str]:
    """A comma-separated list of addresses and networks; the word ``unix`` stands for a socket file."""
    found = words(name, default)
    for text in found:
        try:
            if text != "unix":
                ip_network(text, strict=False)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name}: {text!r} is no address or network; write for example {name}=127.0.0.1,172.29.13.0/24."
            ) from None
    return found


def directory(name: str, default: Path) -> Path:
    """A folder, created when it is missing."""
    path = Path(os.environ.get(name, str(default))).expanduser().resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}={path} cannot be created: {error.strerror}.") from error
    return path


def database(name: str, default: str) -> dict[str, object]:
    """A Django database definition from a URL such as ``postgres://user:password@host:5432/portal``."""
    raw = os.environ.get(name) or default
    try:
        definition = environ.Env.db_url_config(raw)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} is not a database address: {error}") from error
    if definition.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        raise ImproperlyConfigured(f"{name} must start with sqlite:/// or postgres://.")
    return dict(definition)


def secret(name: str, *, file: Path, generate: bool) -> str:
    """A secret from the environment, or (embedded default only) one generated once into ``file``."""
    value = os.environ.get(name)
    if value:
        return value
    if not generate:
        raise ImproperlyConfigured(
            f"Set {name} to a long random text; `python3 -c 'import secrets; print(secrets.token_urlsafe(50))'` prints one."
        )
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_urlsafe(50))
    return file.read_text().strip()


def keys(name: str, *, file: Path) -> list[str]:
    """Secret keys, the newest first: comma-separated in the environment, else one a line in ``file``, made when it is missing."""
    if found := words(name):
        if any(len(key) < 32 for key in found):
            raise ImproperlyConfigured(f"{name}: each key must have at least 32 characters.")
        return found
    if not file.exists():
        whole = file.with_name(f"{file.name}.{os.getpid()}")
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):  # another process of the portal was first
            os.link(whole, file)
        whole.unlink()
    return [line.strip() for line in file.read_text().splitlines() if line.strip()]


def mail(name: str) -> dict[str, Any]:
    """The mail server from a URL such as ``smtp+tls://user:password@mail.example.org:587``; without one, mail goes to the log."""
    raw = os.environ.get(name, "")
    if not raw:
        console = "django.core.mail.backends.console.EmailBackend"
        return dict.fromkeys(("host", "user", "password"), "") | {
            "backend": console, "port": 25, "tls": False, "ssl": False,
        }  # fmt: skip
    try:
        told = environ.Env.email_url_config(raw)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} is not the address of a mail server: {error}") from error
    return {
        "backend": told["EMAIL_BACKEND"],
        "host": told["EMAIL_HOST"] or "",
        "port": told["EMAIL_PORT"] or 25,
        "user": told["EMAIL_HOST_USER"] or "",
        "password": told["EMAIL_HOST_PASSWORD"] or "",
        "tls": bool(told.get("EMAIL_USE_TLS")),
        "ssl": bool(told.get("EMAIL_USE_SSL")),
    }
