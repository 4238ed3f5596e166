#!/usr/bin/env python3
"""metrics/grafana/*.json are what metrics/dashboards makes: generated.py SOURCE_DIR. Exit code 77: no
node, or `npm ci` was not run there."""
import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77


def main(source):
    folder = pathlib.Path(source) / "metrics/dashboards"
    pages = {path.stem for path in (folder / "pages").glob("*.mjs")}
    made = {path.stem for path in (folder.parent / "grafana").glob("*.json")}
    if pages != made:
        print(f"pages {sorted(pages)}, dashboards {sorted(made)}")
        return 1
    if not shutil.which("node") or not (folder / "node_modules").is_dir():
        return SKIPPED
    return subprocess.run(["node", "generate.mjs", "--check"], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
