"""Which exchanges are turns of one conversation, found while they pass, oldest first.

A later exchange whose history begins with all of an earlier one, its answer included, goes on from it: the earlier one
is no conversation of its own. A session id alone proves nothing, since agents hold several conversations in one; but
two ids that differ prove the opposite, and so do two client keys. A Responses request that names the answer it goes on
from needs no comparing.

Only fingerprints are kept, so fifty thousand exchanges cost a few dozen megabytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from a2a.gateway.export.same import START, Print, prints
from a2a.gateway.export.talk import Talk, Unfit
from a2a.messages import Candidate, Message, Reasoning


class Said(Struct, frozen=True):
    """An answer, by its exchange and its number among the candidates.

    `turns`: of the history with it; `thought`: whether there is reasoning in it.
    """

    id: str
    candidate: int
    turns: int
    whole: Print
    client: str
    session: str | None
    thought: bool


class Leaf(Struct, frozen=True):
    """An answer with what is known of the way to it.

    `before`: what it names as its history. `known`: earlier answers that its own history repeats; what the client left
    out of them is found there.
    """

    said: Said
    before: Said | None = None
    known: tuple[Said, ...] = ()


class Joiner:
    """Of one export. `joined`: exchanges that were found to be the beginning of a later one."""

    def __init__(self) -> None:
        self._leaves: dict[tuple[str, int], Leaf] = {}
        self._whole: dict[Print, list[Said]] = {}
        self._answers: dict[str, Said] = {}
        self._covered: set[tuple[str, int]] = set()

    @property
    def joined(self) -> int:
        return len({exchange_id for exchange_id, _ in self._covered} - {leaf.said.id for leaf in self.leaves()})

    def leaves(self) -> list[Leaf]:
        """The last answer of each conversation, in the order in which those came."""
        return [leaf for key, leaf in self._leaves.items() if key not in self._covered]

    def leaf(self, said: Said) -> Leaf:
        return self._leaves[said.id, said.candidate]

    def add(self, talk: Talk) -> None:
        """Raises Unfit where it goes on from an answer nobody has seen."""
        request, exchange = talk.request, talk.exchange
        before = None
        if request.previous_id is not None:
            before = self._answers.get(request.previous_id)
            if before is None:
                raise Unfit("it goes on from an answer that is not among these")
        start, turns = (before.whole, before.turns) if before is not None else (START, 0)
        history = prints(request.messages, start)
        known = tuple(self._repeated(talk, history, turns))
        if before is not None:
            known = (before, *known)
        for said in known:
            self._covered.add((said.id, said.candidate))
        for number, marks in enumerate(_told(talk, history, start)):
            said = Said(
                id=exchange.id,
                candidate=number,
                turns=turns + len(marks),
                whole=marks[-1] if marks else start,
                client=exchange.client,
                session=exchange.session,
                thought=number < len(talk.answers) and _thought(talk.answers[number]),
            )
            self._leaves[said.id, number] = Leaf(said, before, tuple(one for one in known if one is not before))
            self._whole.setdefault(said.whole, []).append(said)
            if talk.response_id:
                self._answers.setdefault(talk.response_id, said)

    def _repeated(self, talk: Talk, history: list[Print], turns: int) -> list[Said]:
        """Answers that its history holds."""
        found = []
        for mark in history:
            fitting = [said for said in self._whole.get(mark, ()) if _may_go_on(said, talk)]
            fresh = [said for said in fitting if (said.id, said.candidate) not in self._covered]
            if fitting:
                found.append((fresh or fitting)[-1])
        return found


def _told(talk: Talk, history: list[Print], start: Print) -> Iterator[list[Print]]:
    """The fingerprints with the answer, for each candidate; without one where nothing came."""
    messages = talk.request.messages
    if not talk.answers:
        yield history
    for candidate in talk.answers:
        answer = Message(role="assistant", parts=candidate.parts)
        if messages and messages[-1].role == "assistant":  # the client began it: one turn with the answer
            yield prints([*messages, answer], start)
        else:
            yield [*history, *prints([answer], history[-1] if history else start)]


def _thought(answer: Candidate) -> bool:
    return any(isinstance(part, Reasoning) for part in answer.parts)


def _may_go_on(said: Said, talk: Talk) -> bool:
    sessions = {said.session, talk.exchange.session} - {None}
    return said.client == talk.exchange.client and len(sessions) < 2
