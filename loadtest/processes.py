"""One process, or a master with workers: how a scenario reaches the users, and what they report.

Messages between processes (over Locust's own connection): the plan of a run, to each worker with its place, which
it answers; cues, to all; `collect`, which every worker answers with its evidence. Counts travel with Locust's
statistics.
"""

import time
from collections import Counter
from typing import Any

import gevent
import msgspec
from locust.env import Environment
from locust.runners import MasterRunner, Runner, WorkerRunner

from loadtest.chat import Chat
from loadtest.connection import ChatError
from loadtest.corpus import Corpus
from loadtest.evidence import Evidence
from loadtest.place import Place, PlaceError
from loadtest.run import Plan, Run
from loadtest.size import Size
from roomlog import ids

PLAN, PLANNED, CUE = "roomlog-plan", "roomlog-planned", "roomlog-cue"
COLLECT, EVIDENCE, COUNTS = "roomlog-collect", "roomlog-evidence", "roomlog-counts"
_HOST_NUMBER = 1_000_000
"""The number of the user who makes the rooms."""
_EVIDENCE_S = 60.0
_PLANNED_S, _PLAN_AGAIN_S = 30.0, 1.0
_QUIET_S, _QUIET_DISTRIBUTED_S = 1.5, 8.0
_decode_plan = msgspec.msgpack.Decoder(Plan).decode
_decode_evidence = msgspec.msgpack.Decoder(Evidence).decode


class Processes:
    """Those of this load test, seen from one of them."""

    def __init__(
        self, environment: Environment, runner: Runner, place: Place, corpus: Corpus
    ) -> None:
        self.place = place
        self.run: Run | None = None
        self.busiest_percent = 0.0
        """Processor time of the busiest process, of one core, in this run."""
        self._environment, self._runner, self._corpus = environment, runner, corpus
        self._planned: set[str] = set()
        self._counts: dict[str, dict[str, int]] = {}
        self._evidence: dict[str, Evidence] = {}
        if isinstance(runner, WorkerRunner):
            runner.register_message(PLAN, self._on_plan)
            runner.register_message(CUE, self._on_cue)
            runner.register_message(COLLECT, self._on_collect)
        elif isinstance(runner, MasterRunner):
            runner.register_message(PLANNED, self._on_planned)
            runner.register_message(EVIDENCE, self._on_evidence)

    @property
    def is_worker(self) -> bool:
        """Whether another process is in charge."""
        return isinstance(self._runner, WorkerRunner)

    @property
    def quiet_s(self) -> float:
        """After so long without a change of the counts, nothing more comes."""
        return _QUIET_DISTRIBUTED_S if isinstance(self._runner, MasterRunner) else _QUIET_S

    # In charge.

    def begin(self, name: str, size: Size) -> None:
        """Make the rooms and tell everybody; raises PlaceError."""
        self._counts, self._evidence, self.busiest_percent = {}, {}, 0.0
        plan = Plan(ids.new_id()[:8], [], size)
        plan = msgspec.structs.replace(plan, rooms=self._make_rooms(plan, name))
        if isinstance(self._runner, MasterRunner):
            self._share(plan, [worker.id for worker in self._runner.clients.all])
        self.run = self._run_of(plan)

    def end(self) -> None:
        """Forget the run before the next one."""
        self.run = None

    def counts(self) -> Counter[str]:
        """Return how far everybody is."""
        total: Counter[str] = Counter()
        if isinstance(self._runner, MasterRunner):
            for counts in list(self._counts.values()):
                total.update(counts)
        elif self.run is not None:
            total.update(self.run.counts)
        return total

    def cue(self, name: str) -> None:
        """Have all users do something."""
        if isinstance(self._runner, MasterRunner):
            self._tell(CUE, {"name": name})
        elif self.run is not None:
            self.run.cue(name)

    def evidence(self) -> tuple[list[Evidence], int]:
        """Return all evidence, and from how many processes there is none."""
        if not isinstance(self._runner, MasterRunner):
            return ([self.run.evidence()] if self.run is not None else []), 0
        self._tell(COLLECT, {})
        workers = self._runner.worker_count
        deadline = time.monotonic() + _EVIDENCE_S
        while len(self._evidence) < workers and time.monotonic() < deadline:
            gevent.sleep(0.1)
        return list(self._evidence.values()), workers - len(self._evidence)

    @property
    def percent(self) -> float:
        """Processor time of the busiest process now, of one core."""
        if isinstance(self._runner, MasterRunner):
            return max((w.cpu_usage for w in self._runner.clients.all), default=0.0)
        return self._runner.current_cpu_usage

    def look(self) -> None:
        """Note how busy the processes are."""
        self.busiest_percent = max(self.busiest_percent, self.percent)

    def _share(self, plan: Plan, workers: list[str]) -> None:
        """Give each worker its place; raises PlaceError. One that just came may not listen yet."""
        self._planned, deadline = set(), time.monotonic() + _PLANNED_S
        while missing := [w for w in workers if w not in self._planned]:
            if time.monotonic() > deadline:
                raise PlaceError(f"{len(missing)} of {len(workers)} workers do not answer")
            for worker in missing:
                places = {"place": workers.index(worker), "places": len(workers)}
                theirs = msgspec.structs.replace(plan, **places)
                self._tell(PLAN, {"plan": msgspec.msgpack.encode(theirs)}, worker)
            gevent.sleep(_PLAN_AGAIN_S)

    def _make_rooms(self, plan: Plan, name: str) -> list[str]:
        host = Chat(self._run_of(plan), _HOST_NUMBER)
        try:
            host.connect()
            return [self._make_room(host, f"{name} {n}") for n in range(plan.size.rooms)]
        except ChatError as error:
            raise PlaceError(f"no room could be made on {self.place.nodes}: {error}") from error
        finally:
            host.close()

    @staticmethod
    def _make_room(host: Chat, name: str) -> str:
        key = ids.new_id()
        host.request(op="create", key=key, name=name, kind="public")
        return ids.room_id(host.account.user, key)

    def _tell(self, kind: str, data: dict[str, Any], worker: str | None = None) -> None:
        self._runner.send_message(kind, data, worker)

    def _run_of(self, plan: Plan) -> Run:
        fire = self._environment.events.request.fire
        return Run(plan, self.place, self._corpus, fire)

    # Messages and reports.

    def on_report(self, client_id: str, data: dict[str, Any]) -> None:
        """A worker's statistics came (called by Locust on the master)."""
        self._counts[client_id] = data.get(COUNTS, {})

    def on_reporting(self, data: dict[str, Any]) -> None:
        """This worker's statistics go to the master (called by Locust)."""
        if self.run is not None:
            data[COUNTS] = dict(self.run.counts)

    def _on_plan(self, msg: Any, **_more: Any) -> None:
        plan = _decode_plan(msg.data["plan"])
        if self.run is None or self.run.plan != plan:
            self.run = self._run_of(plan)
        self._tell(PLANNED, {})

    def _on_planned(self, msg: Any, **_more: Any) -> None:
        self._planned.add(msg.node_id)

    def _on_cue(self, msg: Any, **_more: Any) -> None:
        if self.run is not None:
            self.run.cue(msg.data["name"])

    def _on_collect(self, **_more: Any) -> None:
        evidence = self.run.evidence() if self.run is not None else Evidence()
        self._tell(EVIDENCE, {"evidence": msgspec.msgpack.encode(evidence)})

    def _on_evidence(self, msg: Any, **_more: Any) -> None:
        self._evidence[msg.node_id] = _decode_evidence(msg.data["evidence"])
