"""Running PostgreSQL as an account it does not take: root, or a uid without a name (as in many containers).

In a user namespace that maps us to an account of this machine it sees that one, and still reaches every folder we
reach. Where user namespaces are not to be had, root runs it as `nobody` on copies in /var/lib.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

REACHABLE = Path("/var/lib")


class EmbeddedError(Exception):
    """An embedded part cannot run here; the message is one line that says what to do."""


@dataclass(frozen=True)
class Placement:
    """Where a program and its data lie, and how to start it: argv prefix, or a user to become."""

    programs: Path
    data: Path
    prefix: tuple[str, ...] = ()
    user: str | None = None


def place(programs: Path, data: Path) -> Placement:
    """How to run PostgreSQL's programs on this data folder. Raises EmbeddedError where no way is open."""
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Placement(programs, data)
    if _namespace_works(programs, data.parent):
        return Placement(programs, data, prefix=_namespace())
    if os.geteuid() != 0:
        raise EmbeddedError(
            f"PostgreSQL needs an account with a name and user {os.geteuid()} has none: add it to passwd"
        )
    return _copied(programs, data)


def _has_name(uid: int) -> bool:
    return any(account.pw_uid == uid for account in pwd.getpwall())


def _namespace() -> tuple[str, ...]:
    """The prefix that shows a program us as an account other than root that this machine has."""
    named = sorted((a for a in pwd.getpwall() if a.pw_uid != 0), key=lambda a: a.pw_name != "nobody")
    uid, gid = (named[0].pw_uid, named[0].pw_gid) if named else (1000, 1000)
    return ("unshare", "--user", f"--map-user={uid}", f"--map-group={gid}")


def _namespace_works(programs: Path, parent: Path) -> bool:
    prefix = _namespace()
    if shutil.which(prefix[0]) is None:
        return False
    probe = f'test -w "{parent}" && "{programs}/bin/postgres" --version'
    return subprocess.run([*prefix, "sh", "-c", probe], capture_output=True).returncode == 0


def _copied(programs: Path, data: Path) -> Placement:
    name = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    home = REACHABLE / f"countersign-{name}"
    try:
        owner = pwd.getpwnam("nobody")
        home.mkdir(mode=0o711, exist_ok=True)
        _copy_programs(programs, home / "site")
        (home / "data").mkdir(mode=0o700, exist_ok=True)
        os.chown(home / "data", owner.pw_uid, owner.pw_gid)
    except (OSError, KeyError) as error:
        raise EmbeddedError(
            f"PostgreSQL will not run as root, user namespaces are not available and {home} cannot be used "
            f"({error}): run as an ordinary user, or set COUNTERSIGN_DATABASE__HOST to a server of yours"
        ) from None
    return Placement(home / "site" / programs.parent.name / programs.name, home / "data", user="nobody")


def _copy_programs(programs: Path, site: Path) -> None:
    """The programs find their libraries beside their package (`PACKAGE.libs`): both keep their places."""
    package = programs.parent
    for source in (programs, *package.parent.glob(f"{package.name}.libs")):
        target = site / source.relative_to(package.parent)
        if not target.exists():
            shutil.copytree(source, target, symlinks=True)
