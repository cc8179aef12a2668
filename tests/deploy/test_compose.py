"""What is deployed: checked as text, for there is not always an engine to run it."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.platforms.weaviate_server import VERSION, WeaviateProcess

ROOT = Path(__file__).parents[2]
SECRET_NAMES = ("PASSWORD", "TOKEN", "KEY", "SECRET")
OPTIONAL = {"VLLM_API_KEY"}  # nobody but the bot reaches it
NO_SECRETS = {"AUTHENTICATION_APIKEY_ENABLED", "AUTHENTICATION_APIKEY_USERS"}


@pytest.fixture
def compose() -> dict[str, Any]:
    """The parsed compose file."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


@pytest.fixture
def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continuation lines joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def test_every_service_is_pinned_healthy_and_restarted(compose: dict[str, Any]) -> None:
    """An image has a version, a service a health check and a way back after a crash."""
    for service in compose["services"].values():
        assert re.search(r":v?\d+\.\d+", service["image"])
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"


def test_no_secret_stands_in_the_compose_file(compose: dict[str, Any]) -> None:
    """Whatever sounds like a secret comes from the environment and has no default."""
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            secret = any(part in name for part in SECRET_NAMES) and name not in NO_SECRETS
            if name in OPTIONAL:
                assert re.fullmatch(r"\$\{\w+:-\}", value)
            elif secret or "://" in str(value):
                assert "${" in value
                assert ":?" in value
                assert ":-" not in value


def test_bot_waits_for_its_servers_and_data_is_kept(compose: dict[str, Any]) -> None:
    """The bot starts after PostgreSQL and Weaviate are healthy; data lies in named volumes."""
    services = compose["services"]
    waits = {name: how["condition"] for name, how in services["bot"]["depends_on"].items()}
    assert waits == {"postgres": "service_healthy", "weaviate": "service_healthy"}
    kept = {
        mount.split(":")[0]
        for service in services.values()
        for mount in service["volumes"]
        if not mount.startswith("./")
    }
    assert kept == set(compose["volumes"])
    assert "data:/data" in services["bot"]["volumes"]


def test_only_this_machine_reaches_a_service(compose: dict[str, Any]) -> None:
    """Every port that is published is so on the loopback address."""
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_bot_finds_weaviate_with_its_key(compose: dict[str, Any]) -> None:
    """Addresses, key and folders of the two services fit together."""
    bot, weaviate = (compose["services"][name] for name in ("bot", "weaviate"))
    given, settings = bot["environment"], weaviate["environment"]
    assert [port.rsplit(":", 1)[1] for port in weaviate["ports"]] == ["8080", "50051"]
    assert (given["WEAVIATE_URL"], given["WEAVIATE_GRPC_URL"]) == (
        "${WEAVIATE_URL:-weaviate:8080}",
        "${WEAVIATE_GRPC_URL:-weaviate:50051}",
    )
    assert given["WEAVIATE_API_KEY"] == settings["AUTHENTICATION_APIKEY_ALLOWED_KEYS"]
    folders = {mount.split(":")[1] for mount in weaviate["volumes"]}
    assert folders == {settings["PERSISTENCE_DATA_PATH"], settings["BACKUP_FILESYSTEM_PATH"]}


def test_weaviate_is_the_one_that_is_tested(compose: dict[str, Any]) -> None:
    """Compose, CI and the tests name the same version."""
    image = compose["services"]["weaviate"]["image"]
    built = re.search(r"^version=(\S+)$", (ROOT / ".ci" / "weaviate").read_text(), re.MULTILINE)
    assert built is not None
    assert image.rsplit(":", 1)[1] == built[1] == VERSION


@pytest.mark.weaviate
def test_weaviate_starts_with_the_settings_of_compose(
    compose: dict[str, Any], weaviate_binary: Path, tmp_path: Path
) -> None:
    """The real server takes them: a key is asked for, and backups are its only module."""
    settings = {k: str(v) for k, v in compose["services"]["weaviate"]["environment"].items()}
    node = WeaviateProcess(weaviate_binary)
    places = {name: str(tmp_path / name) for name in settings if name.endswith("_PATH")}
    node.settings = {**settings, **places, "AUTHENTICATION_APIKEY_ALLOWED_KEYS": node.key}
    try:
        node.start()
        assert list(node.ask("GET", "meta")["modules"]) == ["backup-filesystem"]
        refused = httpx2.get(f"{node.url}/v1/schema", trust_env=False)
        assert refused.status_code == 401
    finally:
        node.remove()


def test_bot_can_write_nowhere_but_its_data(compose: dict[str, Any]) -> None:
    """The container is read-only and without capabilities."""
    bot = compose["services"]["bot"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert int(bot["stop_grace_period"].removesuffix("s")) > 40


def test_no_service_gains_rights_or_keeps_what_it_does_not_need(compose: dict[str, Any]) -> None:
    """New privileges are refused everywhere; capabilities are gone but for those that an image
    starts with, to hand its data to its own user."""
    for name, service in compose["services"].items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert service["pids_limit"] > 0, name
        assert not {"privileged", "network_mode", "pid", "devices", "ipc"} & service.keys(), name
        assert not any("docker.sock" in mount for mount in service["volumes"]), name
    added = {n: s.get("cap_add", []) for n, s in compose["services"].items()}
    assert added == {
        "bot": [],
        "postgres": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
        "weaviate": [],
        **{f"weaviate-{which}": [] for which in ("0", "1", "2", "nodes")},
        "vllm": ["DAC_READ_SEARCH"],
    }


def test_what_is_asked_for_by_name_alone_is_in_a_profile(compose: dict[str, Any]) -> None:
    """By itself there are the bot and its servers, and none waits for what is not started."""
    profiles = {name: set(s.get("profiles", [])) for name, s in compose["services"].items()}
    assert {name for name, found in profiles.items() if not found} == {
        "bot", "postgres", "weaviate",
    }  # fmt: skip
    assert set().union(*profiles.values()) == {"vllm", "three-nodes"}
    for name, service in compose["services"].items():
        for other in service.get("depends_on", {}):
            assert profiles[other] <= profiles[name]


def test_three_nodes_know_each_other_and_keep_data_of_their_own(compose: dict[str, Any]) -> None:
    """Names, the others' addresses and volumes fit; what is told to one node holds for all, and the
    address before them leads to each by both protocols."""
    nodes = {f"weaviate-{n}": compose["services"][f"weaviate-{n}"] for n in range(3)}
    single = compose["services"]["weaviate"]["environment"]
    balancer = (ROOT / "deploy" / "weaviate" / "haproxy.cfg").read_text()
    for name, node in nodes.items():
        told = node["environment"]
        assert told["CLUSTER_HOSTNAME"] == name
        assert set(told["CLUSTER_JOIN"].split(",")) == {f"{n}:7946" for n in nodes if n != name}
        assert set(told["RAFT_JOIN"].split(",")) == set(nodes)
        assert all(told[k] == v for k, v in single.items() if k != "CLUSTER_HOSTNAME")
        assert f"{name}:/var/lib/weaviate" in node["volumes"]
        assert len(re.findall(rf"server {name} {name}:(8080|50051) check", balancer)) == 2
    for mount in compose["services"]["weaviate-nodes"]["volumes"]:
        assert (ROOT / mount.split(":")[0]).is_file()


def test_the_gpu_is_reserved_and_adapters_are_read_where_the_bot_writes_them(
    compose: dict[str, Any],
) -> None:
    """vLLM takes one GPU, loads adapters while it runs, and sees the data folder under its path."""
    vllm, bot = (compose["services"][name] for name in ("vllm", "bot"))
    (device,) = vllm["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", 1, ["gpu"])
    assert "--enable-lora" in vllm["command"]
    assert vllm["environment"]["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"
    assert "data:/data" in bot["volumes"]
    assert "data:/data:ro" in vllm["volumes"]


def test_what_is_not_data_is_in_memory_alone(compose: dict[str, Any]) -> None:
    """Places for short-lived files have a size, and nothing can be run from them."""
    for name, service in compose["services"].items():
        for place in service["tmpfs"]:
            path, _, options = place.partition(":")
            assert path in {"/tmp", "/run/postgresql"}, name
            assert re.search(r"size=\d+m", options), name
            assert {"noexec", "nosuid", "nodev"} <= set(options.split(",")), name


def test_the_settings_cannot_be_changed_from_inside(compose: dict[str, Any]) -> None:
    """The folder with the settings and the persona is read only."""
    assert "./config:/config:ro" in compose["services"]["bot"]["volumes"]


def test_image_is_installed_by_hash_and_holds_no_secret(
    instructions: list[tuple[str, str]],
) -> None:
    """Packages come by the lock's hashes, bases have versions, and nothing secret is given at
    build time or by ADD from elsewhere."""
    told = [f"{name} {argument}" for name, argument in instructions]
    assert any("--require-hashes" in line for line in told)
    installs = [line for line in told if "pip install" in line and "--require-hashes" not in line]
    assert all("--no-deps" in line for line in installs)
    assert all(re.search(r":\S*\d", line) for line in told if line.startswith("FROM "))
    assert not [line for line in told if line.startswith(("ADD ", "ARG "))]
    named = " ".join(line for line in told if line.startswith("ENV "))
    assert not any(part in named for part in SECRET_NAMES)


def test_image_runs_as_nobody_special_and_reports_its_health(
    instructions: list[tuple[str, str]],
) -> None:
    """The last user is not root, and there is a health check on /healthz."""
    users = [argument for name, argument in instructions if name == "USER"]
    assert users == ["wellspoken"]
    assert any(name == "HEALTHCHECK" and "/healthz" in text for name, text in instructions)


def test_image_is_built_from_files_that_are_there_and_not_ignored(
    instructions: list[tuple[str, str]],
) -> None:
    """Each file that the Dockerfile copies exists and passes the ignore file."""
    ignore = (ROOT / ".dockerignore").read_text().split()
    for name, argument in instructions:
        if name == "COPY" and "--from" not in argument:
            for source in shlex.split(argument)[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignore, source


def test_example_environment_holds_no_value(compose: dict[str, Any]) -> None:
    """The example names every secret that compose asks for, and gives none."""
    example = (ROOT / ".env.example").read_text()
    wanted = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    for name in wanted:
        assert re.search(rf"^{name}=$", example, re.MULTILINE)


@pytest.mark.parametrize("script", [".ci/run", ".ci/weaviate"])
def test_scripts_are_sound_bash_and_can_be_run(script: str) -> None:
    """A typing mistake is found here, not on the machine that runs it."""
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True, timeout=20)


def test_make_lists_what_can_be_done() -> None:
    """`make` alone explains every target and changes nothing."""
    done = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    told = re.search(r"^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert told is not None
    for target in told[1].split():
        assert re.search(rf"^  make {target} +\w", done.stdout, re.MULTILINE), target


def test_locks_name_no_index_and_agree() -> None:
    """Two machines install the same, from whatever index they use."""
    pins: list[dict[str, str]] = []
    for name in ("runtime.lock", "dev.lock"):
        text = (ROOT / "requirements" / name).read_text()
        assert "--index-url" not in text
        assert "--find-links" not in text
        assert "://" not in text
        pinned = re.findall(r"^([\w.-]+(?:\[[\w,]+\])?)==(\S+)([^\\\n]*)", text, re.MULTILINE)
        pins.append({package + marker: version for package, version, marker in pinned})
        assert text.count("==") >= len(pinned) > 50
    runtime, dev = pins
    assert {name: dev.get(name) for name in runtime} == runtime
