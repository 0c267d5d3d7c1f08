"""What a user told about themselves, so that nobody asks twice."""

from opendeep.database.models import Profile
from opendeep.database.scopes import ScopedRepository
from opendeep.database.tables import profiles


class Profiles(ScopedRepository):
    """One user's profile."""

    async def get(self) -> Profile:
        """Return the profile; an empty one where nothing was stored yet."""
        return await self._scope.select(profiles, Profile).first() or Profile()

    async def put(self, profile: Profile) -> Profile:
        """Replace the whole profile."""
        values = {**profile.model_dump(mode="json"), "updated_at": self._scope.now()}
        stored = await self._scope.insert_missing(profiles, Profile, values, unique=["user_id"])
        return stored or await self._scope.update(profiles, Profile).set(values) or profile
