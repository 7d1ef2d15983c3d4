"""What every forge has to do. A forge proves itself by inheriting this suite, and says how people act there:

class TestMine(ForgeSuite):
    @pytest.fixture
    def forge(self, server): return Mine(remote=server.remote, address=server.address)

    @pytest.fixture
    def people(self, server): return server.people
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import pytest

from nbmlops.errors import ConflictError, NbmlopsError
from nbmlops.model.reconciler import ProposalState
from nbmlops.ports import Forge

BRANCH, TARGET = "auto-update/wine", "main"


class People(Protocol):
    """Who works at the forge beside us. A branch `auto-update/wine` and a branch `main` are there."""

    def commit(self) -> str:
        """At the head of the branch."""
        ...

    def push(self) -> str:
        """Another commit on the branch."""
        ...

    def merge(self, url: str) -> None: ...

    def close(self, url: str) -> None: ...

    def said(self, url: str) -> tuple[str, str, tuple[str, ...]]:
        """Title, body and comments."""
        ...


class ForgeSuite(ABC):
    @pytest.fixture
    @abstractmethod
    def forge(self) -> Forge: ...

    @pytest.fixture
    @abstractmethod
    def people(self) -> People: ...

    def opened(self, forge: Forge, title: str = "wine 13", body: str = "Better: *0.91*\n\nü 😀") -> str:
        return forge.open(branch=BRANCH, target=TARGET, title=title, body=body)

    def test_what_is_opened_is_open_and_says_what_it_was_given(self, forge: Forge, people: People) -> None:
        url = self.opened(forge)
        assert url.startswith("http")
        assert forge.state(url) is forge.state(BRANCH) is ProposalState.OPEN
        assert people.said(url) == ("wine 13", "Better: *0.91*\n\nü 😀", ())

    def test_it_is_not_opened_twice_but_changed(self, forge: Forge, people: People) -> None:
        url = self.opened(forge)
        assert self.opened(forge) == url
        assert self.opened(forge, title="wine 14", body="Even better") == url
        assert people.said(url) == ("wine 14", "Even better", ())

    def test_what_nobody_opened_is_gone(self, forge: Forge) -> None:
        assert forge.state(BRANCH) is ProposalState.GONE
        self.opened(forge)
        assert forge.state("auto-update/other") is ProposalState.GONE

    def test_what_is_closed_is_rejected_with_why(self, forge: Forge, people: People) -> None:
        url = self.opened(forge)
        forge.close(url, "worse for small orders")
        assert forge.state(url) is forge.state(BRANCH) is ProposalState.REJECTED
        assert people.said(url)[2] == ("worse for small orders",)
        forge.close(BRANCH, "again")
        assert people.said(url)[2] == ("worse for small orders",)
        with pytest.raises(ConflictError, match="is closed, and cannot be merged"):
            forge.merge(url)

    def test_what_people_close_is_rejected_and_another_can_be_opened(self, forge: Forge, people: People) -> None:
        first = self.opened(forge)
        people.close(first)
        assert forge.state(first) is ProposalState.REJECTED
        second = self.opened(forge)
        assert second != first
        assert forge.state(BRANCH) is forge.state(second) is ProposalState.OPEN
        assert forge.state(first) is ProposalState.REJECTED

    def test_what_is_merged_stays_merged(self, forge: Forge, people: People) -> None:
        url = self.opened(forge)
        forge.merge(url, people.commit())
        assert forge.state(url) is forge.state(BRANCH) is ProposalState.MERGED
        forge.merge(url)
        with pytest.raises(ConflictError, match="is merged, and cannot be closed"):
            forge.close(url, "late")
        assert people.said(url)[2] == ()

    def test_what_people_merge_is_merged(self, forge: Forge, people: People) -> None:
        url = self.opened(forge)
        people.merge(url)
        assert forge.state(url) is ProposalState.MERGED

    def test_what_has_moved_is_not_merged(self, forge: Forge, people: People) -> None:
        url = self.opened(forge)
        seen = people.commit()
        people.push()
        with pytest.raises(ConflictError):
            forge.merge(url, seen)
        assert forge.state(url) is ProposalState.OPEN

    def test_an_address_of_something_else_is_refused(self, forge: Forge) -> None:
        for wrong in ("https://example.org/", f"{self.opened(forge)}9999"):
            with pytest.raises(NbmlopsError):
                forge.state(wrong)
