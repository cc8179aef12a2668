"""How a machine without a Weaviate server gets one, with a Go that only pretends."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVER = "#!/bin/sh\necho 'Usage:'; echo '  weaviate-server [OPTIONS]'\n"
BUILDS = f"""#!/bin/sh
[ "$1" = version ] && echo go version go1.26.8 && exit
echo "$@" >> "$HOME/asked"
cat > "$GOBIN/weaviate-server" <<'END'
{SERVER}END
chmod +x "$GOBIN/weaviate-server"
"""
FAILS = """#!/bin/sh
[ "$1" = version ] && echo go version go1.19.8 && exit
echo 'requires go >= 1.26' >&2
touch "$GOBIN/weaviate-server"
exit 1
"""
BUILDS_NONSENSE = """#!/bin/sh
printf '#!/bin/sh\\nexit 1\\n' > "$GOBIN/weaviate-server"; chmod +x "$GOBIN/weaviate-server"
"""


def executable(path: Path, text: str) -> Path:
    """A script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


class Machine:
    """A home without anything, and a path with what the script calls."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name in ("bash", "sh", "env", "cat", "grep", "mkdir", "mktemp", "mv", "rm", "chmod"):
            found = shutil.which(name)
            assert found, name
            (self.programs / name).symlink_to(found)

    @property
    def place(self) -> Path:
        """Where the server is to be."""
        return self.home / ".cache" / "wellspoken" / "weaviate-v1.39.0" / "weaviate-server"

    def run(self, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        return subprocess.run(
            [ROOT / ".ci" / "weaviate"],
            env={"HOME": str(self.home), "PATH": str(self.programs), **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_server_is_built_once_and_kept(machine: Machine) -> None:
    """The first run builds the pinned version, the second one only finds it."""
    executable(machine.programs / "go", BUILDS)
    for _ in range(2):
        done = machine.run()
        assert (done.returncode, done.stdout.strip()) == (0, str(machine.place)), done.stderr
    asked = (machine.home / "asked").read_text().splitlines()
    assert asked == ["install github.com/weaviate/weaviate/cmd/weaviate-server@v1.39.0"]
    assert [entry.name for entry in machine.place.parent.iterdir()] == ["weaviate-server"]


@pytest.mark.parametrize("go", [FAILS, BUILDS_NONSENSE])
def test_failed_build_is_said_and_leaves_nothing(machine: Machine, go: str) -> None:
    """A build that breaks off, or gives something else, ends the run and is no server later."""
    executable(machine.programs / "go", go)
    done = machine.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert "*** No Weaviate server for the tests: " in done.stderr
    assert list(machine.place.parent.iterdir()) == []


def test_failed_build_says_what_it_needs(machine: Machine) -> None:
    """Who has an old Go reads which one is wanted, below what Go itself said."""
    executable(machine.programs / "go", FAILS)
    said = machine.run().stderr
    assert said.index("requires go >= 1.26") < said.index("Go 1.26 or newer")
    assert "go1.19.8" in said


def test_broken_server_in_the_cache_is_built_anew(machine: Machine) -> None:
    """Half a file, as a full disk leaves it, is not believed."""
    executable(machine.programs / "go", BUILDS)
    executable(machine.place, "")
    done = machine.run()
    assert done.returncode == 0
    assert machine.place.read_text() == SERVER


def test_missing_go_is_said(machine: Machine) -> None:
    """Without Go the run ends with what to install."""
    done = machine.run(GOROOT=str(machine.home / "nothing"))
    assert done.returncode == 1
    assert "Go is missing" in done.stderr


def test_named_server_is_taken_or_refused(machine: Machine) -> None:
    """WEAVIATE_SERVER saves the build, and a wrong one is said."""
    mine = executable(machine.home / "mine", SERVER)
    assert machine.run(WEAVIATE_SERVER=str(mine)).stdout.strip() == str(mine)
    done = machine.run(WEAVIATE_SERVER=str(machine.home / "nothing"))
    assert done.returncode == 1
    assert "WEAVIATE_SERVER names" in done.stderr
