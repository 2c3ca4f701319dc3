"""A small real run, killed at random moments: what is there afterwards must be what an undisturbed run leaves.

`python kills.py FOLDER KILLS [SEED]` prints one JSON object. Each case has a cache and results of its own: a run is
started in a process group, SIGKILLed after a random share of the undisturbed run's time, and started again until it
is done. Runs are forks of this process, which has imported everything, so that the time is spent in the run itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

UNLIKE = ("seconds", "peak_bytes", "host")  # of two runs' records
BASELINES = ("tfidf", "source-only", "finetune")
EXTRA_JOBS = 20  # one kill in so many hits a run with two worker processes


def main(root: Path, kills: int, seed: int = 0) -> dict[str, Any]:
    """Kill so many runs; the report says where they were hit and what was found wrong."""
    server = serve(root / "source.csv")  # before anything has threads
    try:
        return Cases(root, server.url, random.Random(seed)).kill(kills)
    finally:
        os.kill(server.pid, signal.SIGKILL)
        os.waitpid(server.pid, 0)


class Server:
    """A process that serves one file slowly, with ranges."""

    def __init__(self, pid: int, url: str) -> None:
        self.pid, self.url = pid, url


def serve(path: Path, pieces: int = 20, pause: float = 0.03) -> Server:
    import servers

    def answer(request: Any) -> None:
        data = path.read_bytes()
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        request.send_response(206 if start else 200)
        for name, value in (("Content-Length", str(len(data) - start)), ("ETag", '"one"'),
                            ("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")):
            request.send_header(name, value)
        request.end_headers()
        step = -(-len(data) // pieces)
        for at in range(start, len(data) if request.command != "HEAD" else 0, step):
            request.wfile.write(data[at : at + step])
            request.wfile.flush()
            time.sleep(pause)

    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        with servers.serving(answer) as served:
            os.write(into, served.url.encode())
            os.close(into)
            while os.getppid() != 1:
                time.sleep(1)
        os._exit(0)
    os.close(into)
    return Server(pid, os.read(out, 200).decode())


class Cases:
    """The reference run and the killed ones."""

    def __init__(self, root: Path, url: str, rng: random.Random) -> None:
        import toy

        import bench.baselines  # noqa: F401
        from bench.learning.features.glove import WordVectors
        from bench.learning.networks import architectures
        from bench.learning.networks.engines import engine
        from bench.runs import inputs
        from bench.runs.options import Options

        late = ("pooch requests sklearn.linear_model sklearn.feature_extraction.text sklearn.ensemble sklearn.metrics "
                "sklearn.model_selection scipy.sparse.csgraph safetensors.numpy tabulate threadpoolctl pyarrow.parquet")
        for name in late.split():
            __import__(name)
        engine("torch")
        import torch

        from bench.learning.networks.engines import preloaded  # noqa: F401 the kernels, which each run would load

        torch.optim.AdamW(torch.nn.Embedding(2, 2).parameters())  # imports much, too
        self.root, self.rng = root, rng
        (root / "cards").mkdir()
        toy.rows(400, seed=1).to_csv(root / "source.csv", index=False)
        toy.rows(400, seed=2, words=slice(1, 4)).to_csv(root / "mine.csv", index=False)
        toy.vectors(root / "glove")
        archive = f'from = "archive"\nurl = "{url}/a.csv"'
        card = toy.card("toy-source", "x").replace('from = "directory"\nfile = "x"', archive)
        (root / "cards" / "toy-source.toml").write_text(card)
        glove = WordVectors(root / "glove" / "glove_6B_50d_emb.npy", root / "glove" / "glove_6B_index.parquet", "toy")
        inputs.find_glove = lambda access: glove  # type: ignore[assignment]
        architectures.ARCHITECTURES[Options.net] = toy.NET  # type: ignore[index]
        self.began = time.monotonic()
        self.reference = self.undisturbed("reference", 1)
        self.seconds = time.monotonic() - self.began

    def undisturbed(self, name: str, jobs: int) -> tuple[list[dict[str, Any]], set[str]]:
        """What a whole run leaves: its records and the names of its files."""
        wrong = self.wait(self.start(name, jobs))
        assert not wrong, (wrong, self.log(name))
        return self.left(name)

    def start(self, name: str, jobs: int, command: tuple[str, ...] = ()) -> int:
        """`bench run` on the toy data in a process group of its own; returns its process id."""
        case = self.root / name
        case.mkdir(exist_ok=True)
        run = ("run", "--target", str(self.root / "mine.csv"), "--source", "toy-source", "--tasks",
               str(self.root / "cards"), "--budgets", "16,32", "--seeds", "2", "--epochs", "3", "--device", "cpu",
               "--jobs", str(jobs), "--cache-dir", "cache", "--results-dir", "results",
               *(word for name in BASELINES for word in ("--baseline", name)))
        pid = os.fork()
        if pid:
            with contextlib.suppress(PermissionError, ProcessLookupError):  # it did so itself, or is done
                os.setpgid(pid, pid)
            return pid
        code = 70
        try:
            os.setpgid(0, 0)
            os.chdir(case)
            log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            from bench.cli.app import app

            app(list(command or run), standalone_mode=True)
        except SystemExit as done:
            code = int(done.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def wait(self, pid: int, seconds: float = 300.0) -> int | None:
        """The exit code; None where it still runs after `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        return None

    def kill(self, count: int) -> dict[str, Any]:
        """Kill `count` runs and check each after its next start."""
        where: Counter[str] = Counter()
        wrong: list[str] = []
        number = 0
        while sum(where.values()) < count:
            number += 1
            name, jobs = f"case-{number}", 1 + (number % EXTRA_JOBS == 0)
            pid = self.start(name, jobs)
            at = self.rng.uniform(0.0, 0.95 * self.seconds) * (2.5 if jobs > 1 else 1.0)
            if self.wait(pid, at) is None:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                where[self.phase(name) + (", two workers" if jobs > 1 else "")] += 1
            wrong += [f"{name} killed after {at:.3f} s: {w}" for w in self.check(name, jobs)]
            if not wrong:
                shutil.rmtree(self.root / name)
            elif len(wrong) > 5:
                break
            if number % 10 == 0:
                sys.stderr.write(f"{sum(where.values())} kills, {dict(where)}, wrong: {wrong}\n")
        reports = self.kill_leaderboard(max(2, count // 20))
        pairs = max(1, count // 20)
        wrong += [w for number in range(pairs) for w in self.two_at_once(f"pair-{number}")]
        return {"kills": sum(where.values()), "where": dict(sorted(where.items())), "reports_killed": reports,
                "two_at_once": pairs,
                "undisturbed_seconds": round(self.seconds, 2), "records": len(self.reference[0]), "wrong": wrong,
                "seconds": round(time.monotonic() - self.began)}

    def two_at_once(self, name: str) -> list[str]:
        """Two runs at the same moment on one cache and one results folder: each trial is run once, by either."""
        both = [self.start(name, 1), self.start(name, 1)]
        codes = [self.wait(pid) for pid in both]
        trained = self.log(name).count("base: epoch 1:")
        lines = sum(p.read_bytes().count(b"\n") for p in (self.root / name / "results").glob("records/*.jsonl"))
        wrong = [] if codes == [0, 0] else [f"two at once exit with {codes}"]
        wrong += [] if trained == 1 else [f"the base was trained {trained} times"]
        wrong += [] if lines == len(self.reference[0]) else [f"{lines} records, not {len(self.reference[0])}"]
        return [f"{name}: {w}" for w in wrong + self.check(name, 1)]

    def phase(self, name: str) -> str:
        """How far the run had come when it was killed."""
        case = self.root / name
        if (case / "results" / "leaderboards").exists():
            return "5 report"
        if list((case / "results").glob("records/*.jsonl")):
            return "4 trials"
        if list((case / "cache").glob("bases/*")):
            return "3 base"
        return "2 data" if list((case / "cache").glob("corpora/*")) else "1 download"

    def check(self, name: str, jobs: int) -> list[str]:
        """What differs from the reference, right after the kill and after the next start."""
        known = {json.dumps(r, sort_keys=True) for r in self.reference[0]}
        before = {json.dumps(r, sort_keys=True) for r in self.left(name)[0]}
        wrong = ["a record that is not the undisturbed run's"] if before - known else []
        code = self.wait(self.start(name, jobs))
        text = self.log(name)
        if code != 0:
            return [*wrong, f"the next start exits with {code}: {text[-1500:]}"]
        if "Traceback" in text:
            wrong.append(f"a traceback: {text[-1500:]}")
        found, files = self.left(name)
        if found != self.reference[0]:
            wrong.append(f"{len(found)} records, not the {len(self.reference[0])} of the undisturbed run")
        if files != self.reference[1]:
            wrong.append(f"left over {sorted(files - self.reference[1])}, missing {sorted(self.reference[1] - files)}")
        return wrong

    def left(self, name: str) -> tuple[list[dict[str, Any]], set[str]]:
        """Whole records without what may differ, sorted, and every file below the case's folder but log and locks."""
        from dataclasses import asdict

        from bench.results import record_files

        case = self.root / name
        found = [asdict(r) for r in record_files.read_all(case / "results")]
        plain = [{k: v for k, v in r.items() if k not in UNLIKE} for r in found]
        files = {str(p.relative_to(case)) for p in case.rglob("*") if p.name != "log" and p.suffix != ".lock"}
        return sorted(plain, key=lambda r: json.dumps(r, sort_keys=True)), files

    def log(self, name: str) -> str:
        return (self.root / name / "log").read_text(encoding="utf-8", errors="replace")

    def kill_leaderboard(self, count: int) -> int:
        """Kill `bench leaderboard` now and then; the records stay as they are."""
        path = next((self.root / "reference" / "results" / "records").glob("*.jsonl"))
        before, done = path.read_bytes(), 0
        for _ in range(count):
            pid = self.start("reference", 1, ("leaderboard", "--results-dir", "results"))
            if self.wait(pid, self.rng.uniform(0.0, 0.05)) is None:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                done += 1
            assert path.read_bytes() == before
        return done


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(json.dumps(main(folder, int(sys.argv[2]), int((sys.argv[3:] or ["0"])[0])), indent=1) + "\n")
