"""Who speaks like this."""

import pytest

from opendeep.audio_processing_service.machine_phrases import Speaker, speaker_of


@pytest.mark.parametrize(
    "text",
    [
        "Hi, you've reached the Millers. Please leave a message after the tone.",
        "Leave us your name and number",
        "This is the voicemail of Bob.",
        "Sorry, I can't come to the phone right now.",
        "I can\N{RIGHT SINGLE QUOTATION MARK}t take your call.",
        "We are unable to answer your call.",
        "The mailbox is full.",
        "Bitte hinterlassen Sie eine Nachricht nach dem Signalton.",
        "Laissez votre message après le bip.",
    ],
)
def test_greetings_of_machines(text: str) -> None:
    """What answering machines say is recognised."""
    assert speaker_of(text) is Speaker.VOICEMAIL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bright Smile Dental, how can I help you?",
        "Press one for appointments.",
        "May I ask who is calling?",
        "Can I take a message?",
        "Hello? Who is this?",
    ],
)
def test_greetings_of_people_and_menus(text: str) -> None:
    """What people, menus and screening services say is not taken for voicemail."""
    assert speaker_of(text) is not Speaker.VOICEMAIL


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Hello?", Speaker.PERSON),
        ("Bright Smile Dental, how can I help you?", Speaker.PERSON),
        ("Doctor Miller's office, can you hold please?", Speaker.PERSON),
        ("Who is calling, please?", Speaker.PERSON),
        ("Our next available appointment is Thursday at two. Does that work?", Speaker.PERSON),
        ("I am currently busy, can you call me back tomorrow?", Speaker.PERSON),
        ("Will you stay for two nights?", Speaker.PERSON),
        ("Hold on for a second please.", Speaker.PERSON),
        ("Thank you for holding. Your table is booked for seven.", Speaker.PERSON),
        ("You are first on the list for Friday.", Speaker.PERSON),
        ("Hi, sorry I missed your call earlier.", Speaker.PERSON),
        ("Doctor Lee answering service, how may I help you?", Speaker.PERSON),
        ("He cannot come to the phone, can I help?", Speaker.PERSON),
        ("Sorry I missed your call. I will get back to you.", Speaker.VOICEMAIL),
        ("The person you are calling is not able to take your call.", Speaker.VOICEMAIL),
        ("All our agents are currently busy.", Speaker.QUEUE),
        ("Stay on the line for the next available representative.", Speaker.QUEUE),
        ("Thank you for holding. Your call will be answered shortly.", Speaker.QUEUE),
        ("May I have your name and number?", Speaker.PERSON),
        ("Hi, please say your name and why you are calling.", Speaker.SCREENING),
        ("If you record your name and reason for calling, I will see.", Speaker.SCREENING),
        ("The person uses a call screening service.", Speaker.SCREENING),
        ("For opening hours, press one.", Speaker.MENU),
        ("Please enter your account number followed by the pound key.", Speaker.MENU),
        ("Für Termine drücken Sie die eins.", Speaker.MENU),
        ("Para español, oprima el dos.", Speaker.MENU),
        ("To leave a message, press three.", Speaker.MENU),
        ("Leave a message after the tone, then hang up or press the pound key.", Speaker.VOICEMAIL),
        ("Please hold for the next person who is free.", Speaker.QUEUE),
        ("Your call is important to us.", Speaker.QUEUE),
        ("Alle sind im Gespräch, bitte bleiben Sie am Apparat.", Speaker.QUEUE),
        ("The number you have dialed is not in service.", Speaker.NETWORK),
        ("Kein Anschluss unter dieser Nummer.", Speaker.NETWORK),
    ],
)
def test_who_speaks(text: str, speaker: Speaker) -> None:
    """Machines are known by their phrases; everybody else is a person."""
    assert speaker_of(text) is speaker
