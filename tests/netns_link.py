"""A link to charge over: two network namespaces, joined by a veth pair."""

import asyncio
import contextlib
import ctypes
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CLONE_NEWNET = 0x40000000


class Link:
    """Two namespaces joined by a veth pair; ``here`` and ``there`` are the interfaces in them."""

    def __init__(self):
        mark = f"{os.getpid() % 100_000:05}"
        self.ours, self.namespace = f"plugward{mark}a", f"plugward{mark}b"
        self.here, self.there = f"pwa{mark}", f"pwb{mark}"

    def __enter__(self):
        ends = ((self.ours, self.here), (self.namespace, self.there))
        try:
            for namespace, _ in ends:
                _ip("netns", "add", namespace)
            _ip("link", "add", self.here, "type", "veth", "peer", "name", self.there)
            for namespace, interface in ends:
                _ip("link", "set", interface, "netns", namespace)
                inside = ("netns", "exec", namespace)
                _ip(*inside, "sysctl", "-qw", f"net.ipv6.conf.{interface}.accept_dad=0")
                _ip(*inside, "ip", "link", "set", "lo", "up")
                _ip(*inside, "ip", "link", "set", interface, "up")
            time.sleep(1)  # until the link-local addresses are there
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in (self.ours, self.namespace):  # the veth pair goes with them
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "del", namespace)

    def run(self, main, *, there=False):
        """The result of ``await main()``, run by a thread that has entered a namespace."""
        entered = self.namespace if there else self.ours

        def inside():
            with Path(f"/run/netns/{entered}").open() as namespace:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(namespace.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return asyncio.run(main())

        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(inside).result()


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)
