"""A section of the settings as a Dagster resource, so that the Launchpad shows it and can change it for one run."""

from typing import ClassVar

import dagster as dg

from resources.settings import Settings


class SectionResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Has the fields of one section of the settings, and perhaps more."""

    section: ClassVar[str]
    """Name of the section."""

    def applied(self, settings: Settings) -> Settings:
        """``settings`` with this section, so that a run's results are stored under the keys of the settings that it ran with."""
        theirs = getattr(settings, self.section)
        stated, here = theirs.model_dump(mode="json"), self.model_dump(mode="json")
        changed = {name: here[name] for name in stated if here[name] != stated[name]}
        if not changed:
            return settings
        checked = type(theirs).model_validate({**stated, **changed})
        return settings.model_copy(update={self.section: theirs.model_copy(update={name: getattr(checked, name) for name in changed})})
