"""Secrets: what has a form of its own goes, and what only looks random stays."""

from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pytest
from agentrelease.cleaning.scrub import scrubbed
from agentrelease.cleaning.secrets import redacted
from agentrelease.load import load_release
from agentrelease.verifying.verify import verify_release
from hypothesis import given
from hypothesis import strategies as st
from trajschema.score import Evidence

LONG = "aB3dE6gH9jK2mN5pQ8sT1vW4" * 4
PEM = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEpAIBAAKCAQEA7mY9\nq3Zx+/0=\n-----END RSA PRIVATE " + "KEY-----"
SECRETS = {
    "private-key": [PEM, PEM.replace("RSA ", ""), PEM.replace("\n", "\\n"), PEM.replace("RSA", "OPENSSH"), PEM.split("\nq3Z")[0]],
    "jwt": ["eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"],
    "github-token": ["ghp_" + LONG[:36], "github_pat_" + LONG[:60]],
    "gitlab-token": ["glpat-" + LONG[:20], "gldt-" + LONG[:26]],
    "anthropic-key": ["sk-ant-" + "api03-" + LONG],
    "openai-key": ["sk-" + LONG[:48], "sk-" + "proj-" + LONG],
    "aws-key": ["AKIA" + "IOSFODNN7EXAMPLE"],
    "google-key": ["AIza" + LONG[:35]],
    "slack-token": ["xoxb-" + "123456789012-abcdefABCDEF"],
    "hugging-face-token": ["hf_" + LONG[:34]],
    "npm-token": ["npm_" + LONG[:36]],
    "stripe-key": ["sk_live_" + LONG[:24]],
}
HARMLESS = [
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "123e4567-e89b-12d3-a456-426614174000",
    "test_parse_date_returns_the_month_for_every_locale_in_the_list_of_supported_locales()",
    "TestTheVeryLongNameOfAClassThatTestsHowNamesOfClassesAreKept2",
    'class="sk-toggleable__content sk-estimator-doc-link-fitted-and-visible"',
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "git clone git@github.com:org/repo.git && git clone ssh://git@github.com/org/repo",
    "http://localhost:8080/path@2x.png and https://example.org/a:b@c",
    "postgres://user:${PASSWORD}@host/db and postgres://{user}:{password}@host/db",
    "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "Authorization: Bearer token_for_the_test",
    "hf_hub_download(repo_id, filename) # sk-learn, npm_config_cache, gl-api, xoxo",
    "eyJ0 is how a header begins",
]


@pytest.mark.parametrize(("kind", "secret"), [(kind, secret) for kind, secrets in SECRETS.items() for secret in secrets])
@pytest.mark.parametrize("around", ["{}", "export KEY={} # mine", '{{"key": "{}"}}', "  12\tx = '{}'\n  13\ty = 1"])
def test_a_secret_of_a_known_form_goes_and_what_stands_around_it_stays(kind, secret, around):
    found = Counter()
    before, after = around.split("{}")
    assert redacted(around.format(secret) if "{{" in around else f"{before}{secret}{after}", found) == (
        around.format(f"<secret: {kind}>") if "{{" in around else f"{before}<secret: {kind}>{after}"
    )
    assert found == {kind: 1}


def test_the_password_of_an_address_goes_and_its_user_and_host_stay():
    assert redacted("pip install -i https://me:s3cret@pypi.example.org/simple x") == (
        "pip install -i https://me:<secret: url-password>@pypi.example.org/simple x"
    )
    assert redacted(f"Authorization: Bearer {LONG}") == "Authorization: Bearer <secret: bearer-token>"
    assert redacted("aws_secret_access_key = " + LONG[:40]) == "aws_secret_access_key = <secret: aws-secret>"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text):
    assert redacted(text) == text


@given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from([s for group in SECRETS.values() for s in group])), max_size=6))
def test_marks_are_left_alone_when_a_text_is_searched_again(parts):
    once = redacted(" ".join(parts))
    assert redacted(once) == once


texts = st.one_of(st.none(), st.sampled_from([SECRETS["jwt"][0], PEM, "plain"]))
part = st.fixed_dictionaries({"c": texts, "n": st.integers(0, 9)})
rows = st.fixed_dictionaries(
    {
        "a": texts,
        "b": st.one_of(st.none(), st.lists(st.one_of(st.none(), st.fixed_dictionaries({"c": texts, "n": st.integers(0, 9)})), max_size=3)),
    }
)
SCHEMA = pa.schema(
    [pa.field("a", pa.string()), pa.field("b", pa.list_(pa.struct([pa.field("c", pa.string()), pa.field("n", pa.int64())])))]
)


@given(st.lists(rows, max_size=5), st.integers(0, 3))
def test_texts_are_found_however_deep_they_lie_and_nothing_else_changes(given_rows, start):
    def expected(value):
        if isinstance(value, str):
            return redacted(value)
        if isinstance(value, dict):
            return {name: expected(v) for name, v in value.items()}
        return [expected(v) for v in value] if isinstance(value, list) else value

    table = pa.Table.from_pylist(given_rows, schema=SCHEMA).slice(start)
    made = scrubbed(table, Counter())
    assert made.schema == SCHEMA
    assert made.to_pylist() == [expected(row) for row in given_rows[start:]]


def test_no_secret_leaves_with_a_release_and_the_card_counts_them(tmp_path, corpus, build):
    run = next(r for r in corpus.trajectories if r.agent == "localising")
    token, key = SECRETS["github-token"][0], SECRETS["anthropic-key"][0]
    first, *others = run.steps
    step = others[0].model_copy(
        update={
            "message": f"I use {token}",
            "observations": tuple(o.model_copy(update={"content": f"KEY={key}\n{PEM}"}) for o in others[0].observations),
            "tool_calls": tuple(c.model_copy(update={"arguments": f'{{"command": "export T={token}"}}'}) for c in others[0].tool_calls),
        }
    )
    told = run.model_copy(update={"steps": (first, step, *others[1:]), "final_diff": f"+{PEM}\n"})
    score = corpus.rule_scores[0].model_copy(update={"evidence": (Evidence(rule_id="r", quote=f"saw {token}"),)})
    given = replace(
        corpus,
        trajectories=[told if r is run else r for r in corpus.trajectories],
        rule_scores=[score, *corpus.rule_scores[1:]],
    )
    build(tmp_path / "set", given)
    shown = "".join(frame.to_csv() for frame in load_release(tmp_path / "set").values())
    assert token not in shown
    assert key not in shown
    assert "PRIVATE KEY" not in shown
    assert shown.count("<secret: github-token>") >= 3
    card = (tmp_path / "set" / "README.md").read_text()
    assert "3 github-token" in card
    assert "3 private-key" in card
    assert verify_release(tmp_path / "set").ok
