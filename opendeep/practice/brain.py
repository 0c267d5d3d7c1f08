"""The practice brain: rules that answer where a text model would, and say so.

One entrance for the text APIs (:func:`answer`); the telephone's is ``brain_dialogue.decide``.
"""

import json
from typing import Final

from opendeep.practice.brain_analyst import analyse
from opendeep.practice.brain_chat import ChatAnswer, ChatRequest, UserSaid
from opendeep.practice.brain_planner import plan
from opendeep.practice.brain_schema import conformed, smallest
from opendeep.practice.brain_summary import summarise

MODEL_NAME = "opendeep-practice"
_ADVICE: Final = {
    "answer": "Rules know nothing beyond the task: take the first time that fits its wish.",
    "say": "",
    "certain": False,
}
"""What a call's voice AI is advised, whatever it asks."""


def answer(request: ChatRequest) -> ChatAnswer:
    """Answer a text request: a schema's JSON where one is asked for, else the next chat step."""
    if request.schema_name is None:
        return plan(request)
    schema = request.schema or {}
    prompt = "\n".join(turn.text for turn in request.turns if isinstance(turn, UserSaid))
    match request.schema_name:
        case "call_analysis":
            value = conformed(schema, analyse(prompt)) if schema else analyse(prompt)
        case "campaign_summary":
            value = conformed(schema, summarise(prompt)) if schema else summarise(prompt)
        case "consult_answer":
            value = conformed(schema, _ADVICE) if schema else _ADVICE
        case _:
            value = smallest(schema)
    return ChatAnswer(text=json.dumps(value, ensure_ascii=False))
