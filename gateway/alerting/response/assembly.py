"""The people's side of alerts as one value: opened over a state, with what is known of rules and stations."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.alerting.response.channel import Desk
from gateway.alerting.response.composing import Composer
from gateway.alerting.response.deciding import Policy
from gateway.alerting.response.deliveries import Deliveries
from gateway.alerting.response.dispatcher import Dispatcher
from gateway.alerting.response.emergency import Emergency
from gateway.alerting.response.life import Alerts
from gateway.alerting.response.settings import AlertSettings, OnCallSettings, days, nobody_on_call
from gateway.alerting.response.surroundings import Surroundings
from gateway.domain.holidays import Holidays
from gateway.notify.links import Links
from gateway.notify.notifier import Notifier
from gateway.state.database import State


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided about alerts: the settings, the calendar; ``on_call`` None: nobody is called."""

    alerts: AlertSettings
    calendar: Holidays
    on_call: OnCallSettings | None = None
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class Alerting:
    """The life of alerts of one gateway. `open_dispatcher` before anything is applied, and run it."""

    state: State
    plan: Plan
    policy: Policy
    emergency: Emergency
    alerts: Alerts
    desk: Desk

    @classmethod
    def over(
        cls,
        state: State,
        surroundings: Surroundings,
        plan: Plan,
        name: Callable[[str], Mapping[str, str]],
        links: Links,
        clock: Callable[[], int],
        kept: Callable[[str], None] = lambda _reason: None,
    ) -> "Alerting":
        """Build it; ``name`` gives a station's name in zh and en, ``clock`` ms UTC.

        ``kept`` is called with the reason whenever an alert is kept from people.
        """
        on_call = plan.on_call or nobody_on_call()
        rota = on_call.rota(plan.calendar)
        policy = Policy(surroundings, on_call, rota, days(on_call, plan.alerts), clock(), kept)
        emergency = Emergency(policy, state.rota_overrides.unended)
        alerts = Alerts(state, policy, plan.alerts, emergency)
        owner = f"{state.gateway}/{clock()}"
        deliveries = Deliveries(state, owner, rota, state.rota_overrides.unended)
        composer = Composer(surroundings, name, links, plan.public_url)
        contacts = {key: person.contact() for key, person in on_call.people.items()}
        return cls(
            state, plan, policy, emergency, alerts, Desk(deliveries, composer, emergency, contacts, clock)
        )

    @asynccontextmanager
    async def open_dispatcher(self, channels: Mapping[str, Notifier]) -> AsyncIterator[Dispatcher]:
        """Open who sends; from then on what is applied is sent at once."""
        async with Dispatcher.open(self.alerts, self.desk, channels) as dispatcher:
            self.alerts.woken_by(dispatcher.wake)
            yield dispatcher
            self.alerts.woken_by(None)
