"""What power_loss.py and failing_disk.py do around their own work."""
import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE)]

from lib.scenario import Scene  # noqa: E402
from receiver import Receiver  # noqa: E402
from recording import Pool  # noqa: E402

LONG = bool(os.environ.get("SLUICE_LONG"))


class Harness:
    """`scene`, `receiver`, `pool` and `options` of one run; run() ends the process."""

    def __init__(self, description):
        self.parser = argparse.ArgumentParser(description=description,
                                              formatter_class=argparse.RawDescriptionHelpFormatter)
        self.parser.add_argument("sluice")
        self.parser.add_argument("shim", type=os.path.abspath)
        self.parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))

    def run(self, work):
        """`work(harness)` returns the problems it found."""
        self.options = self.parser.parse_args()
        print(f"seed {self.options.seed}", flush=True)
        # As the kernel names it: links of descriptors are compared with it.
        folder = os.path.realpath(tempfile.mkdtemp(prefix="sluice-power-"))
        self.scene = Scene(os.path.abspath(self.options.sluice), folder)
        self.receiver, self.pool = Receiver(), Pool(self.scene.folder / "pool")
        self.scene.ends_with(self.receiver.stop)
        try:
            problems = work(self)
        finally:
            self.scene.close()
            if not os.environ.get("SLUICE_KEEP"):
                shutil.rmtree(folder, ignore_errors=True)
        for problem in problems:
            print(f"FAILED (seed {self.options.seed}): {problem}")
        sys.exit(1 if problems else 0)

    def dropped(self, recording):
        """The campaigns of a life as Disk takes them."""
        return [(campaign[0], f"{recording.root}/spool/incoming/{name}", self.pool.folder / name)
                for name, campaign in recording.campaigns.items()]
