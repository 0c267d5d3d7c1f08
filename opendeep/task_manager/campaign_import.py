"""Imports contacts as a campaign, and keeps what was wrong with which line."""

import asyncio
import csv
import hashlib
import io
import json
from dataclasses import asdict, dataclass

from opendeep.common.clock import Clock
from opendeep.common.errors import NotFoundError
from opendeep.common.ids import CampaignId, UserId
from opendeep.database.engine import Database
from opendeep.database.repositories import AuditLog, Campaigns
from opendeep.task_manager.contact_import import fill_plan
from opendeep.task_manager.do_not_call import quoted_cell
from opendeep.task_manager.orchestrator_svc import OrchestratorService

_ACTION = "contacts_imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCampaign:
    """What became of a file."""

    campaign_id: CampaignId
    accepted: int
    rejected: int


class CampaignImport:
    """Makes campaigns of files."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        orchestrator: OrchestratorService,
        *,
        countries: frozenset[str] = frozenset(),
    ) -> None:
        self._database = database
        self._clock = clock
        self._orchestrator = orchestrator
        self._countries = countries

    async def run(
        self, user_id: UserId, plan: object, data: bytes, key: str | None = None, /
    ) -> ImportedCampaign:
        """Make the campaign of a plan and a CSV file; the same two again are the same campaign.

        Args:
            user_id: whose campaign.
            plan: decoded JSON, see ``contact_import.fill_plan``.
            data: the file.
            key: an idempotency key in the place of the content's hash.

        Raises:
            InvalidInputError: the plan or the file cannot be used.
            ConflictError: the key was used with other contents.
        """
        now = self._clock.now()
        filled = await asyncio.to_thread(fill_plan, plan, data, now, countries=self._countries)
        whole = json.dumps(plan, sort_keys=True).encode() + b"\x00" + data
        made = await self._orchestrator.execute_plan(
            user_id,
            filled.plan,
            idempotency_key=key or f"import:{hashlib.sha256(whole).hexdigest()}",
        )
        if made.created:
            detail = {
                "campaign_id": made.campaign_id,
                "accepted": len(made.task_ids),
                "rejected": [asdict(line) for line in filled.rejected],
            }
            async with self._database.transaction() as tx:
                await AuditLog(tx, user_id).append(_ACTION, detail)
        return ImportedCampaign(
            campaign_id=made.campaign_id,
            accepted=len(made.task_ids),
            rejected=len(filled.rejected),
        )

    async def errors(self, user_id: UserId, campaign_id: CampaignId, /) -> str:
        """Return the lines that became no task, as CSV.

        Raises:
            NotFoundError: the user has no such campaign, or it was not imported.
        """
        async with self._database.transaction() as tx:
            await Campaigns(tx, user_id).get(campaign_id)
            entries = await AuditLog(tx, user_id).of_action(_ACTION)
        for entry in entries:
            if entry.detail.get("campaign_id") == campaign_id:
                written = io.StringIO()
                writer = csv.writer(written, lineterminator="\n")
                writer.writerow(["line", "reason"])
                writer.writerows(
                    [line["line"], quoted_cell(line["reason"])] for line in entry.detail["rejected"]
                )
                return written.getvalue()
        raise NotFoundError("import of campaign", campaign_id)
