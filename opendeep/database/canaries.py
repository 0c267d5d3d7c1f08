"""What is read of campaigns that still have to prove themselves with their first calls."""

from dataclasses import dataclass

from opendeep.common.data_models import CallCause
from opendeep.common.ids import CampaignId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCall:
    """A call of a campaign that is judged by its first ones; ``analysis`` None while it waits."""

    cause: CallCause | None
    analysis: dict[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCanary:
    """A campaign that is not proven yet.

    Attributes:
        begun: how many calls it has, of whatever state.
        queued: how many tasks are on their way to one.
    """

    campaign_id: CampaignId
    user_id: UserId
    begun: int
    queued: int
