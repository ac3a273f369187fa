"""Which canonical tool an agent's own tool is: the one table of names."""

import re

from trajschema.trajectory import Tool

_NAMES: dict[Tool, tuple[str, ...]] = {
    "shell": (
        "shell", "bash", "sh", "zsh", "cmd", "terminal", "terminaltool", "run", "execute", "run_command", "execute_command", "execute_bash",
        "bash_command", "cmd_run", "exec_command", "run_shell_command", "shell_command", "local_shell", "write_stdin", "bashoutput",
        "killshell", "python", "python3", "ipython", "run_ipython", "execute_ipython_cell", "execute_code", "code_interpreter",
    ),
    "file_read": (
        "file_read", "read", "read_file", "read_many_files", "open", "open_file", "view", "view_file", "view_image", "cat", "goto",
        "scroll_up", "scroll_down", "notebookread",
    ),
    "file_write": ("file_write", "write", "write_file", "write_to_file", "create", "create_file", "new_file"),
    "file_edit": (
        "file_edit", "edit", "edit_file", "edit_anthropic", "multiedit", "notebookedit", "undo_edit", "str_replace", "replace",
        "replace_in_file", "insert", "append", "patch", "apply_patch", "apply_diff", "str_replace_based_edit_tool",
    ),
    "search": (
        "search", "grep", "glob", "find", "find_file", "search_file", "search_files", "search_dir", "search_file_content",
        "codebase_search", "ls", "list", "list_dir", "list_directory", "list_files", "filemap",
        "web_search", "websearch", "google_web_search", "web_fetch", "webfetch",
    ),
    "symbols": ("symbols", "list_code_definition_names"),
    "git": ("git",),
    "think": ("think", "think_tool", "thinking", "plan", "update_plan", "todowrite", "todoread", "task_tracker"),
    "submit": ("submit", "finish", "finish_tool", "exit", "exit_forfeit", "complete", "mark_task_complete", "attempt_completion"),
}  # fmt: skip
_BY_NAME: dict[str, Tool] = {name: tool for tool, names in _NAMES.items() for name in names}
_COMMAND = re.compile(r'"command"\s*:\s*"(\w+)"')
_EDITOR_COMMANDS: dict[str, Tool] = {"view": "file_read", "create": "file_write"}


def canonical_tool(raw_name: str, arguments: str) -> Tool:
    """The tool for a name as the agent used it, whatever its case; ``other`` for one with no counterpart.

    An editor with several commands (``str_replace_editor``) is a reader, a writer or an editor by its ``command``.
    ``arguments`` is a JSON text.
    """
    known = _BY_NAME.get(raw_name)
    if known is None:
        name = raw_name.lower()
        known = _BY_NAME.get(name) or ("file_edit" if "editor" in name else "other")
    if known == "file_edit" and (command := _COMMAND.search(arguments)):
        return _EDITOR_COMMANDS.get(command[1], known)
    return known
