"""The recorder's export of messages and the release's training messages are one form."""

from agentrecorder.exports import EXPORTS
from agentrecorder.exports.metadata import Ending
from agentrecorder.run import Run
from agentrelease.exports.messages import messages_of


def test_both_write_the_same_messages() -> None:
    run = Run("test")
    run.say("system", "You mend code.")
    run.say("user", "mend it")
    run.turn("I look first.", "where?")
    run.call("bash", {"command": "ls"}, "a")
    run.call("bash", {"command": "cat x"}, "b")
    run.answer("x", "a", exit_code=0)
    run.answer("", "b", error="timed out after 9 s")
    run.answer("left over", "nowhere")
    run.turn("done")
    run.answer("note to no call")
    run.turn("really done")
    trajectory = run.trajectory("sum", 0)
    assert EXPORTS["openai"](trajectory, Ending())["messages"] == messages_of(trajectory)
