"""Git looks at the repository and runs nothing that the agent put there."""

import pytest
from agentsandbox.sandbox import Sandbox
from agentsandbox.server.tools.git_tool import git_problem

CONFIG = """[core]
	repositoryformatversion = 0
	bare = false
	fsmonitor = touch /testbed/ran-fsmonitor
	hooksPath = /testbed/hooks
	pager = touch /testbed/ran-pager
	editor = touch /testbed/ran-editor
[alias]
	l = "!touch /testbed/ran-alias"
[diff]
	external = touch /testbed/ran-external
[diff "evil"]
	textconv = touch /testbed/ran-textconv; cat
	command = touch /testbed/ran-command
[filter "evil"]
	clean = touch /testbed/ran-clean; cat
	smudge = touch /testbed/ran-smudge; cat
[gpg]
	program = /testbed/hooks/post-checkout
[extensions]
	partialClone = origin
[remote "origin"]
	url = ext::touch /testbed/ran-remote
	promisor = true
"""
HOOK = "#!/bin/sh\ntouch /testbed/ran-hook\n"
TRAPS = """
mkdir -p hooks .git/hooks .git/info ~/.config/git
git init -q sub && git -C sub -c user.name=x -c user.email=x commit -q --allow-empty -m x
git -C sub config core.fsmonitor 'touch /testbed/ran-sub'
git update-index --add --cacheinfo 160000,$(git -C sub rev-parse HEAD),sub
for name in post-checkout post-index-change fsmonitor-watchman; do
  mv $name hooks/; cp hooks/$name .git/hooks/; chmod +x hooks/$name .git/hooks/$name
done
cp config .git/config; cp config ~/.gitconfig; mv config ~/.config/git/config
echo '* filter=evil diff=evil' > .gitattributes
cp .gitattributes .git/info/attributes; cp .gitattributes ~/.config/git/attributes
echo changed >> calc.py; echo >> sub/x
export GIT_EXTERNAL_DIFF='touch /testbed/ran-env' GIT_CONFIG_COUNT=1
export GIT_CONFIG_KEY_0=core.fsmonitor GIT_CONFIG_VALUE_0='touch /testbed/ran-env'
rm -f ran-*; :
"""
SPRUNG = "ls | grep '^ran-'"


def git(box: Sandbox, *arguments: str) -> str:
    observation = box.call("git", {"args": list(arguments)})
    assert observation.error is None, observation.error
    return observation.content


@pytest.fixture
def trapped(box: Sandbox) -> Sandbox:
    """A box with programs in every place where git may look for one."""
    for hook in ("post-checkout", "post-index-change", "fsmonitor-watchman"):
        box.call("shell", {"command": f"cat > {hook} <<'E'\n{HOOK}E"})
    box.call("shell", {"command": f"cat > config <<'E'\n{CONFIG}E"})
    prepared = box.call("shell", {"command": TRAPS})
    assert (prepared.content, prepared.exit_code) == ("", 0)
    return box


def test_git_looks_and_restores(box: Sandbox) -> None:
    box.call("file_write", {"path": "calc.py", "content": "x\n"})
    assert "-def add" in git(box, "diff")
    assert git(box, "checkout", "--", "calc.py") == ""
    assert box.diff() == ""
    assert git(box, "log", "--all", "--format=%an %s") == "base base\n"
    box.call("file_write", {"path": "calc.py", "content": "x\n"})
    assert git(box, "restore", "--source=HEAD", "calc.py") == ""
    assert git(box, "status", "--short") == ""


def test_git_sees_what_the_agent_did_with_git(box: Sandbox) -> None:
    box.call(
        "shell", {"command": "echo new > n.txt; git add n.txt; git checkout -q -b work; git commit -qm mine; git tag t; echo >> n.txt"}
    )
    assert git(box, "log", "--format=%s") == "mine\nbase\n"
    assert "* work\n" in git(box, "branch", "--list")
    assert git(box, "tag", "-l") == "t\n"
    assert git(box, "diff", "--stat").startswith(" n.txt | 1 +")
    assert git(box, "show", ":n.txt") == "new\n"


def test_the_traps_are_live(trapped: Sandbox) -> None:
    trapped.call("shell", {"command": "git status; git diff; git checkout -- calc.py"})
    sprung = trapped.call("shell", {"command": SPRUNG}).content.split()
    assert {"ran-env", "ran-clean", "ran-smudge", "ran-hook"} <= set(sprung)


def test_nothing_that_the_agent_configured_runs(trapped: Sandbox) -> None:
    for arguments in (
        ["status"],
        ["diff"],
        ["diff", "HEAD", "--", "calc.py"],
        ["log", "-p", "--format=%G?"],
        ["show", "HEAD:calc.py"],
        ["show"],
        ["grep", "-n", "def"],
        ["blame", "calc.py"],
        ["describe", "--dirty", "--always"],
        ["ls-files", "-m"],
        ["cat-file", "-t", "0123456789" * 4],
        ["checkout", "--", "calc.py"],
        ["restore", "calc.py"],
        ["l"],
    ):
        trapped.call("git", {"args": arguments})
        assert trapped.call("shell", {"command": SPRUNG}).content == "", arguments


@pytest.mark.parametrize(
    "arguments",
    [
        ["-C", "/", "log"],
        ["--git-dir=/x", "log"],
        ["-c", "core.pager=x", "log"],
        ["--exec-path=/testbed", "log"],
        ["-p", "log"],
        [],
        ["l"],
        ["commit", "-m", "x"],
        ["config", "-l"],
        ["checkout", "main"],
        ["branch", "new"],
        ["tag", "new"],
        ["diff", "--output=x"],
        ["diff", "--outp=x"],
        ["log", "--output", "x"],
        ["diff", "--no-index", "/etc/passwd", "calc.py"],
        ["diff", "--no-ind", "a", "b"],
        ["diff", "/etc/passwd", "/etc/group"],
        ["diff", "../etc/passwd", "calc.py"],
        ["grep", "--open-files-in-pager=sh", "a"],
        ["grep", "--open", "a"],
        ["grep", "-Osh", "a"],
        ["grep", "-nOsh", "a"],
        ["grep", "-e", "--", "-Osh"],
        ["grep", "--no-index", "root", "/etc/passwd"],
        ["blame", "--contents", "/etc/passwd", "calc.py"],
        ["diff", "--ext-diff"],
        ["show", "--textconv"],
        ["cat-file", "--filters", "HEAD:calc.py"],
        ["status", "--ignore-submodules=none"],
        ["diff", "--submodule=diff"],
        ["grep", "--recurse-submodules", "a"],
        ["restore", "-p", "calc.py"],
        ["restore"],
        ["restore", "--pathspec-from-file=/etc/passwd", "."],
        ["log", "a\0b"],
    ],
    ids=" ".join,
)
def test_what_leads_elsewhere_is_refused(arguments: list[str]) -> None:
    assert (git_problem(arguments, "/testbed") or "").startswith("git")


def test_a_refused_call_does_nothing(box: Sandbox) -> None:
    refused = box.call("git", {"args": ["diff", "--output=x"]})
    assert refused.error == "git diff: the option --output=x is not allowed"
    assert box.diff() == ""


def test_ordinary_options_are_allowed(box: Sandbox) -> None:
    for arguments in (
        ["diff", "--text"],
        ["diff", "--no-color"],
        ["diff", "HEAD", "--", "/testbed/calc.py"],
        ["diff", "HEAD..HEAD"],
        ["log", "--oneline", "--source"],
        ["log", "--stat", "--no-merges"],
        ["grep", "-eOops"],
        ["grep", "-inC1", "DEF"],
        ["ls-files", "-o"],
    ):
        observation = box.call("git", {"args": arguments})
        assert observation.error is None, arguments
        assert observation.exit_code in (0, 1), arguments
        assert "usage" not in observation.content, arguments


@pytest.mark.parametrize("command", ["rm -rf .git", "rm .git/HEAD; mkfifo .git/HEAD", "rm -rf .git; echo gitdir: /etc > .git"])
def test_a_repository_that_is_gone_is_an_error(box: Sandbox, command: str) -> None:
    box.call("shell", {"command": command})
    observation = box.call("git", {"args": ["status"]})
    assert observation.error or observation.exit_code == 128
    assert box.call("shell", {"command": "echo on"}).content == "on\n"
