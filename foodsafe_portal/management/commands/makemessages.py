"""Collect the sentences of Python and of both kinds of templates into the catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.commands import makemessages

from foodsafe_portal.jinja import pages

PAGES = Path(__file__).resolve().parents[3] / "templates"


def is_jinja(path: str | Path) -> bool:
    """Whether a file is a template of the pages; those of Django's engine lie in a folder of their own."""
    whole = Path(path).resolve()
    return PAGES in whole.parents and PAGES / "django" not in whole.parents


def calls_of(source: str) -> str:
    """The sentences of a Jinja2 template as calls of gettext in Python, each on its own line."""
    environment: Any = pages()  # its extension for translations adds the method
    found = environment.extract_translations(source)
    lines = []
    for _line, function, message in found:
        texts = message if isinstance(message, tuple) else (message,)
        # None stands for an argument that is no text: the number of a plural, the values of placeholders.
        said = [repr(text) for text in texts if text is not None]
        lines.append(f"{function}({', '.join([*said, '0'] if len(said) > 1 else said)})")
    return "\n".join(lines)


class TemplateFile(makemessages.BuildFile):
    """A file to extract from; a template of the pages is read by Jinja2."""

    def preprocess(self) -> None:
        """Write what xgettext reads in place of a template."""
        if not (self.is_templatized and is_jinja(self.path)):
            super().preprocess()
            return
        calls = calls_of(Path(self.path).read_text(encoding="utf-8"))
        Path(self.work_path).write_text(calls, encoding="utf-8")


class Command(makemessages.Command):
    """Django's own, with the templates of the pages."""

    build_file_class = TemplateFile
