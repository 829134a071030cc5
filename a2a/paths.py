"""Where a2a keeps its files, and how it writes them so that no crash leaves half a file.

`A2A_HOME`, when set, holds everything; otherwise the folders the system has for it (contract 3, 3.1). Folders are
made on demand, for the user alone. The environment is read by `a2a.config`, which hands `home` in.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from a2a.errors import StoreError

_APP = "a2a"


@dataclass(frozen=True)
class Folders:
    """The four folders and what lies in them. A property names a place; `private_dir` makes it."""

    config: Path
    data: Path
    state: Path
    cache: Path
    home: Path | None = None
    """`A2A_HOME`, made absolute; None for the system's folders."""

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def accounts(self) -> Path:
        """Account records without secrets, one JSON file each."""
        return self.data / "accounts"

    @property
    def overrides(self) -> Path:
        """What was changed of declared accounts, one JSON file each."""
        return self.data / "overrides"

    @property
    def credentials(self) -> Path:
        """The file store: secrets, one 0600 file each."""
        return self.data / "credentials"

    @property
    def exchanges(self) -> Path:
        """The exchange store, an SQLite database."""
        return self.data / "exchanges.db"

    @property
    def locks(self) -> Path:
        """Lock files shared by all processes of this user."""
        return self.state / "locks"

    @property
    def servers(self) -> Path:
        """One file per running server: url and pid."""
        return self.state / "servers"

    @property
    def keyring_service(self) -> str:
        """`a2a`, or `a2a:` + 8 hex of the SHA-256 of the home's path, so that two homes never mix (contract 3.1)."""
        if self.home is None:
            return _APP
        import hashlib  # deferred, as below: `a2a --help` needs neither

        return f"{_APP}:{hashlib.sha256(str(self.home).encode()).hexdigest()[:8]}"


def folders(home: str | None) -> Folders:
    """The folders for this value of `A2A_HOME` (None or empty: the system's own)."""
    if home:
        root = Path(home).expanduser().absolute()
        return Folders(config=root, data=root / "data", state=root / "state", cache=root / "cache", home=root)
    import platformdirs

    return Folders(
        config=platformdirs.user_config_path(_APP, appauthor=False),
        data=platformdirs.user_data_path(_APP, appauthor=False),
        state=platformdirs.user_state_path(_APP, appauthor=False),
        cache=platformdirs.user_cache_path(_APP, appauthor=False),
    )


def private_dir(path: Path) -> Path:
    """Make the folder and its missing parents with mode 0700; an existing folder keeps its mode."""
    missing = [path, *path.parents]
    try:
        for folder in reversed([p for p in missing if not p.exists()]):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as exc:
        raise StoreError(
            f"cannot make the folder {path}: {exc.strerror or exc}", hint="check its permissions or set A2A_HOME"
        ) from exc
    return path


def atomic_write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace `path` by `content`: a reader, and a start after kill -9, finds the old file or the new one, whole.

    A killed writer may leave a `.tmp` file beside it, which no reader looks at.
    """
    private_dir(path.parent)
    temp = path.parent / f".{path.name}.{secrets.token_hex(6)}.tmp"
    try:
        _write_synced(temp, content, mode)
        os.replace(temp, path)
        _sync_folder(path.parent)
    except OSError as exc:
        with contextlib.suppress(OSError):
            temp.unlink()
        raise StoreError(f"cannot write {path}: {exc.strerror or exc}", hint="check space and permissions") from exc
    except BaseException:
        with contextlib.suppress(OSError):
            temp.unlink()
        raise


def _write_synced(path: Path, content: bytes, mode: int) -> None:
    # O_EXCL: the name is random, so an existing file there is somebody else's.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable. Windows cannot open a folder, and journals the rename."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
