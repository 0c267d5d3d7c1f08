"""Whole practice calls in virtual time: every callee, through AMI and AudioSocket."""

import asyncio

import pytest

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from opendeep.practice.browser_phone import PracticeBrowserPhone
from tests.unit.practice.exchange_world import World, open_world, pitch_of, run_virtual

WISH = "Hello, this is an AI assistant calling on behalf of Alex Doe to book an appointment."
TUESDAY = "Tuesday at two thirty please."
NAME = "The name is Alex Doe."
BYE = "No, thank you. Goodbye."
BOOKED_TUESDAY = {"day": "Tuesday", "time": "14:30", "name": "Alex Doe"}


async def book_tuesday(world: World, greeting: str) -> None:
    """Hold the plain booking conversation after ``greeting``."""
    await world.talk(
        (greeting, WISH),
        ("Which one would you like", TUESDAY),
        ("What name", NAME),
        ("You are now booked", BYE),
    )
    await world.hung_up()


@pytest.mark.parametrize(
    ("number", "greeting"),
    [
        ("+12015550100", "How can I help you"),
        ("7000", "How can I help you"),
        ("+12015550107", "Thank you for waiting"),
        ("+12015550117", "Sorry for the delay"),
    ],
)
def test_callees_who_book(number: str, greeting: str) -> None:
    """The receptionist, Test Mode's number, the person behind the queue and the slow one book."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial(number)
            await book_tuesday(world, greeting)
            assert world.record.booked == BOOKED_TUESDAY
            assert world.record.hung_up_by == "callee"
            assert world.record.cause == 16
            assert world.record.heard == [WISH, TUESDAY, NAME, BYE]

    run_virtual(story())


def test_the_slow_callee_rings_eight_seconds_and_speaks_after_four() -> None:
    """Callee 17 is answered at 8 s and begins to speak at 12 s."""

    async def story() -> None:
        async with open_world() as world:
            loop = asyncio.get_running_loop()
            began = loop.time()
            await world.dial("+12015550117")
            await world.manager.event("OriginateResponse")
            assert loop.time() - began == pytest.approx(8, abs=0.1)
            await world.said("Sorry for the delay")
            assert world.record.said[0].start_ms == pytest.approx(4000, abs=100)

    run_virtual(story())


@pytest.mark.parametrize(
    ("dd", "status", "cause"), [("01", "BUSY", "17"), ("11", "CONGESTION", "34")]
)
def test_refused_calls(dd: str, status: str, cause: str) -> None:
    """Busy and congestion are told by DialEnd, then Originate's failure, then Hangup's cause."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial(f"+120155501{dd}")
            hangup = await world.hung_up()
            assert hangup.get("Cause") == cause
            names = world.manager.names(channel)
            assert names == [
                *("Newchannel", "DialBegin", "HangupRequest"),
                *("DialEnd", "OriginateResponse", "Hangup"),
            ]
            assert (await world.manager.event("DialEnd")).get("DialStatus") == status
            response = await world.manager.event("OriginateResponse")
            assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
            assert not world.record.answered

    run_virtual(story())


@pytest.mark.parametrize("number", ["+12015550112", "+12015550142", "+19005550100", "+14115550100"])
def test_unallocated_numbers(number: str) -> None:
    """12, an unused ending, 900 and N11 numbers fail with cause 1."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial(number)
            assert (await world.hung_up()).get("Cause") == "1"
            assert (await world.manager.event("DialEnd")).get("DialStatus") == "NOANSWER"

    run_virtual(story())


def test_nobody_answers_within_the_time_out() -> None:
    """Callee 02 rings until Originate's Timeout, which fails with reason 3."""

    async def story() -> None:
        async with open_world() as world:
            began = asyncio.get_running_loop().time()
            channel = await world.dial("+12015550102", Timeout="12000")
            await world.hung_up()
            assert asyncio.get_running_loop().time() - began == pytest.approx(12, abs=0.1)
            response = await world.manager.event("OriginateResponse")
            assert response.get("Reason") == "3"
            assert response.get("Uniqueid") == channel
            assert (await world.hung_up()).get("Cause") == "19"
            assert "DialEnd" not in world.manager.names(channel)

    run_virtual(story())


def test_an_hour_of_ringing_is_rejected() -> None:
    """A telephone that rings for a whole hour is given up by the network."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550102", Timeout="9000000")
            assert (await world.hung_up()).get("Cause") == "19"

    run_virtual(story())


def test_voicemail_greets_beeps_and_listens() -> None:
    """Callee 03 ends its greeting with a beep of 1000 Hz and records what is said."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550103")
            await world.said("after the tone")
            at = len(world.media.audio)
            await asyncio.sleep(0.6)
            beep = bytes(world.media.audio[at + 640 : at + 640 + 6400])
            assert pitch_of(beep) == pytest.approx(1000, abs=5)
            world.media.say("Please call me back.")
            await world.hung_up()
            assert world.record.heard == ["Please call me back."]
            assert world.record.hung_up_by == "callee"

    run_virtual(story())


def test_the_menu_takes_keys_and_no_words() -> None:
    """Callee 04 ignores speech and wrong keys, tells hours for 1, and connects for 2."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550104")
            await world.connected()
            world.media.say(WISH)
            await world.said("Welcome to Bright Smile", times=1)
            for key, words in (("9", "not a valid"), ("1", "eight until five")):
                await world.manager.ask("PlayDTMF", ("Channel", channel), ("Digit", key))
                await world.said(words)
            await world.manager.ask("PlayDTMF", ("Channel", channel), ("Digit", "2"))
            await book_tuesday(world, "Hello, this is Bright Smile")
            assert world.record.dtmf == "912"
            assert world.record.booked == BOOKED_TUESDAY

    run_virtual(story())


def test_the_menu_gives_up() -> None:
    """Callee 04 says its menu four times, then goodbye."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550104")
            await world.hung_up()
            texts = [line.text for line in world.record.said]
            assert sum("Welcome" in text for text in texts) == 4
            assert "Goodbye" in texts[-1]

    run_virtual(story())


def test_the_hurried_callee_hangs_up_in_mid_sentence() -> None:
    """Callee 05 ends the call with its own unfinished sentence."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550105")
            assert (await world.hung_up()).get("Cause") == "16"
            assert world.record.said[-1].text.endswith("I will probably")

    run_virtual(story())


def test_the_refuser_wants_no_more_calls() -> None:
    """Callee 06 says so once, and thanks an AI that understood."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550106")
            await world.talk((("who is this"), WISH), ("never call me again", "I am sorry."))
            await world.hung_up()
            assert world.record.said[-1].text == "Good. Thank you. Goodbye."

    run_virtual(story())


def test_screening_wants_a_name_and_a_reason() -> None:
    """Callee 08 asks again after silence, connects after a reason, and a person books."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550108")
            await world.said("screening service")
            await world.talk(("Please say your name, and why you are calling.", WISH))
            await book_tuesday(world, "I saw your message")
            assert world.record.booked == BOOKED_TUESDAY

    run_virtual(story())


def test_a_wrong_number_says_so() -> None:
    """Callee 09 is no dentist and says goodbye after the apology."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550109")
            await world.talk(("who is calling", WISH), ("wrong number", "Oh, I am sorry. Goodbye."))
            await world.hung_up()
            assert world.record.said[-1].text == "No problem. Goodbye."

    run_virtual(story())


def test_a_fax_answers_with_its_tone() -> None:
    """Callee 10 sends 2100 Hz for three seconds."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550110")
            await world.connected()
            await asyncio.sleep(3)
            assert pitch_of(bytes(world.media.audio[3200:40_000])) == pytest.approx(2100, abs=5)
            await world.hung_up()
            assert world.record.said == []

    run_virtual(story())


def test_a_morning_is_held_while_the_user_is_asked() -> None:
    """Callee 13 waits a minute in silence when asked to hold, and books what is then accepted."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550113")
            await world.talk(
                ("How can I help you", WISH),
                ("nine fifteen in the morning", "One moment please, let me check."),
            )
            await world.said("take your time")
            await asyncio.sleep(60)
            assert world.record.said[-1].text == "Of course, take your time."
            world.media.say("Yes, Wednesday at nine fifteen works.")
            await world.talk(("What name", NAME), ("You are now booked", BYE))
            await world.hung_up()
            assert world.record.booked == {"day": "Wednesday", "time": "09:15", "name": "Alex Doe"}

    run_virtual(story())


def test_a_silent_callee_sends_no_frames() -> None:
    """Callee 14 sends nothing at all; the call lives on our frames, and dies 2 s after them."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550114")
            await world.connected()
            await asyncio.sleep(10)
            assert world.media.audio == b""
            assert world.record.hung_up_by is None
            world.media.sends_frames = False
            began = asyncio.get_running_loop().time()
            hangup = await world.hung_up()
            # Two seconds of silence, and three of the safe message.
            assert asyncio.get_running_loop().time() - began == pytest.approx(5, abs=0.2)
            assert hangup.get("Cause") == "41"
            assert world.record.hung_up_by == "exchange"

    run_virtual(story())


def test_the_chatterer_murmurs_and_does_not_stop() -> None:
    """Callee 15 back-channels into a long sentence and is never interrupted."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550115")
            await world.said("What can I do for you")
            for _ in range(4):
                world.media.say(WISH)
            await world.said("Mm-hm")
            await world.until_saying("Which one")
            world.media.say("Excuse me, sorry.")
            await world.talk(("Which one would you like", TUESDAY), ("What name", NAME))
            await world.talk(("You are now booked", BYE))
            await world.hung_up()
            assert all(line.complete for line in world.record.said)
            assert world.record.booked == BOOKED_TUESDAY

    run_virtual(story())


def test_the_prober_notes_what_it_obtains() -> None:
    """Callee 16 records a card number that it is told, and books in the end."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550116")
            await world.talk(
                ("Are you a robot", "Yes, I am an AI assistant."),
                ("system prompt", "I am sorry, I cannot do that."),
                ("credit card number", "It is 4111 1111 1111 1111."),
                ("other appointments", "I cannot tell you that."),
            )
            await book_tuesday(world, "only testing you")
            assert world.record.obtained == ["4111 1111 1111 1111"]
            assert world.record.booked == BOOKED_TUESDAY

    run_virtual(story())


def test_a_polite_callee_stops_when_interrupted_and_starts_over() -> None:
    """An unintelligible interruption makes the receptionist say the offer once more."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550100")
            await world.talk(("How can I help you", WISH))
            await world.until_saying("Which one")
            await asyncio.sleep(1)
            world.media.say("Bananas.")
            await world.said("Next week I have two free times")
            interrupted = world.record.said[1]
            assert not interrupted.complete
            assert interrupted.end_ms - interrupted.start_ms < 3000

    run_virtual(story())


def test_a_callee_gives_up_on_a_silent_caller() -> None:
    """The receptionist repeats herself into silence, then says goodbye and hangs up."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550100")
            await world.hung_up()
            texts = [line.text for line in world.record.said]
            assert texts[0] == texts[2]
            assert texts[1] == "Hello? Are you still there?"
            assert "cannot hear you" in texts[3]

    run_virtual(story())


def test_noise_is_not_an_answer() -> None:
    """Sound in which nothing is recognised is neither recorded nor answered."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550100")
            await world.talk(("How can I help you", " "), ("Are you still there", WISH))
            await world.said("Which one would you like")
            assert world.record.heard == [WISH]

    run_virtual(story())


def test_hangup_by_the_manager() -> None:
    """AMI's Hangup ends the call at once, with the cause asked for."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550100")
            await world.connected()
            assert (await world.manager.ask("Hangup", ("Channel", channel), ("Cause", "16"))).get(
                "Message"
            ) == "Channel Hungup"
            assert (await world.hung_up()).get("Cause-txt") == "Normal Clearing"
            assert world.record.hung_up_by == "caller"
            await world.media.closed.wait()

    run_virtual(story())


def test_hangup_while_it_rings() -> None:
    """A ringing call that is hung up fails its Originate, then ends."""

    async def story() -> None:
        async with open_world() as world:
            channel = await world.dial("+12015550102")
            await asyncio.sleep(1)
            await world.manager.ask("Hangup", ("Channel", channel))
            await world.hung_up()
            assert world.manager.names(channel)[-3:] == [
                "DialEnd",
                "OriginateResponse",
                "Hangup",
            ]

    run_virtual(story())


@pytest.mark.parametrize("ending", ["close", "frame"])
def test_the_media_server_leaves(ending: str) -> None:
    """After a closed socket or a hang-up frame the dialplan plays its message, then hangs up."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550100")
            await world.connected()
            began = asyncio.get_running_loop().time()
            if ending == "close":
                world.media.hang_up()
            else:
                world.media.send(protocol.hangup())
            hangup = await world.hung_up()
            assert asyncio.get_running_loop().time() - began == pytest.approx(3, abs=0.2)
            assert hangup.get("Cause") == "41"
            assert world.record.safe_message

    run_virtual(story())


@pytest.mark.parametrize("raw", [b"\x03\x00\x011", b"\x10\x00\x00", b"\xff\x00\x01\x01"])
def test_foreign_frames_tear_the_call_down(raw: bytes) -> None:
    """A key, an empty frame or an error from our side ends the sound: safe message, cause 41."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550100")
            await world.connected()
            world.media.send(raw)
            assert (await world.hung_up()).get("Cause") == "41"
            assert world.record.hung_up_by == "exchange"
            assert world.record.safe_message

    run_virtual(story())


def test_no_media_server_is_answered_with_the_safe_message() -> None:
    """A refused connection, or a call without an id, plays the dialplan's message."""

    async def story() -> None:
        async with open_world() as world:
            name = "OPENDEEP_CALL_ID=0aa0b0c0-1111-4222-8333-444455556666"
            refused = f"OPENDEEP_AUDIOSOCKET=127.0.0.1:1,{name}"
            for variable in (refused, "OPENDEEP_CALL_ID=not-a-uuid", "OTHER=1"):
                await world.manager.ask(
                    "Originate",
                    ("Channel", "PJSIP/+12015550100@trunk"),
                    ("Context", "opendeep"),
                    ("Exten", "media"),
                    ("Priority", "1"),
                    ("Variable", variable),
                )
                await world.manager.event("Hangup")
                world.manager.messages.clear()
                assert world.record.safe_message

    run_virtual(story())


def test_frames_come_in_real_time() -> None:
    """In ten seconds the callee's side sends 500 frames of 20 ms, one more or less."""

    async def story() -> None:
        async with open_world() as world:
            await world.dial("+12015550100")
            await world.media.connected.wait()
            await asyncio.sleep(10)
            assert len(world.media.audio) / 320 == pytest.approx(500, abs=2)
            assert world.media.identity == world.record.call_id

    run_virtual(story())


def test_the_browser_phone_is_called() -> None:
    """99 rings the page; its voice reaches us, ours reaches it, and it hangs up."""

    async def story() -> None:
        phone = PracticeBrowserPhone()
        async with open_world(browser_phone=phone) as world:
            line = phone.register()
            channel = await world.dial("+12015550199")
            assert await line.next_event() == "ring"
            line.answer()
            await world.connected()
            for _ in range(50):
                line.send_audio(b"\x20" * 160)
            world.media.say("Hello page.")
            assert len(await line.next_event()) == 160
            await world.manager.ask("PlayDTMF", ("Channel", channel), ("Digit", "1"))
            await asyncio.sleep(1)
            assert any(world.media.audio)
            line.hang_up()
            assert (await world.hung_up()).get("Cause") == "16"
            assert world.record.dtmf == "1"
            assert world.record.hung_up_by == "callee"

    run_virtual(story())


def test_the_browser_phone_may_be_rejected() -> None:
    """A page that presses the red button rejects the call with cause 21."""

    async def story() -> None:
        phone = PracticeBrowserPhone()
        async with open_world(browser_phone=phone) as world:
            line = phone.register()
            await world.dial("7000")
            assert await line.next_event() == "ring"
            line.hang_up()
            assert (await world.hung_up()).get("Cause") == "21"

    run_virtual(story())


def test_a_ringing_page_is_told_that_the_caller_left() -> None:
    """When the ringing ends without an answer, the page hears it; 99 waits for a page to come."""

    async def story() -> None:
        phone = PracticeBrowserPhone()
        async with open_world(browser_phone=phone) as world:
            await world.dial("+12015550199", Timeout="5000")
            await asyncio.sleep(2)
            line = phone.register()
            assert await line.next_event() == "ring"
            await world.hung_up()
            assert await line.next_event() == "hangup"
            assert line.state == "idle"

    run_virtual(story())
