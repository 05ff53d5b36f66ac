"""Hunt groups and queues."""

from __future__ import annotations

from firmware.core.trace.said import Message


class Hunt:
    SKIPPED = Message("{group}: {who} is skipped, {why}", "{group}：跳过 {who}，{why}")
    MOBILE_SKIPPED = Message("{group}: {who}'s mobile is skipped, {why}", "{group}：跳过 {who} 的手机，{why}")
    NO_GROUP = Message("there is no group {group}", "没有振铃组 {group}")
    PLAN = Message("{strategy}, {seconds} s in all", "{strategy}，共 {seconds} 秒")
    SKIPS = Message("{who}: skipped, {why}", "{who}：跳过，{why}")
    RINGS_AT_ONCE = Message("{who}: rings at once for {seconds} s", "{who}：立即振铃 {seconds} 秒")
    RINGS_LATER = Message(
        "{who}: rings after {delay} s for {seconds} s", "{who}：{delay} 秒后振铃 {seconds} 秒"
    )
    THEN = Message("then → {place}", "之后 → {place}")


class Strategies:
    """How members are chosen."""

    RING_ALL = Message("ring all", "同时振铃")
    LINEAR = Message("linear", "顺序振铃")
    ROUND_ROBIN = Message("round robin", "轮流振铃")
    LONGEST_IDLE = Message("longest idle", "空闲最久优先")
    FEWEST_CALLS = Message("fewest calls", "接听最少优先")
    LEAST_TALK = Message("least talk time", "通话最短优先")
    RANDOM = Message("random", "随机")
    WEIGHTED = Message("weighted", "按权重随机")
    PROGRESSIVE = Message("ring progressively", "逐步增加振铃")


class Queues:
    PLACE = Message("{queue}: place {place}", "{queue}：排在第 {place} 位")
    PLACE_RESUMED = Message(
        "{queue}: place {place}, the place from before", "{queue}：第 {place} 位，恢复之前的位置"
    )
    RUNG = Message("{queue}: {agents} rung", "{queue}：振铃 {agents}")
    ENDED = Message("{queue}: {end}", "{queue}：{end}")
    KEEPS_PLACE = Message("{queue}: hung up, is called back in turn", "{queue}：已挂断，轮到时回电")
    CALL_BACK = Message(
        "{queue}: {agent} is to call {number} back, who rang in call {call}",
        "{queue}：由 {agent} 回电 {number}（原通话 {call}）",
    )
    NOT_REACHED = Message("not reached: {why}", "未接通：{why}")
    ESCALATED = Message("{queue}: escalated to tier {tier}", "{queue}：升级到第 {tier} 级")
    ESCALATED_BY = Message("{queue}: {agent} escalates to tier {tier}", "{queue}：{agent} 升级到第 {tier} 级")
    NO_TIER = Message("{queue}: nobody of tier {tier} is signed in", "{queue}：第 {tier} 级没有人签入")
    NO_QUEUE = Message("there is no queue {queue}", "没有队列 {queue}")
    STATE = Message(
        "{waiting} waiting, {ready} of {signed} agents ready",
        "{waiting} 人等待，{signed} 名坐席中 {ready} 名就绪",
    )
    WOULD_RING = Message("would ring {agents}", "将振铃 {agents}")
    WOULD_WAIT = Message("would wait, up to {seconds} s", "将排队，最长 {seconds} 秒")


class Ends:
    """Why a wait in a queue ended."""

    ANSWERED = Message("answered", "已接听")
    ABANDONED = Message("abandoned", "主动放弃")
    TIMED_OUT = Message("timed out", "等待超时")
    MESSAGE = Message("left for a message", "转去留言")
    CALLED_BACK = Message("called back", "已回电")
    CALLBACK_FAILED = Message("could not be called back", "回电失败")
    FULL = Message("turned away: too many waiting", "未排队：等待人数已满")
    NOBODY = Message("turned away: nobody signed in", "未排队：无人签入")
