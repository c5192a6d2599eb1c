"""The real server in a process of its own, as a user starts it, and the recordings of the tests."""

import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAIN = ROOT / "dist/main.js"
FIXTURES = ROOT / "test/fixtures"
RECORDINGS = {entry["file"]: entry for entry in json.loads((FIXTURES / "fixtures.json").read_text())}
SHORT = RECORDINGS["five-digits.opus"]
LONG = RECORDINGS["minute-70s.opus"]


def path_of(recording):
    return FIXTURES / recording["file"]


def words_of(text):
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


class Server:
    """Started on a free port, with a home of its own; `stop` removes it."""

    def __init__(self, *arguments):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="sotto-clients-"))
        command = ["node", MAIN, "serve", "--port", "0", "--home", self.home, *arguments]
        self._log = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        line = self._process.stdout.readline()
        if not line.startswith("listening on "):
            self._log.seek(0)
            raise RuntimeError(f"the server did not start: {self._log.read()}")
        self.url = line.removeprefix("listening on ").strip()

    def create_key(self, name):
        command = ["node", MAIN, "keys", "create", name, "--home", self.home]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def engines(self):
        """Process ids of the engines at work."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self._process.pid)], capture_output=True, text=True
        ).stdout
        return [int(line.split()[0]) for line in listed.splitlines() if "host.js" in line]

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=30)
        self._process.stdout.close()
        self._log.close()
        shutil.rmtree(self.home, ignore_errors=True)
        return code


def at_once(*calls):
    """Runs calls side by side; what each gave or raised, in their order."""
    outcomes = [None] * len(calls)

    def run(index, call):
        try:
            outcomes[index] = call()
        except Exception as error:  # what it raised is the outcome
            outcomes[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
