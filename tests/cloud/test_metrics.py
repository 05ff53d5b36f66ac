"""What Prometheus reads, read by Prometheus's own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from firmware.app.api.metrics import exposition
from firmware.control.cloud import CloudReply, HookStatus
from firmware.control.schema import LineStatus, ProcessStatus, StatusReply
from firmware.core.clock import Instant
from firmware.store.writer import WriterStatus


def test_everything_countable_is_there() -> None:
    status = StatusReply(
        version="1.2",
        started=Instant(0, 0, "boot-a", True),
        ready_ms=500,
        lines=[LineStatus('gsm "1"\n', "ready", "")],
        phones_registered=3,
        live_calls=2,
        processes=[ProcessStatus("switch", 1, 100)],
        media={"late frames": 4.0},
        counters={"sip malformed": 7},
        faults=["one"],
    )
    cloud = CloudReply(
        way="https",
        site="shop-1",
        waiting=9,
        hooks=(HookStatus(url="https://crm", waiting=1, delivered=2, given_up=0),),
    )
    text, media_type = exposition(status, cloud, WriterStatus(0, 12, 1, None))
    assert media_type.startswith("text/plain")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["zongji_info", "1.2"] == 1
    assert samples["zongji_live_calls",] == 2
    assert samples["zongji_line_state", 'gsm "1"\n', "ready"] == 1
    assert samples["zongji_memory_bytes", "switch"] == 102_400
    assert samples["zongji_media", "late_frames"] == 4
    assert samples["zongji_events_total", "sip_malformed"] == 7
    assert samples["zongji_cloud_waiting",] == 9
    assert samples["zongji_webhook_waiting", "https://crm"] == 1
    assert samples["zongji_calls_lost_total",] == 1
    assert samples["zongji_records_fault",] == 0
