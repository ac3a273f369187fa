"""human_labels: what people said, written outside the graph and observed by it."""

import dagster as dg
from trajschema.ids import content_id

from resources.asset_options import OWNER
from resources.settings import Settings
from resources.stages import files_digest


def asset(settings: Settings) -> dg.SourceAsset:
    """The observed file under ``settings``."""

    @dg.observable_source_asset(name="human_labels", group_name="data", description=__doc__, tags={"owner": OWNER.replace(":", ".")})
    def human_labels() -> dg.DataVersion:
        return dg.DataVersion(content_id(files_digest(settings.labels_file)))

    return human_labels
