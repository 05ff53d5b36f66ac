"""What box and coprocessor tell each other: the first octet of a message. Runs on both ends, under
MicroPython too.

Numbers of more than one octet come high octet first; durations are milliseconds.
"""

# From the board

RING = 0x01
"""A burst of ringing on the line has ended: its length (2)."""
RING_OVER = 0x02
"""No burst for six seconds: the caller gave up."""
LINE = 0x03
"""The line is another one: flags (1) of `LINE_*`."""
LINE_BATTERY, LINE_LOOP, LINE_REVERSED = 0x01, 0x02, 0x04
FAR_HANG_UP = 0x04
"""The exchange opened the loop, or the current stopped: the other side hung up."""
HOOK = 0x05
"""The handset: 1 off hook, 0 on hook."""
FLASH = 0x06
"""The handset's hook was tapped."""
PULSES = 0x07
"""The handset dialled a digit by pulses: it (1), 0 to 9."""
RING_TRIP = 0x08
"""The ringing handset was lifted."""
BUTTON = 0x09
"""A button (1) was released after its press (2), or has been held for ten seconds (FFFF)."""
RELAY = 0x0A
"""The power-fail relay: 1 the box has line and handset, 0 they are tied together."""
SELF_TEST = 0x0B
"""What was found (1): 0 all well, else bits of `TEST_*`."""
TEST_NO_BATTERY, TEST_HOOK_STUCK, TEST_RING_STUCK = 0x01, 0x02, 0x04
SENT = 0x0C
"""The line's pulses or flash are out."""
STATUS = 0x0D
"""How everything is, told whenever the link comes up: flags (1) of `LINE_*` and `STATUS_*`."""
STATUS_HELD, STATUS_OFF_HOOK = 0x08, 0x10
VERSION = 0x0E
"""The version of the board's files (1), told with `STATUS`."""
BOARD_VERSION = 4
"""To be raised with every change of `board/coprocessor`."""

# From the box

HEARTBEAT = 0x41
"""The firmware lives. Missing for `HEARTBEAT_LIMIT`, the relay falls."""
SEIZE = 0x42
"""1: take the line off hook; 0: hang up."""
LINE_FLASH = 0x43
"""Open the loop for so long (2)."""
DIAL = 0x44
"""Dial by pulses: digits, ASCII."""
RING_HANDSET = 0x45
"""Ring: frequency in Hz (1), then on and off spans (2 each), repeated until told otherwise or tripped."""
STOP_RING = 0x46
HOWL = 0x47
"""1: the tone that tells of a handset left off the hook; 0: stop."""
LAMP = 0x48
"""The handset's message lamp: 1, 0."""
LED = 0x49
"""Lamp (1), pattern (1) of `LED_*`."""
LED_OFF, LED_ON, LED_SLOW, LED_FAST = 0, 1, 2, 3
TEST = 0x4A
MAINTENANCE = 0x4B
"""Let everything go, restart and offer MicroPython's prompt on the UART: new files are coming."""

HEARTBEAT_PERIOD = 1000
HEARTBEAT_LIMIT = 3500
"""Milliseconds: three missed heartbeats and half of one more."""
