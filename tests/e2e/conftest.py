"""What the end-to-end tests share: the program, the demo model, a running server.

WEFT_BINARY (default build-test/weft), WEFT_MODELS (default ~/.cache/weft/models), WEFT_SHARED (default ../shared).
Something missing skips a test with its reason; with WEFT_REQUIRE_DATA=1 it fails the test.
"""
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

import httpx
import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
DEMO_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
READY_S = 120  # sanitizer builds load slowly; a healthy one is ready in 3 s


def missing(reason):
    if os.environ.get("WEFT_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running `weft serve`. `url` has no slash at its end; `log` is what it wrote so far."""

    def __init__(self, binary, model, *options):
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([binary, "serve", str(model), "--port", str(port), *options],
                                        stdout=self._log, stderr=subprocess.STDOUT)

    @property
    def log(self):
        self._log.seek(0)
        return self._log.read()

    def wait_ready(self):
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"weft serve ended with {self.process.returncode}:\n{self.log}")
            try:
                if httpx.get(f"{self.url}/ready", timeout=5).status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"weft serve was not ready within {READY_S} s:\n{self.log}")

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@pytest.fixture(scope="session")
def weft_binary():
    binary = pathlib.Path(os.environ.get("WEFT_BINARY", SOURCE / "build-test" / "weft"))
    if not list((SOURCE / "apps" / "weft").glob("*.cc")):
        pytest.skip("this source tree has no program yet (apps/weft)")
    if not binary.exists():
        pytest.fail(f"{binary} is not built")
    return str(binary)


@pytest.fixture(scope="session")
def demo_model():
    folder = pathlib.Path(os.environ.get("WEFT_MODELS") or pathlib.Path.home() / ".cache/weft/models")
    if not (folder / DEMO_FILE).exists():
        missing(f"{folder / DEMO_FILE} is missing (tools/fetch_demo_model.sh fetches it)")
    return folder / DEMO_FILE


@pytest.fixture(scope="session")
def server(weft_binary, demo_model):
    """The demo model under the name smollm2, shared by all tests; start a Server of your own to harm it."""
    running = Server(weft_binary, demo_model, "--served-model-name", "smollm2")
    try:
        yield running.wait_ready()
    finally:
        running.stop()


def pytest_collection_modifyitems(config, items):
    """WEFT_TEST_REGEX (./test -R) selects by name, as ctest does."""
    regex = re.compile(os.environ.get("WEFT_TEST_REGEX", ""))
    config.hook.pytest_deselected(items=[item for item in items if not regex.search(item.nodeid)])
    items[:] = [item for item in items if regex.search(item.nodeid)]
