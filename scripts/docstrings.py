"""Writes the documentation strings of Python's standard library as plain text: what circuits may be fitted to.

    python3 scripts/docstrings.py > docstrings.txt

Every interpreter has them, under the licence of Python (PSF-2.0). The text depends on the version of the interpreter alone, which
is the first thing that goes to standard error. Modules come in the order of a hash of their names, so that the beginning of
the text is a mixture of them all.
"""

import ast
import hashlib
import pathlib
import platform
import sys
import sysconfig

LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "__pycache__", "ensurepip"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
SHORTEST = 40


def strings(source):
    """The documentation strings of a module, as paragraphs of running text."""
    for node in ast.walk(ast.parse(source)):
        text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
        for paragraph in (text or "").split("\n\n"):
            words = " ".join(paragraph.split())
            if len(words) >= SHORTEST and ">>>" not in words:
                yield words


def main():
    root = pathlib.Path(sysconfig.get_paths()["stdlib"])
    modules = [path.relative_to(root) for path in root.rglob("*.py")]
    modules = [path for path in modules if not LEFT_OUT.intersection(path.parts)]
    modules.sort(key=lambda path: hashlib.sha256(path.as_posix().encode()).digest())
    print(f"Python {platform.python_version()}", file=sys.stderr)
    for path in modules:
        try:
            paragraphs = list(strings((root / path).read_text(encoding="utf-8")))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for words in paragraphs:
            print(words)


if __name__ == "__main__":
    main()
