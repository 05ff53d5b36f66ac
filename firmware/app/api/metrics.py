"""The status in the text format of Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from firmware.control.cloud import CloudReply
from firmware.control.schema import StatusReply
from firmware.store.writer import WriterStatus

_UNFIT = re.compile(r"[^a-z0-9]+")


def exposition(status: StatusReply, cloud: CloudReply, writer: WriterStatus) -> tuple[str, str]:
    """Return the text and its media type."""
    registry = CollectorRegistry()
    registry.register(_Once([*_of_status(status), *_of_cloud(cloud), *_of_writer(writer)]))
    return generate_latest(registry).decode(), CONTENT_TYPE_LATEST


class _Once(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


def _of_status(status: StatusReply) -> Iterator[Metric]:
    yield InfoMetricFamily("zongji", "The firmware.", {"version": status.version})
    yield GaugeMetricFamily("zongji_live_calls", "Calls that run.", status.live_calls)
    yield GaugeMetricFamily("zongji_phones_registered", "Phones registered.", status.phones_registered)
    yield GaugeMetricFamily("zongji_faults", "Faults that want somebody.", len(status.faults))
    lines = GaugeMetricFamily("zongji_line_state", "1 for the state a line is in.", labels=["line", "state"])
    for line in status.lines:
        lines.add_metric([line.name, line.state], 1)
    yield lines
    memory = GaugeMetricFamily("zongji_memory_bytes", "Resident memory.", labels=["process"])
    for process in status.processes:
        memory.add_metric([process.name], process.rss_kb * 1024)
    yield memory
    media = GaugeMetricFamily("zongji_media", "Figures of the media process.", labels=["figure"])
    for name, value in status.media.items():
        media.add_metric([_word(name)], value)
    yield media
    counters = CounterMetricFamily("zongji_events", "What was refused and lost.", labels=["what"])
    for name, count in status.counters.items():
        counters.add_metric([_word(name)], count)
    yield counters


def _of_cloud(cloud: CloudReply) -> Iterator[Metric]:
    yield GaugeMetricFamily("zongji_cloud_waiting", "Records not yet in the cloud.", cloud.waiting)
    yield GaugeMetricFamily("zongji_cloud_refused", "Records the cloud won't have.", cloud.refused)
    yield CounterMetricFamily("zongji_cloud_sent", "Records the cloud has confirmed.", cloud.sent)
    yield CounterMetricFamily("zongji_cloud_sent_bytes", "Bytes sent to it.", cloud.sent_bytes)
    yield GaugeMetricFamily("zongji_uploads_waiting", "Recordings not yet uploaded.", cloud.uploads_waiting)
    waiting = GaugeMetricFamily("zongji_webhook_waiting", "Events not yet delivered.", labels=["url"])
    given_up = CounterMetricFamily("zongji_webhook_given_up", "Events given up.", labels=["url"])
    for hook in cloud.hooks:
        waiting.add_metric([hook.url], hook.waiting)
        given_up.add_metric([hook.url], hook.given_up)
    yield waiting
    yield given_up


def _of_writer(writer: WriterStatus) -> Iterator[Metric]:
    yield CounterMetricFamily("zongji_calls", "Calls written since the start.", writer.written)
    yield CounterMetricFamily("zongji_calls_lost", "Calls that could not be kept.", writer.lost)
    yield GaugeMetricFamily(
        "zongji_records_fault", "1 while records can't be written.", writer.fault is not None
    )


def _word(name: str) -> str:
    return _UNFIT.sub("_", name.lower()).strip("_")
