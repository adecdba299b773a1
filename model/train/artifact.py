"""What the trainers write beside a model: digest, versions, JSON files."""

import hashlib
import importlib.metadata
import json
import pathlib
import platform


def sha256(path: pathlib.Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of the named packages."""
    found = {"python": platform.python_version()}
    for name in packages:
        found[name] = importlib.metadata.version(name)
    return found


def write_json(path: pathlib.Path, value, indent: int | None = 2) -> None:
    """Writes value so that a rerun gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=indent) + "\n")
