"""Queues with agents: callers wait in order, agents sign in, each caller gets the agent who fits."""

from extensions.queue.desk import QueueDesk
from extensions.queue.events import Offer, Refusal
from extensions.queue.model import QueueModel
from extensions.queue.settings import AgentProfile, QueueSettings, Relax
from extensions.queue.state import Mode

__all__ = [
    "AgentProfile",
    "Mode",
    "Offer",
    "QueueDesk",
    "QueueModel",
    "QueueSettings",
    "Refusal",
    "Relax",
]
