"""Message content as Anthropic's API has it: a text, or blocks of text, thinking, ``tool_use`` and ``tool_result``."""

from agentrecorder.adapters.shared import shell_text
from agentrecorder.containers.json_values import Json, fields, get, is_array, prose, string, whole
from agentrecorder.run import Row, Run, usage


def speak(run: Run, row: Row, content: Json) -> None:
    """Add what an assistant's content says, thinks and calls to the turn ``row``."""
    if isinstance(content, str):
        _join(row, "message", content)
        return
    for block in content if is_array(content) else [content]:
        match block if isinstance(block, str) else get(block, "type"):
            case "text":
                _join(row, "message", prose(block))
            case "thinking":
                _join(row, "reasoning", string(block.get("thinking")))
            case "redacted_thinking":
                pass
            case "tool_use" | "server_tool_use" | "mcp_tool_use":
                run.call(string(block.get("name")), block.get("input"), string(block.get("id")) or None, row)
            case str(kind) if kind.endswith("tool_result") and not isinstance(block, str):
                result(run, block)
            case _:
                _join(row, "message", prose(block))


def result(run: Run, block: Json) -> None:
    """Add the answer that a ``tool_result`` block holds."""
    text = prose(block.get("content"))
    failure = (text.split("\n", 1)[0] or "error") if block.get("is_error") is True else None
    shell_text.answer(run, text, string(block.get("tool_use_id")) or None, failure)


def hear(run: Run, content: Json) -> str:
    """Add the answers in a user's content, and return the texts in it."""
    if not is_array(content):
        return prose(content)
    said = []
    for block in content:
        if get(block, "type") == "tool_result":
            result(run, block)
        else:
            said.append(prose(block))
    return "\n".join(said)


def tokens(counts: Json) -> Row | None:
    """Usage of a call. Here ``input_tokens`` leaves out what was read from or written to the cache."""
    known = fields(counts)
    sent, received = count(known.get("input_tokens")), count(known.get("output_tokens"))
    read, written = count(known.get("cache_read_input_tokens")), count(known.get("cache_creation_input_tokens"))
    nothing = sent is None and read is None and written is None
    return usage(None if nothing else (sent or 0) + (read or 0) + (written or 0), received, read)


def count(value: Json) -> int | None:
    """A number of tokens, at least nought."""
    found = whole(value)
    return found if found is None or found >= 0 else 0


def _join(row: Row, key: str, text: str) -> None:
    said = row[key]
    row[key] = f"{said}\n{text}" if said and text else said or text or ("" if key == "message" else None)
