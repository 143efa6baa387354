import { type WeeklyWindow, weeklyWindow } from '../time/windows.ts';
import { localDay, startOfDay } from '../time/zone.ts';
import { addressSourceRule, verifiedWithinRule } from './address.ts';
import { allowedUntil, earliestAllowed, earliestUnreachable } from './addressee.ts';
import { compileFilter, HORIZON_DAYS, HORIZON_MS, NEVER } from './caps.ts';
import type { Behaviour } from './compile.ts';
import { capRule, cooldownRule, gapRule } from './counting.ts';
import {
  CONCERNS,
  type Concerns,
  concernsAccounts,
  concernsRequest,
  earliestFree,
  earliestInForce,
  earliestOutside,
  inForceUntil,
  nextOpening,
  nextStart,
  windowsOf,
} from './directives.ts';
import { type AccountStatus, type ContactFacts, type DirectiveFacts, KIND_OF_CHANNEL } from './facts.ts';
import { earliestInHours, hoursEndAt } from './hours.ts';
import type { Calendar, PackSpec, RuleSpec, WindowSpec } from './policy.ts';

/** What a rule of each kind does. `unless: [reply]` is put around it here, so no kind has to know of it. */
export function behaviourOf(rule: RuleSpec, pack: PackSpec): Behaviour {
  const behaviour = kindOf(rule, pack);
  if (!rule.unless?.includes('reply')) return behaviour;
  const { earliest, closes, lacksFacts } = behaviour;
  return {
    ...behaviour,
    earliest: (facts, ms) => (isReply(facts) ? ms : earliest(facts, ms)),
    ...(closes && { closes: (facts: ContactFacts, ms: number) => (isReply(facts) ? NEVER : closes(facts, ms)) }),
    ...(lacksFacts && { lacksFacts: (facts: ContactFacts) => !isReply(facts) && lacksFacts(facts) }),
  };
}

/** One answer to what the person began, on the same channel (12 CFR 1006.6(b)(1), comment 6(b)(1)-2). */
function isReply({ request }: ContactFacts): boolean {
  const { reply, purpose } = request;
  return purpose === 'respond' && reply !== undefined && reply.known && !reply.answered;
}

function permitIf(test: (facts: ContactFacts) => boolean): Behaviour {
  return { timeless: true, earliest: (facts, ms) => (test(facts) ? ms : NEVER) };
}

function kindOf(rule: RuleSpec, pack: PackSpec): Behaviour {
  switch (rule.kind) {
    case 'hours':
      return hoursRule(rule, pack);
    case 'closed_days':
      return closedDaysRule(rule, pack);
    case 'cap':
      return capRule(rule, pack);
    case 'gap':
      return gapRule(rule);
    case 'cooldown':
      return cooldownRule(rule, pack);
    case 'addressee':
      return {
        earliest: (facts, ms) => earliestAllowed(rule.allow, facts, ms),
        closes: (facts, ms) => allowedUntil(rule.allow, facts, ms),
      };
    case 'account_status':
      return permitIf((facts) => {
        const refused = facts.accounts.filter((account) => rule.refuse.includes(account.status)).length;
        return facts.accountsNamed ? refused === 0 : refused < facts.accounts.length;
      });
    case 'known_account':
      return permitIf((facts) => facts.accounts.length > 0);
    case 'plan_in_force':
      return permitIf((facts) => !facts.accounts.some(({ plan }) => plan !== undefined && isInForce(plan, rule.types)));
    case 'overdue': {
      const refused = pack.rules.flatMap((other) => (other.kind === 'account_status' ? other.refuse : []));
      return { earliest: (facts, ms) => earliestOverdue(facts, refused, pack.zone, rule.minDays ?? 1, ms) };
    }
    case 'hold':
      return holdRule(rule.directive, ofTypes(CONCERNS[rule.about], rule.types));
    case 'opt_out':
      return holdRule(rule.directive, rule.directive === 'address_opt_out' ? namesContactPoint : namesChannel);
    case 'confirmation':
      return { earliest: earliestConfirmation };
    case 'blocked_time':
      return {
        earliest: (facts, ms) =>
          facts.directives.length === 0 ? ms : earliestOutside(windowsOf('time_restriction', facts), ms),
        closes: (facts, ms) => nextOpening(windowsOf('time_restriction', facts), ms),
      };
    case 'blocked_place':
      return holdRule('place_restriction', (directive, facts) => {
        const place = facts.contactPoint?.place;
        return concernsRequest(directive, facts) && place != null && directive.places.includes(place);
      });
    case 'place':
      return permitIf(
        ({ contactPoint }) =>
          contactPoint === null ||
          !rule.refuse.includes(contactPoint.place ?? 'other') ||
          (rule.unlessOnlyNumber === true && contactPoint.onlyNumber === true),
      );
    case 'address_source':
      return addressSourceRule(rule, pack);
    case 'verified_within':
      return verifiedWithinRule(rule, pack);
    case 'debtor_unreachable': {
      const unanswered = compileFilter(rule.unanswered);
      const reached = compileFilter(rule.reached);
      return { earliest: (facts, ms) => earliestUnreachable(facts, unanswered, reached, rule, pack.zone, ms) };
    }
    case 'vendor_notice':
      return needsRule('vendor_notice', ofCollector);
    case 'own_name':
      return permitIf(
        (facts) => facts.request.presentsAs === null || facts.request.presentsAs === facts.request.collectorId,
      );
    case 'contact_point':
      return permitIf((facts) => {
        const point = facts.contactPoint;
        if (point === null) return true;
        const kind = KIND_OF_CHANNEL[facts.request.channel];
        return (
          point.contactPointId !== null &&
          point.ofParty &&
          point.status === 'active' &&
          (kind === null || kind === point.kind)
        );
      });
    case 'wrong_number':
      return permitIf((facts) => (facts.contactPoint?.wrongSince ?? null) === null);
    case 'caller_number':
      return callerNumberRule(rule);
    case 'recording':
      return permitIf((facts) => facts.request.recording);
  }
}

const PLAN_STATUSES = ['agreed', 'active'];

function isInForce(plan: { readonly type: string; readonly status: string }, types?: readonly string[]): boolean {
  return PLAN_STATUSES.includes(plan.status) && (types === undefined || types.includes(plan.type));
}

/**
 * First instant at or after `ms` at which the accounts are past due by `minDays` calendar days. All of the accounts that
 * are named; when none is, one of those whose status does not forbid to collect them.
 */
function earliestOverdue(
  facts: ContactFacts,
  refused: readonly AccountStatus[],
  zone: string,
  minDays: number,
  ms: number,
): number {
  const accounts = facts.accountsNamed
    ? facts.accounts
    : facts.accounts.filter(({ status }) => !refused.includes(status));
  if (accounts.length === 0) return ms;
  const since = accounts.map(({ pastDueDay }) =>
    pastDueDay === null ? NEVER : startOfDay(zone, pastDueDay + minDays),
  );
  return Math.max(ms, facts.accountsNamed ? Math.max(...since) : Math.min(...since));
}

function hoursRule(rule: Extract<RuleSpec, { kind: 'hours' }>, pack: PackSpec): Behaviour {
  const windows = rule.windows.map((window) => windowOf(window, rule.calendar));
  const packZone = [pack.zone];
  const zonesOf = (facts: ContactFacts) => (rule.zone === 'pack' ? packZone : facts.zones);
  const hoursOf = (facts: ContactFacts) => ({ windows, agreed: rule.consent ? windowsOf('hours_consent', facts) : [] });
  return {
    earliest: (facts, ms) => earliestInHours(hoursOf(facts), zonesOf(facts), ms),
    closes: (facts, ms) => hoursEndAt(hoursOf(facts), zonesOf(facts), ms),
    lacksFacts: (facts) => zonesOf(facts).length === 0,
  };
}

function windowOf(spec: WindowSpec, calendar: Calendar | undefined): WeeklyWindow {
  const { on } = spec;
  return {
    ...weeklyWindow(spec),
    ...(spec.fromExclusive ? { opensLate: 1 } : {}),
    // The end of a day is the next one's.
    ...(spec.toInclusive && spec.to !== '24:00' ? { shutsLate: 1 } : {}),
    ...(on === undefined || calendar === undefined
      ? {}
      : { onDay: (day: number) => isPublished(calendar, day) && calendar.days.has(day) === (on === 'holidays') }),
  };
}

function isPublished({ years }: Calendar, day: number): boolean {
  return years.includes(new Date(day * 86_400_000).getUTCFullYear());
}

/** Days of the calendar are shut, and so, where the rule refuses, is every day of a year that is not published. */
function closedDaysRule(rule: Extract<RuleSpec, { kind: 'closed_days' }>, pack: PackSpec): Behaviour {
  const { calendar } = rule;
  const refuses = rule.effect === 'refuse';
  const zonesOf = (facts: ContactFacts) =>
    rule.zone === 'person' && facts.zones.length > 0 ? facts.zones : [pack.zone];
  const isShut = (day: number) => (isPublished(calendar, day) ? calendar.days.has(day) : refuses);
  return {
    earliest: (facts, ms) => {
      let at = ms;
      while (at - ms <= HORIZON_MS) {
        const shut = zonesOf(facts).find((zone) => isShut(localDay(zone, at)));
        if (shut === undefined) return at;
        at = startOfDay(shut, localDay(shut, at) + 1);
      }
      return NEVER;
    },
    closes: (facts, ms) => {
      let end = NEVER;
      for (const zone of zonesOf(facts)) {
        const today = localDay(zone, ms);
        for (let day = today + 1; day <= today + HORIZON_DAYS; day += 1) {
          if (!isShut(day)) continue;
          end = Math.min(end, startOfDay(zone, day));
          break;
        }
      }
      return end;
    },
  };
}

/** One confirmation of an opt-out: while it is in force, and as long as none was sent since. */
function earliestConfirmation(facts: ContactFacts, ms: number): number {
  const { channel } = facts.request;
  const sent = [...facts.events.person, ...facts.events.number].filter(
    (event) => event.channel === channel && (event.purpose === 'opt_out_confirmation' || event.outcome === 'pending'),
  );
  let earliest = NEVER;
  for (const directive of facts.directives) {
    const concerns =
      (directive.kind === 'channel_opt_out' && namesChannel(directive, facts)) ||
      (directive.kind === 'address_opt_out' && namesContactPoint(directive, facts));
    if (!concerns || sent.some(({ at }) => at >= directive.from)) continue;
    const from = Math.max(ms, directive.from);
    if (from < (directive.until ?? NEVER)) earliest = Math.min(earliest, from);
  }
  return earliest;
}

function ofTypes(concerns: Concerns, types: readonly string[] | undefined): Concerns {
  if (types === undefined) return concerns;
  return (directive, facts) =>
    (directive.moratoriumType === undefined || types.includes(directive.moratoriumType)) && concerns(directive, facts);
}

function namesChannel(directive: DirectiveFacts, facts: ContactFacts): boolean {
  return directive.channel === facts.request.channel && concernsRequest(directive, facts);
}

function namesContactPoint(directive: DirectiveFacts, facts: ContactFacts): boolean {
  return directive.contactPointId !== null && concernsRequest(directive, facts);
}

function ofCollector(directive: DirectiveFacts, facts: ContactFacts): boolean {
  return directive.collectorId === facts.request.collectorId && concernsAccounts(directive, facts);
}

function holdRule(kind: DirectiveFacts['kind'], concerns: Concerns): Behaviour {
  return {
    earliest: (facts, ms) => earliestFree(kind, concerns, facts, ms),
    closes: (facts, ms) => nextStart(kind, concerns, facts, ms),
  };
}

function needsRule(kind: DirectiveFacts['kind'], concerns: Concerns): Required<Pick<Behaviour, 'earliest' | 'closes'>> {
  return {
    earliest: (facts, ms) => earliestInForce(kind, concerns, facts, ms),
    closes: (facts, ms) => inForceUntil(kind, concerns, facts, ms),
  };
}

function callerNumberRule(rule: Extract<RuleSpec, { kind: 'caller_number' }>): Behaviour {
  const registered = rule.registered.map((pattern) => new RegExp(`^(?:${pattern})$`));
  const privateLines = rule.privateLines.map((pattern) => new RegExp(`^(?:${pattern})$`));
  const approval = needsRule('private_line_approval', ofCollector);
  const isPrivate = (facts: ContactFacts) =>
    privateLines.some((pattern) => pattern.test(facts.request.callerNumber ?? ''));
  return {
    earliest: (facts, ms) => {
      const number = facts.request.callerNumber;
      if (number === null) return NEVER;
      if (isPrivate(facts)) return approval.earliest(facts, ms);
      return registered.some((pattern) => pattern.test(number)) ? ms : NEVER;
    },
    closes: (facts, ms) => (isPrivate(facts) ? approval.closes(facts, ms) : NEVER),
  };
}
