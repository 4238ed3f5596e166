"""What every scenario does around its own work: a temporary directory, and a clean end."""
import os
import pathlib
import shutil
import sys
import tempfile
import traceback

SKIPPED = 77


class Scene:
    """Hands out what a scenario uses; everything is ended and removed when it is over."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = pathlib.Path(folder)
        self._ends = []

    def ends_with(self, end):
        self._ends.append(end)

    def service(self, name="service", **options):
        from lib.service import Service
        made = Service(self.binary, self.folder / name, **options)
        self.ends_with(made.kill)
        return made

    def sink(self, name="sink", **options):
        from lib.sink import Sink
        made = Sink(self.binary, self.folder / name, **options)
        self.ends_with(made.kill)
        return made

    def campaign(self, campaign_id, rows, settings=(), **options):
        from lib.campaign import Campaign
        return Campaign(self.folder / "campaigns", campaign_id, rows, settings, **options).write()

    def close(self):
        for end in reversed(self._ends):
            end()


def run(scenario):
    """`SCRIPT path/to/sluice`. SLUICE_KEEP=1 leaves the directory for a look."""
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} SLUICE_BINARY", file=sys.stderr)
        sys.exit(64)
    folder = tempfile.mkdtemp(prefix="sluice-it-")
    scene = Scene(os.path.abspath(sys.argv[1]), folder)
    code = 0
    try:
        scenario(scene)
    except AssertionError:
        traceback.print_exc()
        code = 1
    finally:
        scene.close()
        for log in scene.folder.rglob("serve.log") if code else ():
            print(f"--- {log}\n{log.read_text(errors='replace')[-4000:]}", file=sys.stderr)
        if os.environ.get("SLUICE_KEEP"):
            print("kept", folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)
