"""scripts/install: uv reads the index, certificates and proxy that pip is set to; without uv, pip installs the same lock."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEAKING = """#!/bin/sh
if [ "$1" = --version ]; then echo "uv VERSION"; exit; fi
echo "uv $*"
env | grep -E '^(UV_|SSL_CERT|HTTPS?_PROXY)'
exit STATUS
"""


class Checkout:
    """An empty checkout with a fresh environment, in which uv says what it was asked and does nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "scripts").mkdir()
        shutil.copy(ROOT / "scripts" / "install", folder / "scripts")
        shutil.copy(ROOT / "requirements-uv.lock", folder)
        (folder / "empty.lock").write_text("")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)

    def install(self, status: int = 0, **environment: str) -> dict[str, str]:
        """What uv was told, by name; `asked`: with which arguments; `said`: the script's own words."""
        version = re.search(r"^uv==(\S+)", (ROOT / "requirements-uv.lock").read_text(), re.MULTILINE)
        assert version
        uv = self.folder / ".venv" / "bin" / "uv"
        uv.write_text(SPEAKING.replace("VERSION", version[1]).replace("STATUS", str(status)))
        uv.chmod(0o755)
        done = subprocess.run(
            [self.folder / "scripts" / "install", "empty.lock"],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "PIP_CONFIG_FILE": os.devnull, "PYTHON": sys.executable}
            | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        asked, *told = done.stdout.splitlines()
        return {"asked": asked, "said": done.stderr} | dict(line.split("=", 1) for line in told)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_uv_gets_what_pip_is_set_to(checkout: Checkout) -> None:
    (checkout.folder / "pip.conf").write_text(
        "[global]\nindex-url = https://mirror.example/simple\nextra-index-url =\n    https://a.example/simple\n"
        "    https://b.example/simple\nfind-links = /wheels\ncert = /ca.pem\nproxy = http://proxy.example:3128\n"
        "[install]\ntrusted-host = mirror.example\n"
    )
    told = checkout.install(PIP_CONFIG_FILE=str(checkout.folder / "pip.conf"), PIP_DEFAULT_TIMEOUT="33")
    assert told.pop("asked") == "uv pip sync --quiet --python .venv/bin/python --require-hashes empty.lock"
    assert told.pop("said") == ""
    assert (
        told.items()
        >= {
            "UV_DEFAULT_INDEX": "https://mirror.example/simple",
            "UV_EXTRA_INDEX_URL": "https://a.example/simple https://b.example/simple",
            "UV_INDEX_STRATEGY": "unsafe-best-match",
            "UV_FIND_LINKS": "/wheels",
            "UV_INSECURE_HOST": "mirror.example",
            "UV_HTTP_TIMEOUT": "33",
            "SSL_CERT_FILE": "/ca.pem",
            "HTTPS_PROXY": "http://proxy.example:3128",
            "HTTP_PROXY": "http://proxy.example:3128",
        }.items()
    )


def test_the_environment_goes_before_files_and_what_is_set_for_uv_before_pip(checkout: Checkout) -> None:
    (checkout.folder / "pip.conf").write_text("[global]\nindex-url = https://file.example/simple\ncert = /ca.pem\n")
    given = {"PIP_CONFIG_FILE": str(checkout.folder / "pip.conf"), "SSL_CERT_FILE": "/mine.pem"}
    told = checkout.install(**given, PIP_INDEX_URL="https://environment.example/simple")
    assert (told["UV_DEFAULT_INDEX"], told["SSL_CERT_FILE"]) == ("https://environment.example/simple", "/mine.pem")
    assert (
        checkout.install(**given, UV_DEFAULT_INDEX="https://uv.example/simple")["UV_DEFAULT_INDEX"] == "https://uv.example/simple"
    )
    assert "UV_DEFAULT_INDEX" not in checkout.install(**given, UV_INDEX_URL="https://uv.example/simple")


def test_without_any_setting_uv_trusts_whom_the_system_trusts(checkout: Checkout) -> None:
    told = checkout.install()
    assert {name: value for name, value in told.items() if name not in ("asked", "said")} == {"UV_SYSTEM_CERTS": "true"}


def test_where_uv_cannot_pip_installs_the_lock(checkout: Checkout) -> None:
    assert "pip does" in checkout.install(status=2)["said"]


def test_no_lock_names_an_index() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"://|--(extra-)?index-url|--find-links", lock.read_text()), lock.name
