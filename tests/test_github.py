"""Forms and workflows are valid, run commands that exist, and give strangers nothing."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from benchmark.cli import build_app, spread

ROOT = Path(__file__).parent.parent / ".github"
WORKFLOWS = sorted((ROOT / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / "ISSUE_TEMPLATE").glob("*.yml"))


def read(path: Path) -> dict[Any, Any]:
    content = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def scripts(workflow: dict[Any, Any]) -> list[str]:
    return [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]


def command_lines(script: str) -> list[str]:
    """Return the `cropglobe` commands of a script, without what the shell does with them."""
    joined = re.sub(r"\\\n\s*", " ", script)
    found = re.findall(r"(cropglobe [^\n]*)", joined)
    parts = [part for line in found for part in re.split(r"&&|\|\||>>", line)]
    return [part.strip() for part in parts if part.strip().startswith("cropglobe ")]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_commands_of_workflows_exist_with_their_options(path: Path) -> None:
    known: Any = typer.main.get_command(build_app())
    lines = [line for script in scripts(read(path)) for line in command_lines(script)]
    assert lines or path.name == "tests.yml"  # that one runs .ci/run
    for line in lines:
        name, *words = spread(shlex.split(line)[1:])
        options = {option for param in known.commands[name].params for option in param.opts}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= options, line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_give_strangers_nothing(path: Path) -> None:
    """No secret, no right to write, no submitted code, no expression inside a script.

    A job that puts pages on the web may write those, where it runs nothing of its own and never for
    a pull request.
    """
    workflow, text = read(path), path.read_text("utf-8")
    triggers = workflow[True]  # YAML 1.1 reads the key `on` as a truth value
    assert "pull_request_target" not in triggers
    assert workflow["permissions"] == {"contents": "read"}
    assert "{{ secrets" not in text
    for script in scripts(workflow):
        assert "--rerun" not in script
        assert "${{" not in script
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        if "permissions" in job:
            assert job["permissions"] == {"pages": "write", "id-token": "write"}
            assert job["if"] == "github.event_name == 'push'"
            assert [step.get("uses") for step in job["steps"]] == ["actions/deploy-pages@v4"]
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_issue_forms_have_what_github_asks_for(path: Path) -> None:
    form = read(path)
    assert {"name", "description", "body"} <= form.keys()
    kinds = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    ids = [element["id"] for element in form["body"] if element["type"] != "markdown"]
    assert len(set(ids)) == len(ids)
    for element in form["body"]:
        assert element["type"] in kinds
        assert element["attributes"].get("label") or element["type"] == "markdown"
        if element["type"] in ("dropdown", "checkboxes"):
            assert element["attributes"]["options"]


def test_the_template_names_the_commands_of_the_tutorial() -> None:
    text = (ROOT / "pull_request_template.md").read_text("utf-8")
    tutorial = (ROOT.parent / "docs" / "submit.md").read_text("utf-8")
    for command in ("cropglobe check", "cropglobe verify", "cropglobe pack"):
        assert command in text
        assert command in tutorial
