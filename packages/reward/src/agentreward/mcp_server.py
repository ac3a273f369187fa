"""The MCP server over standard input and output: ``python -m agentreward.mcp_server``, or ``agentreward mcp``."""

from trajruntime import mcp_tools

from agentreward.errors import RewardError
from agentreward.mcp_tools import TOOLS

_ABOUT = "Scores runs of code agents step by step. Paths are those of the machine that the server runs on."


def serve() -> int:
    """Serve until the client is gone. Returns 0; 2 where the library is missing."""
    return mcp_tools.serve("agentreward", _ABOUT, TOOLS, RewardError, read_only=True)


if __name__ == "__main__":
    raise SystemExit(serve())
