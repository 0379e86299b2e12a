# SPDX-License-Identifier: Apache-2.0
"""Validates /openapi.json, as the daemon serves it, against the specification's own schema.

usage: validate.py FLEETSIGN FOLDER

FOLDER keeps the validator (an npm package, pinned beside this file) for the next run, and the document.
"""

import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = ("package.json", "package-lock.json")
VALIDATOR = Path("node_modules/.bin/validate-api")


def install(folder):
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(HERE / name).read_bytes() for name in FILES]
    there = [(folder / name).read_bytes() if (folder / name).exists() else b"" for name in FILES]
    if wanted == there and (folder / VALIDATOR).exists():
        return
    for name in FILES:
        shutil.copy(HERE / name, folder / name)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True)


def fetch(binary):
    with subprocess.Popen([binary, "demo", "--listen", "http://127.0.0.1:0"], stdout=subprocess.PIPE, text=True) as demo:
        try:
            _, url, _, token = demo.stdout.readline().split()
            request = urllib.request.Request(f"{url}/openapi.json",
                                             headers={"Authorization": "Bearer " + token.removeprefix("token=")})
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.read()
        finally:
            demo.terminate()


def main():
    binary, folder = sys.argv[1], Path(sys.argv[2])
    install(folder)
    document = folder / "openapi.json"
    document.write_bytes(fetch(binary))
    return subprocess.run([folder / VALIDATOR, document], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
