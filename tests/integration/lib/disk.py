"""A file system of a test's own that is small enough to be filled."""
import os
import subprocess

from lib.scenario import skip


def small_disk(scene, path, size_mib):
    """A tmpfs at `path`, gone with the scene. Skips the scenario where none can be mounted."""
    path.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        skip("a tmpfs cannot be mounted here")
    scene.ends_with(lambda: subprocess.run(["umount", "-l", str(path)], check=False))


def fill(path):
    """Takes every byte that is left."""
    with open(path, "wb", buffering=0) as out:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                pass


def fill_to(path, free_mib):
    """Grows the file until no more than `free_mib` are free."""
    with open(path, "ab", buffering=0) as out:
        while True:
            disk = os.statvfs(path)
            excess = disk.f_bavail * disk.f_frsize - (free_mib << 20)
            if excess <= 0:
                return
            out.write(b"x" * min(excess, 1 << 20))
