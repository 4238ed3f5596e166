#!/usr/bin/env python3
"""Every library the binary needs is known, with a licence to ship under: licences.py SOURCE_DIR BUILD_DIR.

Exit 77 (skipped) where BUILD_DIR/sluice does not exist. LGPL libraries must stay shared objects: a user
must be able to replace them.
"""

import pathlib
import re
import subprocess
import sys

SYSTEM = "GPL with the runtime exception, or LGPL, part of the system"
# Licence -> names before ".so". RocksDB is dual-licensed: we elect Apache-2.0.
BY_LICENCE = {
    SYSTEM: (
        "linux-vdso ld-linux-x86-64 ld-linux-aarch64 libc libm libpthread libdl librt libresolv "
        "libstdc++ libgcc_s libatomic"
    ),
    "BSL-1.0": "libboost_system libboost_json libboost_url libboost_container",
    "Apache-2.0": "librocksdb libcrypto libssl libgumbo libsimdjson",
    "MIT": (
        "libfmt libspdlog libprometheus-cpp-core libtomlplusplus libdate-tz libpsl libffi "
        "libnghttp2 libexpat"
    ),
    "BSD-3-Clause": "libre2 libunbound libevent-2.1 libzstd libsnappy libgflags libcap libpcre2-8",
    "BSD-2-Clause": "liblz4 libprotobuf-c",
    "Zlib": "libz",
    "bzip2-1.0.6": "libbz2",
    "0BSD": "liblzma",
    "public domain": "libselinux",
    "MIT or LGPL-2.1": "liburing",
    "LGPL-3.0-or-later": "libnettle libhogweed libgmp libidn2 libunistring",
    "LGPL-2.1-or-later": (
        "libgmime-3.0 libglib-2.0 libgio-2.0 libgobject-2.0 libgmodule-2.0 libgpgme libassuan "
        "libgpg-error libgcrypt libsystemd libmount libblkid"
    ),
}
KNOWN = {name: licence for licence, names in BY_LICENCE.items() for name in names.split()}
# What clang's sanitizer builds link; never shipped.
SANITIZER = re.compile(r"^libclang_rt\.")
ARCHIVE = re.compile(r"[\w/.+-]*/(lib[\w.+-]+?)\.a\b")


def check_ldd(output):
    """Findings in the text ldd printed."""
    found = []
    for line in output.splitlines():
        words = line.split()
        if not words:
            continue
        name = pathlib.PurePath(words[0]).name.split(".so")[0]
        if "not found" in line:
            found.append(f"{words[0]} is not found")
        elif name not in KNOWN and not SANITIZER.match(name):
            found.append(f"{words[0]} is no known library; add it with its licence or drop it")
    return found


def check_archives(link_text):
    """LGPL libraries that a build file links as archives."""
    names = sorted({match.group(1) for match in ARCHIVE.finditer(link_text)})
    return [f"{name}.a is {KNOWN[name]} and must be linked as a shared object"
            for name in names if KNOWN.get(name, "").startswith("LGPL")]


def main(_source, build):
    binary = pathlib.Path(build) / "sluice"
    if not binary.exists():
        print(f"{binary}:0: not built, nothing to check")
        return 77
    listing = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        print(f"{binary}:0: ldd failed: {listing.stderr.strip() or listing.stdout.strip()}")
        return 1
    found = check_ldd(listing.stdout)
    ninja = pathlib.Path(build) / "build.ninja"
    if ninja.exists():
        found += check_archives(ninja.read_text(encoding="utf-8", errors="replace"))
    for text in found:
        print(f"{binary}:0: {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
