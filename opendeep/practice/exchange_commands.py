"""The manager actions of the practice exchange: what each is for, and the rights it asks for."""

from types import MappingProxyType
from typing import Final

_COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "AbsoluteTimeout": ("Set absolute timeout.", "system,call"),
    "Bridge": ("Bridge two channels already in the PBX.", "call"),
    "Challenge": ("Generate Challenge for MD5 Auth.", ""),
    "Command": ("Execute Asterisk CLI Command.", "command"),
    "CoreSettings": ("Show PBX core settings (version etc).", "system,reporting"),
    "CoreShowChannels": ("List currently active channels.", "system,reporting"),
    "CoreStatus": ("Show PBX core status variables.", "system,reporting"),
    "Events": ("Control Event Flow.", ""),
    "Hangup": ("Hangup channel.", "system,call"),
    "ListCommands": ("List available manager commands.", ""),
    "Login": ("Login Manager.", ""),
    "Logoff": ("Logoff Manager.", ""),
    "MixMonitor": ("Record a call and mix the audio during the recording.", "system"),
    "MuteAudio": ("Mute an audio stream.", "system"),
    "Originate": ("Originate a call.", "originate"),
    "Ping": ("Keepalive command.", ""),
    "PlayDTMF": ("Play DTMF signal on a specific channel.", "call"),
    "Redirect": ("Redirect (transfer) a call.", "call"),
    "Setvar": ("Sets a channel variable or function value.", "call"),
    "Status": ("List channel status.", "system,call,reporting"),
}
# The classes of which one is needed, from the registrations in Asterisk's sources.
_RIGHTS: Final = MappingProxyType(
    {
        name.lower(): frozenset(classes.split(",")) if classes else frozenset()
        for name, (_, classes) in _COMMANDS.items()
    }
)


def may_use(name: str, rights: frozenset[str]) -> bool:
    """Whether a manager of these classes may use an action; an unknown one asks for nothing."""
    needed = _RIGHTS.get(name.lower(), frozenset())
    return not needed or bool(needed & rights)


def list_commands(rights: frozenset[str]) -> list[tuple[str, str]]:
    """Return what ``ListCommands`` answers: each action that the manager may use."""
    return [
        (name, f"{synopsis}  (Priv: {f'{classes},all' if classes else '<none>'})")
        for name, (synopsis, classes) in _COMMANDS.items()
        if may_use(name, rights)
    ]
