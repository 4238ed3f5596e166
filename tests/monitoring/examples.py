#!/usr/bin/env python3
"""config/examples/monitoring works as a whole: examples.py SOURCE_DIR. Exit code 77: no promtool or
python3-yaml.

Every file parses; every mount's source exists, images have versions; promtool accepts the configuration
with the rules where the container has them; Grafana's data source is the Prometheus of the example, and
the provider of dashboards reads a folder that is mounted and holds nothing but dashboards.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def check_compose(folder, yaml):
    services = yaml.safe_load((folder / "docker-compose.yml").read_text())["services"]
    mounts = {}
    for name, service in services.items():
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", service["image"]), f"{name}: {service['image']}"
        for mount in service["volumes"]:
            source, target = mount.split(":")[:2]
            if source.startswith("."):
                path = (folder / source).resolve()
                assert path.exists(), f"{name}: there is no {source}"
                mounts[target] = path
    return services, mounts


def check_prometheus(folder, mounts, yaml):
    config = yaml.safe_load((folder / "prometheus.yml").read_text())
    assert config["scrape_configs"][0]["job_name"] == "sluice", "SluiceDown looks for that name"
    rules = []
    for pattern in config["rule_files"]:
        parent = mounts[str(pathlib.PurePosixPath(pattern).parent)]
        found = sorted(parent.glob(pathlib.PurePosixPath(pattern).name))
        assert found, f"{pattern} matches nothing"
        rules += map(str, found)
    config["rule_files"] = rules
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch) / "prometheus.yml"
        path.write_text(yaml.safe_dump(config))
        subprocess.run(["promtool", "check", "config", str(path)], check=True, stdout=subprocess.DEVNULL)


def check_grafana(folder, services, mounts, yaml):
    source = yaml.safe_load((folder / "grafana/datasources/prometheus.yml").read_text())["datasources"][0]
    listen = next(word for word in services["prometheus"]["command"] if "listen-address" in word)
    assert source["type"] == "prometheus" and source["url"].endswith(listen.partition("=")[2]), source
    provider = yaml.safe_load((folder / "grafana/dashboards/sluice.yml").read_text())["providers"][0]
    dashboards = mounts[provider["options"]["path"]]
    for path in dashboards.rglob("*"):
        assert path.suffix == ".json" and json.loads(path.read_text())["uid"], f"{path} is no dashboard"


def main(root):
    try:
        import yaml
    except ImportError:
        return SKIPPED
    if not shutil.which("promtool"):
        return SKIPPED
    folder = pathlib.Path(root) / "config/examples/monitoring"
    for path in folder.rglob("*.yml"):
        assert yaml.safe_load(path.read_text()), path
    services, mounts = check_compose(folder, yaml)
    check_prometheus(folder, mounts, yaml)
    check_grafana(folder, services, mounts, yaml)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
