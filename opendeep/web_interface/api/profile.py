"""What the assistant may know of the user without asking again."""

import json
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter

from opendeep.common.errors import InvalidInputError
from opendeep.database.models import Profile
from opendeep.database.repositories.profiles import Profiles
from opendeep.task_manager.speech_choices import primary_language
from opendeep.web_interface.api.shapes import ProfileBody
from opendeep.web_interface.identity import CurrentUser, Services

_FACTS_MOST_CHARACTERS = 20_000

router = APIRouter(prefix="/api", tags=["profile"])


@router.get("/profile")
async def get_profile(services: Services, user_id: CurrentUser) -> ProfileBody:
    """Show the user's profile; an empty one where nothing was stored."""
    async with services.database.transaction() as tx:
        profile = await Profiles(tx, user_id).get()
    return ProfileBody.model_validate(profile.model_dump())


@router.put("/profile")
async def put_profile(body: ProfileBody, services: Services, user_id: CurrentUser) -> ProfileBody:
    """Replace the user's profile."""
    if len(json.dumps(body.facts)) > _FACTS_MOST_CHARACTERS:
        raise InvalidInputError(
            f"The facts are longer than {_FACTS_MOST_CHARACTERS} characters: the assistant reads "
            "them at every turn.",
            code="too_long",
        )
    if body.time_zone:
        require_zone(body.time_zone)
    if body.language and primary_language(body.language) is None:
        raise InvalidInputError(
            f"There is no language {body.language!r}; write a tag like en or de-AT.",
            code="unknown_language",
        )
    profile = Profile(
        display_name=body.display_name,
        time_zone=body.time_zone or None,
        language=body.language or None,
        facts=body.facts,
    )
    async with services.database.transaction() as tx:
        await Profiles(tx, user_id).put(profile)
    return ProfileBody.model_validate(profile.model_dump())


def require_zone(name: str) -> None:
    """Raise InvalidInputError unless ``name`` is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"There is no time zone {name!r}; write it as in Europe/Berlin.",
            code="invalid_time_zone",
        ) from error
