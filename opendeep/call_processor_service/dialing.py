"""From a validated number to what Asterisk is told to dial: the last guard before the wire."""

import re
from dataclasses import dataclass
from typing import Literal

import phonenumbers

from opendeep.common.emergency import is_emergency
from opendeep.common.errors import InvalidInputError

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_EXTENSION = re.compile(r"[0-9]{1,15}")
_TEMPLATE = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9@._/:-]*\{number\}[A-Za-z0-9@._/:-]*")

NumberFormat = Literal["e164", "digits", "national"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialConfig:
    """How numbers become channels.

    Attributes:
        template: Asterisk's dial string with ``{number}``, as in ``PJSIP/{number}@trunk``.
        number_format: ``e164`` (+ and digits), ``digits``, or ``national`` as dialled at home.
        test_mode: dial ``redirect_number`` by ``test_template``, whatever the task says.
    """

    template: str = "PJSIP/{number}@trunk"
    number_format: NumberFormat = "e164"
    test_mode: bool = False
    redirect_number: str = "7000"
    test_template: str = "PJSIP/{number}"


@dataclass(frozen=True, slots=True)
class DialTarget:
    """What is dialled: Asterisk's channel, and the number in it."""

    channel: str
    number: str


def dial_target(phone_number: str, config: DialConfig) -> DialTarget:
    """Say what to dial for a task's number (E.164), or for Test Mode's instead.

    Raises:
        InvalidInputError: the number or the template has any form but the expected one.
    """
    if config.test_mode:
        if not _EXTENSION.fullmatch(config.redirect_number):
            raise InvalidInputError("Test Mode's redirect number may hold digits only.")
        if is_emergency(config.redirect_number):
            raise InvalidInputError("Test Mode's redirect number is an emergency number.")
        return _target(config.test_template, config.redirect_number)
    if not _E164.fullmatch(phone_number):
        raise InvalidInputError("The task's number is not in international form.")
    return _target(config.template, _formatted(phone_number, config.number_format))


def _formatted(phone_number: str, number_format: NumberFormat) -> str:
    match number_format:
        case "e164":
            return phone_number
        case "digits":
            return phone_number.removeprefix("+")
        case "national":
            try:
                parsed = phonenumbers.parse(phone_number)
            except phonenumbers.NumberParseException as error:
                raise InvalidInputError("The task's number belongs to no country.") from error
            national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
            return "".join(character for character in national if character in "0123456789")


def _target(template: str, number: str) -> DialTarget:
    if not _TEMPLATE.fullmatch(template):
        raise InvalidInputError("The dial template must be like PJSIP/{number}@trunk.")
    return DialTarget(template.replace("{number}", number), number)
