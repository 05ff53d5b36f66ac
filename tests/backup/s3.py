"""An S3 server that isn't ours (moto), in a process of its own on the loopback, ended by its pid."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from firmware.cloud.bucket import BucketConfig
from tests.cloud.servers import free_port


@contextmanager
def s3_server() -> Iterator[BucketConfig]:
    """Run one with a bucket; yields how to reach it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    config = BucketConfig(
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        bucket="box-1",
        access_key="key",
        access_secret="sesame",  # noqa: S106 - of the test's own server
        path_style=True,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            request = urllib.request.Request(f"{config.endpoint}/{config.bucket}", method="PUT")  # noqa: S310 - our own
            try:
                urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - as above
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert time.monotonic() < deadline, "the S3 server doesn't answer"
                assert process.poll() is None, "the S3 server ended at once"
                time.sleep(0.1)
        yield config
    finally:
        process.kill()
        process.wait(20)
