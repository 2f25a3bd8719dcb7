"""Which way a text is written."""

import unicodedata


def is_right_to_left(text: str) -> bool:
    """Whether its first letter with a direction is of a script written from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
