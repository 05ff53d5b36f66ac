"""How long a routing decision takes with many waiting, and how that grows.

    200 callers wait, 50 agents answer and hang up: one `decide` per event, as the desk does. Everybody
    asks for a skill and has waited differently long; half of the agents are specialists.

`growth` is the p99 of a decision over four times that with a quarter of the callers: 1 or less is linear.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Sequence

from extensions.hunt import Strategy, Tally
from extensions.queue import AgentProfile, Mode, QueueModel, QueueSettings, Relax

CASES = {"200x50": (200, 50), "800x50": (800, 50)}
_EVENTS = 2000
_SKILLS = ("english", "cantonese", "technical", "billing")


def run(cases: Sequence[str] | None = None) -> list[dict[str, object]]:
    """Run the named cases (all when None); return rows of bench, case, figure, unit and value."""
    rows: list[dict[str, object]] = []
    for case in cases or CASES:
        callers, agents = CASES[case]
        times = sorted(_decisions(callers, agents))
        figures = {
            "decision_p50_ms": times[len(times) // 2] * 1000,
            "decision_p99_ms": times[len(times) * 99 // 100] * 1000,
        }
        quarter = sorted(_decisions(callers // 4, agents))
        figures["growth"] = times[len(times) * 99 // 100] / (4 * quarter[len(quarter) * 99 // 100])
        for figure, value in figures.items():
            unit = "" if figure == "growth" else "ms"
            rows.append(
                {"bench": "routing", "case": case, "figure": figure, "unit": unit, "value": round(value, 4)}
            )
    return rows


def _decisions(callers: int, agents: int) -> list[float]:
    """Play an office's day; return what each decision took, in seconds."""
    dice = random.Random(11)
    profiles = tuple(
        AgentProfile(
            str(1000 + n),
            {skill: dice.randint(1, 9) for skill in _SKILLS[: 1 + n % 4]},
            tier=1 + n % 2,
            pod=f"pod{n % 5}",
        )
        for n in range(agents)
    )
    settings = QueueSettings(
        "service", profiles, strategy=Strategy.LONGEST_IDLE, max_waiting=callers, wrap_up_seconds=5.0,
        relax=(Relax(60, 2), Relax(240, 3)),
    )  # fmt: skip
    model = QueueModel(settings, Tally(), dice=dice)
    now = 0.0
    for profile in profiles:
        model.sign_in(profile.number, now)
    serial = 0
    taken: list[float] = []
    gc.collect()
    gc.freeze()
    for _ in range(_EVENTS):
        now += dice.expovariate(2.0)
        while len(model.waiting()) < callers:
            serial += 1
            needs = {dice.choice(_SKILLS): dice.randint(3, 9)}
            model.join(
                f"c{serial}", f"+86138{serial % 5000:08}", now, needs=needs, priority=dice.randint(0, 2)
            )
        talking = [n for n, a in model.agents.items() if a.mode is Mode.TALKING]
        for number in dice.sample(talking, min(2, len(talking))):
            model.done(number, now)
        began = time.perf_counter()
        offers = model.decide(now)
        taken.append(time.perf_counter() - began)
        for offer in offers:
            if dice.random() < 0.9:
                model.answered(offer.caller, offer.agents[0], now)
            else:
                model.missed(offer.caller, offer.agents[0], now, counts=False)
    gc.unfreeze()
    return taken


if __name__ == "__main__":
    for row in run(sys.argv[1:] or None):
        sys.stdout.write(f"{row['case']:>8} {row['figure']:<18} {row['value']:>9} {row['unit']}\n")
