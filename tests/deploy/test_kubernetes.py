"""The manifests: parsed and held against each other and our settings; there is no cluster here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import environment_names
from tests.platforms.weaviate_server import VERSION

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
WORKLOADS = {"Deployment", "StatefulSet"}
PARTS = {"web", "slack", "discord", "worker"}
OTHERS = {"POSTGRES_PASSWORD"}

Object = dict[str, Any]


def _load() -> list[tuple[str, Object]]:
    files = [f for f in sorted(FOLDER.glob("*.yaml")) if f.name != "kustomization.yaml"]
    return [(f.name, part) for f in files for part in yaml.safe_load_all(f.read_text())]


OBJECTS = _load()
PODS = [pytest.param(o, id=o["metadata"]["name"]) for _, o in OBJECTS if o["kind"] in WORKLOADS]


def _of(*kinds: str) -> list[Object]:
    return [found for _, found in OBJECTS if found["kind"] in kinds]


def _spec(workload: Object) -> Object:
    spec: Object = workload["spec"]["template"]["spec"]
    return spec


def _containers(workload: Object) -> list[Object]:
    spec = _spec(workload)
    return [*spec.get("initContainers", []), *spec["containers"]]


def _chosen(selector: Object) -> list[Object]:
    """The workloads whose pods have these labels."""
    wanted = (selector.get("matchLabels", selector)).items()
    return [
        workload
        for workload in _of(*WORKLOADS)
        if wanted <= workload["spec"]["template"]["metadata"]["labels"].items()
    ]


def test_kustomization_names_files_that_are_there_and_all_that_run_by_default() -> None:
    """Only the chats and the secret's example are left to the operator."""
    parsed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    there = {path.name for path in FOLDER.glob("*.yaml")}
    named = set(parsed["resources"])
    assert named - {"secret.yaml"} == there - {
        "kustomization.yaml", "chats.yaml", "secret.example.yaml",
    }  # fmt: skip
    assert "secret.yaml" in (FOLDER / ".gitignore").read_text().split()
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert parsed["images"] == [{"name": "wellspoken", "newTag": version[1]}]


def test_every_object_has_a_name_of_its_own() -> None:
    """No two of a kind share one, and each says its API."""
    names = [(o["apiVersion"], o["kind"], o["metadata"]["name"]) for _, o in OBJECTS]
    assert len(names) == len(set(names))


def test_every_setting_is_one_of_ours() -> None:
    """What is set in the configuration and the secret is known to the program, and each where it
    belongs."""
    known = {row.environment: row.secret for row in environment_names()}
    config = next(o for o in _of("ConfigMap") if o["metadata"]["name"] == "wellspoken-environment")
    assert {known.get(name) for name in config["data"]} == {False}
    secret = next(iter(_of("Secret")))["stringData"]
    assert {known.get(name) for name in set(secret) - OTHERS} == {True}
    text = "".join((FOLDER / name).read_text() for name in ("config.yaml", "secret.example.yaml"))
    hinted = set(re.findall(r"# ([A-Z][A-Z_]+): ", text))
    assert hinted
    assert hinted <= set(known)


def test_no_secret_has_a_value() -> None:
    """The example holds empty ones, and an address with a word where the password goes."""
    secret = dict(next(iter(_of("Secret")))["stringData"])
    address = secret.pop("DATABASE_URL")
    assert address == "postgresql://wellspoken:PASSWORD@postgres:5432/wellspoken"
    assert set(secret.values()) == {""}


@pytest.mark.parametrize("workload", PODS)
def test_a_pod_can_do_nothing_that_it_need_not(workload: Object) -> None:
    """Not root, nothing written outside its volumes, no capabilities, no key to the cluster."""
    spec = _spec(workload)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    for container in _containers(workload):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert container["resources"]["requests"]["cpu"]


@pytest.mark.parametrize("workload", PODS)
def test_a_pod_names_volumes_ports_and_objects_that_are_there(workload: Object) -> None:
    """Mounts, probes, configuration, secrets and claims fit together."""
    spec = _spec(workload)
    volumes = {v["name"] for v in spec["volumes"]}
    volumes |= {c["metadata"]["name"] for c in workload["spec"].get("volumeClaimTemplates", [])}
    maps, secrets, claims = (
        {o["metadata"]["name"] for o in _of(kind)}
        for kind in ("ConfigMap", "Secret", "PersistentVolumeClaim")
    )
    for volume in spec["volumes"]:
        assert volume.get("configMap", {"name": next(iter(maps))})["name"] in maps
        claim = volume.get("persistentVolumeClaim", {"claimName": next(iter(claims))})
        assert claim["claimName"] in claims
    for container in _containers(workload):
        assert {m["name"] for m in container["volumeMounts"]} <= volumes
        for given in container.get("envFrom", []):
            assert given.get("configMapRef", {"name": next(iter(maps))})["name"] in maps
            assert given.get("secretRef", {"name": next(iter(secrets))})["name"] in secrets
        ports = {p["name"] for p in container.get("ports", [])}
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            port = container.get(kind, {}).get("httpGet", {}).get("port")
            assert port is None or port in ports


@pytest.mark.parametrize("workload", PODS)
def test_a_pod_is_probed_and_selected(workload: Object) -> None:
    """Start, life and readiness are asked for; the selector finds the pods that it makes, and no
    others."""
    for container in _spec(workload)["containers"]:
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
    assert _chosen(workload["spec"]["selector"]) == [workload]


def _bots() -> list[Object]:
    return [o for o in _of("Deployment") if _containers(o)[-1]["image"] == "wellspoken"]


def test_bots_serve_parts_that_there_are_and_migrate_first() -> None:
    """``--only`` names our parts, the page's health is asked at the port that is served, the
    database is brought up to date before, and stopping has its time."""
    assert {o["metadata"]["name"] for o in _bots()} == {"web", "worker", "chats"}
    for bot in _bots():
        migrate, serve = _containers(bot)
        assert migrate["args"] == ["db", "upgrade"]
        told = dict(zip(serve["args"][1::2], serve["args"][2::2], strict=True))
        assert serve["args"][0] == "serve"
        assert set(told["--only"].split(",")) <= PARTS
        assert "web" in told["--only"].split(",")
        assert int(told["--port"]) == serve["ports"][0]["containerPort"]
        assert serve["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert serve["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert _spec(bot)["terminationGracePeriodSeconds"] > 40 + 5


def test_services_reach_pods_at_ports_that_they_have() -> None:
    """Every selector finds one workload, every port is named there."""
    for service in _of("Service"):
        (workload,) = _chosen(service["spec"]["selector"])
        ports = {p["name"] for c in _containers(workload) for p in c.get("ports", [])}
        assert {p["targetPort"] for p in service["spec"]["ports"]} <= ports


def test_settings_lead_to_services() -> None:
    """The addresses of PostgreSQL and Weaviate are services with that port."""
    offered = {
        f"{o['metadata']['name']}:{port['port']}"
        for o in _of("Service")
        for port in o["spec"]["ports"]
    }
    config = next(o for o in _of("ConfigMap") if o["metadata"]["name"] == "wellspoken-environment")
    assert {config["data"]["WEAVIATE_URL"], config["data"]["WEAVIATE_GRPC_URL"]} <= offered
    secret = next(iter(_of("Secret")))["stringData"]
    assert secret["DATABASE_URL"].split("@")[1].split("/")[0] in offered


def test_budgets_and_scaling_fit_what_they_are_for() -> None:
    """A budget leaves room for one pod to go; the autoscaler names a Deployment."""
    for budget in _of("PodDisruptionBudget"):
        (workload,) = _chosen(budget["spec"]["selector"])
        assert workload["spec"]["replicas"] > budget["spec"]["minAvailable"]
    names = {o["metadata"]["name"] for o in _of("Deployment")}
    for scaler in _of("HorizontalPodAutoscaler"):
        assert scaler["spec"]["scaleTargetRef"]["name"] in names
        assert 2 <= scaler["spec"]["minReplicas"] < scaler["spec"]["maxReplicas"]


def test_network_is_closed_but_for_ports_that_are_named() -> None:
    """Nobody is let in by default; each exception finds its pods and their ports."""
    policies = {o["metadata"]["name"]: o["spec"] for o in _of("NetworkPolicy")}
    assert policies.pop("nobody") == {"podSelector": {}, "policyTypes": ["Ingress"]}
    for policy in policies.values():
        chosen = _chosen(policy["podSelector"])
        assert chosen
        ports = {p["name"] for w in chosen for c in _containers(w) for p in c.get("ports", [])}
        for rule in policy["ingress"]:
            assert {p["port"] for p in rule["ports"]} <= ports
            for peer in rule["from"]:
                assert _chosen(peer.get("podSelector", {"matchLabels": {}}))


def test_servers_are_those_of_the_compose_file() -> None:
    """One version of each everywhere, and one set of settings for Weaviate."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("postgres", "weaviate"):
        (workload,) = (o for o in _of("StatefulSet") if o["metadata"]["name"] == name)
        (container,) = _containers(workload)
        assert container["image"] == services[name]["image"]
        if name == "weaviate":
            assert container["image"].endswith(f":{VERSION}")
            places = {"BACKUP_FILESYSTEM_PATH"}
            set_there = {e["name"]: e.get("value") for e in container["env"]}
            for setting, value in services[name]["environment"].items():
                if setting not in places and not value.startswith("${"):
                    assert set_there[setting] == value, setting
