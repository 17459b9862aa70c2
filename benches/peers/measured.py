"""What a peer took, told in the line that the bench reads."""

import json
import resource
import sys
import time


class Watch:
    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), cpu()

    def stop(self, rows):
        told = {
            "wall": time.perf_counter() - self.wall,
            "cpu": cpu() - self.cpu,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "rows": rows,
        }
        print(json.dumps(told), file=sys.__stdout__)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def plain_http(session, base):
    """simple-salesforce writes https:// in front of every host; the stand-in speaks plain HTTP."""
    from requests.adapters import HTTPAdapter

    class Plain(HTTPAdapter):
        def send(self, request, **kwargs):
            request.url = request.url.replace("https://", "http://", 1)
            return super().send(request, **kwargs)

        def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
            return self.poolmanager.connection_from_url(request.url)

    session.mount("https://", Plain())
    return base.removeprefix("http://")
