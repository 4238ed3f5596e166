"""OpenDKIM as a judge of stored messages."""
import pathlib
import shutil
import subprocess


def available():
    return shutil.which("opendkim", path="/usr/sbin:/usr/bin")


def refusals(folder, files, keys):
    """What OpenDKIM says of each file whose signature it does not confirm. `keys`: DNS name to record."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dns.txt").write_text("".join(f"{name} {record}\n" for name, record in keys.items()))
    config = folder / "opendkim.conf"
    config.write_text(f"Mode v\nTestDNSData file:{folder}/dns.txt\nSyslog no\nOn-BadSignature tempfail\n")
    out = []
    for file in files:
        command = [available(), "-x", config, "-t", file]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        said = ran.stdout + ran.stderr
        if ran.returncode != 0 or "verification (s=" not in said or "succeeded" not in said:
            out.append(f"{file}: {said}")
    return out
