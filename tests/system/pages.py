# SPDX-License-Identifier: Apache-2.0
"""What the documents show: their fenced blocks, and the commands that are in them."""

import dataclasses
import pathlib
import re
import shlex
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lint"))
import tree  # noqa: E402

BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
HEREDOC = re.compile(r"<<-?'?(\w+)'?")
# What stands before a command, and is none.
BEFORE = re.compile(r"\w+=.*|until|while|if|then|else|do|exec|!", re.DOTALL)
AFTER = {"done", "fi"}


@dataclasses.dataclass(frozen=True)
class Block:
    page: str       # its path from the root
    line: int       # of its first line of text
    language: str
    indented: bool  # it belongs to an entry of a list
    text: str
    follows: bool   # only space is between it and the block before

    def __str__(self):
        return f"{self.page}:{self.line}"


def pages():
    """Every document but the one that tells of the past."""
    return [path.as_posix() for path in tree.files(ROOT) if path.suffix == ".md" and path.name != "CHANGELOG.md"]


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page):
    text = read(page)
    found, end = [], None
    for match in BLOCK.finditer(text):
        follows = end is not None and not text[end:match.start()].strip()
        found.append(Block(page, text.count("\n", 0, match.start("text")) + 1, match["language"], bool(match["indent"]),
                           textwrap.dedent(match["text"]), follows))
        end = match.end()
    return found


def exchanges(text):
    """What a console block shows: pairs of a command, over several lines if it goes on, and what it prints."""
    pairs, lines = [], text.splitlines(keepends=True)
    while lines:
        line = lines.pop(0)
        if not line.startswith("$ "):
            if not pairs:
                raise ValueError("a console block begins with a command: $ COMMAND")
            pairs[-1][1] += line
            continue
        command = line[2:]
        while command.endswith("\\\n"):
            command += lines.pop(0)
        if word := HEREDOC.search(command):
            while not command.endswith(f"\n{word[1]}\n"):
                command += lines.pop(0)
        pairs.append([command, ""])
    return pairs


def words(script):
    """The words of a script and what is between them, without comments and without what stands in it as data."""
    script = script.replace("\\\n", " ")
    while word := HEREDOC.search(script):
        rest = re.sub(rf"^{word[1]}$", "", re.sub(rf"\n.*?(?=^{word[1]}$)", "\n", script[word.end():], count=1,
                                                  flags=re.MULTILINE | re.DOTALL), count=1, flags=re.MULTILINE)
        script = script[:word.start()] + rest
    lexer = shlex.shlex(re.sub(r"(^|\s)#.*", r"\1", script), posix=True, punctuation_chars="();|&<>\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    return list(lexer)


def commands(script):
    """Every command of a script as a list of its words: roughly as a shell would part them."""
    found, command, to_file = [], [], False
    for word in [*words(script), "\n"]:
        if to_file:
            to_file = False
        elif set(word) <= set("();|&<>\n"):
            to_file = "<" in word or ">" in word
            if not to_file and command:
                found.append(command)
                command = []
        elif command or not (BEFORE.fullmatch(word) or word in AFTER):
            command.append(word)
    inner = [command[command.index("-c") + 1] for command in found if "-c" in command[:-1]]
    return found + [each for script in inner for each in commands(script)]


def quoted(page):
    """What the text of a page has between backticks."""
    return re.findall(r"`([^`]+)`", BLOCK.sub("", read(page)))
