from ingest.http import Readiness, answer


async def fine():
    return None


async def broken():
    raise OSError("no route")


async def report_of(**probes):
    readiness = Readiness(probes, required=frozenset({"kafka"}))
    await readiness.look()
    return readiness


async def test_a_node_is_ready_while_what_it_needs_is_there():
    readiness = await report_of(kafka=fine, valkey=broken)
    ready, told = readiness.report()
    assert (ready, told["status"], told["degraded"]) == (True, "ready", ["valkey"])
    assert "no route" in told["dependencies"]["valkey"]["reason"]


async def test_a_node_without_kafka_or_draining_is_not():
    assert not (await report_of(kafka=broken, valkey=fine)).report()[0]
    readiness = await report_of(kafka=fine)
    readiness.draining = True
    assert readiness.report()[1]["status"] == "draining"
    assert answer("/readyz", readiness).status == 503


async def test_pages():
    readiness = await report_of(kafka=fine)
    statuses = {p: answer(p, readiness).status for p in ("/healthz", "/readyz", "/x")}
    assert statuses == {"/healthz": 200, "/readyz": 200, "/x": 404}
    assert b"ws_connections_active" in answer("/metrics", readiness).body
