"""The sentences the box speaks: their texts, their audio, and what to play for a key."""

from ivr.prompts.library import Prompts, speak_missing

__all__ = ["Prompts", "speak_missing"]
