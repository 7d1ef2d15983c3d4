from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from nbmlops.deploy.router.exposition import merged


def told(requests: int) -> str:
    registry = CollectorRegistry()
    counter = Counter("asked", "Asked { and } told", ("path",), registry=registry)
    counter.labels('a b"{}').inc(requests)
    Histogram("seconds", "Taken", registry=registry).observe(requests)
    return generate_latest(registry).decode()


def test_what_two_processes_tell_is_one_text_that_prometheus_reads() -> None:
    found = {
        family.name: family
        for family in text_string_to_metric_families(
            merged([({"replica": "0"}, told(3)), ({"replica": "1"}, told(4)), ({}, "# TYPE own gauge\nown 1")])
        )
    }
    totals = [each for each in found["asked"].samples if each.name == "asked_total"]
    assert [(each.labels, each.value) for each in totals] == [
        ({"replica": "0", "path": 'a b"{}'}, 3.0),
        ({"replica": "1", "path": 'a b"{}'}, 4.0),
    ]
    assert found["asked"].documentation == "Asked { and } told"
    counts = [each for each in found["seconds"].samples if each.name == "seconds_count"]
    assert [each.labels for each in counts] == [{"replica": "0"}, {"replica": "1"}]
    assert [(each.labels, each.value) for each in found["own"].samples] == [({}, 1.0)]
