"""docs/privacy.md is held to the models and to the commands."""

import re

import typer

import chewbotta
from storage.trust import privacy_docs


def test_the_table_of_tables_is_that_of_the_models() -> None:
    """The page is what `python -m storage.trust.privacy_docs` writes now."""
    text = privacy_docs.PAGE.read_text(encoding="utf-8")
    assert text == privacy_docs.page(text)


def test_no_table_is_without_a_word() -> None:
    """Each line says what one row is, and with what or when it goes."""
    for line in privacy_docs.table_of_tables().splitlines()[2:]:
        name, what, _, _, goes = (cell.strip() for cell in line.strip("|").split("|"))
        assert len(what) > 5, name
        assert "Base of" not in what, name
        assert goes, name


def test_its_commands_exist() -> None:
    """Every command and option that the page names is one of the program's."""
    root = typer.main.get_command(chewbotta.app)
    named = re.findall(r"`chewbotta ([^`]+)`", privacy_docs.PAGE.read_text(encoding="utf-8"))
    assert len(named) > 5
    for words in named:
        command = root
        for word in words.split():
            if word.islower() and not word.startswith("-") and hasattr(command, "commands"):
                command = command.commands[word]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words.split() if word.startswith("-")} <= options, words
