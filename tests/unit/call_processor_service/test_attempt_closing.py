"""The end of an attempt is written once, or its reservation undone."""

import pytest

from opendeep.call_processor_service.attempt_closing import Unsent, save_end
from opendeep.call_processor_service.attempt_end import AttemptEnd
from opendeep.call_processor_service.attempt_report import AttemptReport
from opendeep.call_processor_service.attempt_states import EndFacts
from opendeep.common.data_models import CallCause
from opendeep.common.errors import ConflictError, NotFoundError, OpenDeepError

END = AttemptEnd(cause=CallCause.EXCHANGE_FAILED, facts=EndFacts())


class Report(AttemptReport):
    """The rows of an attempt whose release fails as told."""

    def __init__(self, error: OpenDeepError | None) -> None:
        self._error = error
        self.ends: list[AttemptEnd] = []

    async def release(self, *, reason: str, retry_seconds: float | None) -> None:  # noqa: ARG002
        """Fail, or not."""
        if self._error is not None:
            raise self._error

    async def ended(self, end: AttemptEnd) -> None:
        """Note the end."""
        self.ends.append(end)


@pytest.mark.parametrize(
    ("error", "is_over"),
    [
        (None, True),
        (NotFoundError("call", "x"), True),
        (NotFoundError("task", 1), False),
        (NotFoundError("row", "that this one would belong to"), False),
        (ConflictError("It is originating by now."), False),
    ],
)
async def test_only_a_call_that_is_gone_was_released_before(
    error: OpenDeepError | None, is_over: bool
) -> None:
    """An unsent attempt whose row is gone needs no end; after any other refusal it gets one."""
    report = Report(error)
    await save_end(report, END, unsent=Unsent())
    assert report.ends == ([] if is_over else [END])
