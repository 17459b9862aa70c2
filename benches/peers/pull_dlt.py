"""Full pull with dlt's rest_api source into SQLite."""

import os
import sys
import tempfile

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

from measured import Watch  # noqa: E402

base, soql, database = sys.argv[1:4]
source = rest_api_source(
    {
        "client": {
            "base_url": f"{base}/services/data/v67.0/",
            "paginator": JSONLinkPaginator(next_url_path="nextRecordsUrl"),
        },
        "resources": [
            {
                "name": "deal",
                "primary_key": "Id",
                "endpoint": {"path": "query", "params": {"q": soql}, "data_selector": "records"},
            }
        ],
    }
)
with tempfile.TemporaryDirectory() as folder:
    watch = Watch()
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{database}"),
        dataset_name="main",
        pipelines_dir=folder,
    )
    pipeline.run(source)
    counts = pipeline.last_trace.last_normalize_info.row_counts
    watch.stop(counts.get("deal", 0))
