"""Whose a region is (contract section 4). Pure: claims come in, a claim to publish comes out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from wire.frames import Claim


class Standing(StrEnum):
    """What this gateway may do for a region."""

    UNCLAIMED = "unclaimed"
    OURS = "ours"
    FOREIGN = "foreign"


@dataclass(slots=True)
class Region:
    """The claim in force as far as heard, and what we said ourselves.

    `claimed`: this run has claimed it. `retained`: the broker was heard to hold our claim.
    """

    standing: Claim | None = None
    ours: Claim | None = None
    claimed: bool = False
    retained: bool = False


@dataclass(slots=True)
class Claims:
    """The regions one gateway has heard of. `since` in ms; `take_over` as it was started."""

    gateway: str
    take_over: bool = False
    regions: dict[str, Region] = field(default_factory=dict)

    def standing(self, region: str) -> Standing:
        """Say whose a region is."""
        known = self.regions.get(region)
        if known is None or known.standing is None:
            return Standing.UNCLAIMED
        return Standing.OURS if known.standing.gateway == self.gateway else Standing.FOREIGN

    def holder(self, region: str) -> str | None:
        """Name the gateway whose claim is in force."""
        known = self.regions.get(region)
        return known.standing.gateway if known and known.standing else None

    def foreign(self) -> dict[str, str]:
        """Return the regions claimed by another gateway, with its name."""
        held = {region: self.holder(region) for region in self.regions}
        return {
            region: holder for region, holder in held.items() if holder not in {None, self.gateway} and holder
        }

    def is_taking_over(self, region: str) -> bool:
        """Whether another gateway's claim stands only until this run replaces it."""
        known = self.regions.get(region)
        is_foreign = self.standing(region) is Standing.FOREIGN
        return self.take_over and is_foreign and known is not None and not known.claimed

    def connected(self) -> list[str]:
        """A connection began; returns the regions to claim again unless their broker still retains it.

        A broker that lost its memory would leave stations that were away obeying whom we replaced.
        """
        for known in self.regions.values():
            known.retained = False
        return [region for region in self.regions if self.standing(region) is Standing.OURS]

    def restore(self, region: str, claim: Claim) -> None:
        """Take up what this gateway claimed before it was started again: its `since` stays."""
        self.regions.setdefault(region, Region()).ours = claim

    def claim(self, region: str, now: int, named_in_births: Iterable[str] = ()) -> Claim | None:
        """Return the claim to publish, or None where another gateway's stands or ours needs no change.

        Called on every connection after the retained claim was read, with `+` at a region's first message,
        and again when a birth names a gateway nobody replaced yet.
        """
        known = self.regions.setdefault(region, Region())
        standing = known.standing
        if self.standing(region) is Standing.FOREIGN and not self.is_taking_over(region):
            # taken over in its turn: two gateways told to take over would replace each other for ever
            return None
        replaces = set(standing.replaces) if standing else set(known.ours.replaces if known.ours else ())
        if standing and standing.gateway != self.gateway:
            replaces.add(standing.gateway)
        if self.take_over:
            replaces.update(named_in_births)
        since = known.ours.since if known.ours else now
        claim = Claim(gateway=self.gateway, since=since, replaces=sorted(replaces - {self.gateway}))
        known.claimed = True
        if claim == standing and known.retained:
            return None
        known.standing = known.ours = claim
        return claim

    def heard(self, region: str, claim: Claim) -> Claim | None:
        """Take a claim from the broker; returns ours to publish again where two met and ours stays."""
        known = self.regions.setdefault(region, Region())
        ours = known.standing if known.standing and known.standing.gateway == self.gateway else None
        if claim.gateway == self.gateway:
            known.standing = known.ours = ours or claim
            known.retained = claim == known.standing
            return None
        if ours is None:
            known.standing = claim
            return None
        if claim.gateway in ours.replaces and self.gateway not in claim.replaces:
            return ours
        if self.gateway in claim.replaces or (claim.since, claim.gateway) < (ours.since, ours.gateway):
            known.standing = claim
            return None
        known.standing = known.ours = ours.model_copy(
            update={"replaces": sorted({*ours.replaces, *claim.replaces, claim.gateway} - {self.gateway})}
        )
        return known.standing
