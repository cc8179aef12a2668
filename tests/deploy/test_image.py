"""The image without an engine: what its Dockerfile installs, run as its user would, with nothing
that can be written but the places it has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "knowledge", "persona", "adapters")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from only what the Dockerfile copies."""
    source, out = tmp_path_factory.mktemp("src"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=skip)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    program = "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", program, str(out)],
        cwd=source, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    if "No module named 'hatchling'" in built.stderr:
        pytest.skip("no hatchling here")
    assert built.returncode == 0, built.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_holds_all_that_is_not_code(wheel: Path) -> None:
    """Models, templates, static files, word lists and migrations: whatever git knows in the four
    packages is in it."""
    with zipfile.ZipFile(wheel) as packed:
        there = set(packed.namelist())
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("no git here")
    wanted = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    assert wanted - there == set()
    assert any(name.endswith(".onnx") for name in there)


@pytest.fixture
def image(wheel: Path, tmp_path: Path) -> Path:
    """The wheel's content as it lies in the image: for nobody to write."""
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    return site


def test_its_command_works_for_a_stranger_with_a_read_only_root(
    image: Path, tmp_path: Path
) -> None:
    """As user 10001 without HOME, with a root that is read only but for /data and /tmp: the demo's
    bot is made, reads documents in and answers."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("needs root, unshare and setpriv")
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, 10001, 10001)
    command = "from adapters.cli.main import main; raise SystemExit(main())"
    steps = f"""
        set -e
        mount --make-rprivate /
        mount -t tmpfs tmpfs /mnt
        mkdir /mnt/data /mnt/site /mnt/config /mnt/tmp /mnt/packages
        mount --bind {data} /mnt/data
        mount --bind {image} /mnt/site
        mount --bind {Path(sys.prefix)} /mnt/packages
        printf '# Pump\\n\\nThe warranty of the pump is five years.\\n' > /mnt/config/pump.md
        chmod -R a+rX /mnt/site /mnt/config
        mount -t tmpfs -o noexec,nosuid,nodev,mode=1777 tmpfs /tmp
        mount -o remount,ro /mnt
        mount -o remount,bind,ro / || {{ echo 'mount: / stays' >&2; exit 1; }}
        cd /mnt/config
        run() {{
            env -i PATH=/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 WELLSPOKEN_HOME=/mnt/data \\
                PYTHONPATH=/mnt/site setpriv --reuid 10001 --regid 10001 --clear-groups \\
                --no-new-privs --bounding-set -all /mnt/packages/bin/python -c '{command}' "$@"
        }}
        setpriv --reuid 10001 --clear-groups --regid 10001 \\
            /mnt/packages/bin/python -c 'import rich' \\
            || {{ echo 'mount: this Python is not for others' >&2; exit 1; }}
        if touch /etc/x 2>/dev/null; then exit 3; fi
        run --version
        run ingest pump.md
        run ask 'How long is the warranty of the pump?'
        run db upgrade
    """
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", steps],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    if done.returncode and ("mount:" in done.stderr or "unshare:" in done.stderr):
        pytest.skip(f"mounts are not allowed here: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    assert "five years" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"data", "site"}
