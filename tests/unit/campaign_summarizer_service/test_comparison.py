"""Callees side by side."""

from opendeep.campaign_summarizer_service.comparison import compare
from opendeep.campaign_summarizer_service.report_charts import charts_of
from opendeep.common.data_models import TaskStatus
from tests.unit.campaign_summarizer_service.reports import a_report, a_task


def test_the_lowest_price_is_found_by_counting() -> None:
    """Prices of one currency are compared as numbers, not as text."""
    offers = [a_task(agreed={"price": price}) for price in ("$1,020.50", "$95", "$120")]
    table = compare(offers)
    assert table is not None
    assert table.columns == ("Price",)
    assert table.lowest == {(1, 0)}


def test_prices_that_cannot_be_compared_have_no_lowest() -> None:
    """Another currency, a range, or words make no price the lowest."""
    for other in ("€90", "90 to 110", "ask Monday"):
        table = compare([a_task(agreed={"price": "$95"}), a_task(agreed={"price": other})])
        assert table is not None
        assert table.lowest == frozenset()


def test_one_task_or_no_fact_is_not_compared() -> None:
    """A table needs two callees and something that one of them said."""
    assert compare([a_task()]) is None
    assert compare([a_task(agreed={}), a_task(agreed={})]) is None


def test_a_silent_callee_stands_in_the_table_too() -> None:
    """Who said nothing has empty cells, so that it is seen that nothing is known."""
    table = compare([a_task(agreed={"time": "3 PM"}), a_task(agreed={}, business_name="B")])
    assert table is not None
    assert [row.cells for row in table.rows] == [("3 PM",), ("",)]


def test_charts_tell_in_words_what_they_show() -> None:
    """Each chart can be read by who does not see it; a report without calls has one chart."""
    titles = [chart.title for chart in charts_of(a_report(a_task(), a_task()))]
    assert titles == ["How the tasks stand", "How the calls ended", "When each was called"]
    waiting = a_task(attempts=[], status=TaskStatus.PENDING)
    [states] = charts_of(a_report(waiting))
    assert states.told == "1 waiting"


def test_many_tasks_make_no_timeline() -> None:
    """Thirteen lines of dots are no picture any more."""
    assert len(charts_of(a_report(*(a_task() for _ in range(13))))) == 2
