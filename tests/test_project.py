"""The project as a whole: what its papers say is true, and its own rules hold."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from typer.testing import CliRunner

import chewbotta as program
from storage import settings_docs

ROOT = Path(__file__).parents[1]
MOST_LINES = 300
FLOORS = ("storage", "connectors", "thoughts", "bot", "web", "chewbotta.py", "jobs.py")
# Written in parts, so that this file does not break its own rule.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|root|farm|home/[a-z]\w*)" + r"(?:/|\b)")
REGISTRY_HOSTS = re.compile(
    "|".join((r"py" r"pi\.org", r"python" r"hosted", r"registry" r"\.npm", r"deb\.deb" r"ian"))
)


@cache
def files() -> tuple[Path, ...]:
    """Every text file of the project that is, or is about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("this is no git checkout: what belongs to the project cannot be told")
    found = (ROOT / name for name in listed.stdout.splitlines())
    return tuple(file for file in found if file.is_file() and not file.is_symlink())


def texts(*suffixes: str):
    for file in files():
        if not suffixes or file.suffix in suffixes:
            try:
                yield file.relative_to(ROOT), file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def modules():
    return [(name, text) for name, text in texts(".py") if name.parts[0] in FLOORS]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def chewbotta(*words: str) -> subprocess.CompletedProcess[str]:
    code = "import chewbotta; chewbotta.main()"
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


# ---- papers ---------------------------------------------------------------------------------------------


def test_make_targets_in_the_papers_exist():
    """Every `make ...` that a document tells people to type is a target."""
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    said = {
        word for _, text in texts(".md") for word in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)
    }
    assert {"demo", "test", "demo-slack"} <= said <= targets


def test_commands_in_the_readme_exist():
    """Every `chewbotta ...` in the README is a command that explains itself."""
    said = set(re.findall(r"`(?:\.venv/bin/)?chewbotta ([a-z]+)", read("README.md")))
    listed = chewbotta("--help").stdout
    assert len(said) >= 12
    assert [name for name in sorted(said) if not re.search(rf"\b{name}\b", listed)] == []
    here = CliRunner()  # one real process has shown that there is such a program
    assert [name for name in sorted(said) if here.invoke(program.app, [name, "--help"]).exit_code] == []


def test_links_in_the_papers_lead_somewhere():
    """Relative links and pictures of every document exist, and so do the headings that they name."""
    broken = []
    for name, text in texts(".md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, heading = target.partition("#")
            file = ROOT / name.parent / path if path else ROOT / name
            if not file.exists() or (heading and heading not in headings(file)):
                broken.append(f"{name}: {target}")
    assert broken == []


def headings(file: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    ("name", "written"),
    [(".env.example", settings_docs.env_example), ("docs/settings.md", settings_docs.settings_page)],
)
def test_settings_are_documented_as_they_are(name, written):
    """`.env.example` and docs/settings.md are what `python -m storage.settings_docs` writes now."""
    assert read(name) == written()


# ---- rules ----------------------------------------------------------------------------------------------


def test_modules_are_short():
    """No module of the house has more than 300 lines; migrations are as long as what they change."""
    written = [(name, text.count("\n")) for name, text in modules() if "migrations" not in name.parts]
    assert [f"{name}: {lines}" for name, lines in written if lines > MOST_LINES] == []


def test_floors_are_kept():
    """A floor imports only the floors below it (contracts in pyproject.toml)."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_names_this_machine_or_a_registry():
    """No file names a path of someone's machine or the host of a package registry."""
    found = []
    for name, text in texts():
        for number, line in enumerate(text.splitlines(), start=1):
            if MACHINE_PATHS.search(line) or REGISTRY_HOSTS.search(line):
                found.append(f"{name}:{number}: {line.strip()[:80]}")
    assert found == []


def test_every_test_says_what_it_shows():
    """Each test has a docstring that states its behaviour."""
    silent = []
    for name, text in texts(".py"):
        if name.parts[0] == "tests" and name.name.startswith("test_"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                    silent += [] if ast.get_docstring(node) else [f"{name}: {node.name}"]
    assert silent == []


def test_exemptions_give_their_reason():
    """A `noqa` or `type: ignore` names its rule and says why, on its line."""
    bare = []
    for name, text in modules():
        for number, line in enumerate(text.splitlines(), start=1):
            said = re.search(r"#\s*(noqa|type:\s*ignore)(.*)", line)
            if said and not re.match(r"\s*[:\[][^#]*?\]?\s*(?:#\s*|-\s*)\S", said[2]):
                bare.append(f"{name}:{number}: {said[0]}")
    assert bare == []


# ---- what is installed ----------------------------------------------------------------------------------


def locked() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", read("requirements.lock"), re.MULTILINE))


def test_lock_has_everything_that_is_asked_for():
    """Every dependency of pyproject.toml is pinned to a version that it allows; `make lock` pins anew."""
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [
        Requirement(line)
        for line in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"])
    ]
    pins = locked()
    assert [str(r) for r in wanted if not r.specifier.contains(Version(pins.get(r.name.lower(), "0")))] == []


def test_lock_is_good_on_any_machine():
    """Every pin has hashes of its files, and none comes from a folder or an address of one machine."""
    pins = re.split(r"\n(?=[a-z0-9])", read("requirements.lock").split("make lock\n")[1])
    assert len(pins) > 50
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []
    assert not re.search(
        r"file:|https?:|--find-links|--index|^-e |==[^ ]*\+", read("requirements.lock"), re.MULTILINE
    )


def test_help_is_quick_because_it_loads_little():
    """`chewbotta --help` imports neither databases nor Slack nor a web server."""
    code = (
        "import sys, atexit, chewbotta\n"
        "atexit.register(lambda: print('LOADED', *sorted({n.split('.')[0] for n in sys.modules})))\n"
        "sys.argv = ['chewbotta', '--help']\n"
        "chewbotta.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert "chewbotta" in loaded
    assert not loaded & {
        "sqlalchemy",
        "slack_bolt",
        "aiohttp",
        "fastapi",
        "uvicorn",
        "prompt_toolkit",
        "alembic",
    }
